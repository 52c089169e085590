#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/registry.h"
#include "policy/policy.h"

// Made-up logged data in the shapes of the contract. B rows, T ticks, S features.

namespace genbid::test {

inline constexpr int64_t kFeatures = 22;

// Options for tests: NAME.yaml brings a model down to a size that tests can afford, and NAME.VARIANT.yaml on top of it
// chooses other things that the model can do.
inline constexpr const char* kSmallModels = "tests/models/small/";

// `variant` is NAME or NAME.VARIANT. A model without a file has its defaults.
inline models::ModelConfig small_model(const std::string& variant) {
  const std::string name = variant.substr(0, variant.find('.'));
  models::ModelConfig config = models::ModelConfig::named(name);
  for (const std::string& one : {name, variant}) {
    const std::string path = kSmallModels + one + ".yaml";
    if (std::filesystem::exists(path)) ConfigFile::load(path).read(config);
  }
  return config;
}

// The names of the registry, and the variants of them.
inline std::vector<std::string> policy_variants() {
  std::vector<std::string> variants;
  for (const auto& file : std::filesystem::directory_iterator(kSmallModels)) {
    const std::string variant = file.path().stem().string();
    if (variant.find('.') != std::string::npos) variants.push_back(variant);
  }
  std::sort(variants.begin(), variants.end());
  variants.insert(variants.begin(), models::model_names().begin(), models::model_names().end());
  return variants;
}

// For names of tests.
inline std::string variant_name(const std::string& variant) {
  std::string name = variant;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

inline const policy::PolicyShape kShape = {kFeatures, 1, {2, 3}, {12, 13}, {0, 4, 5, 8, 9, 12, 13, 14, 15}};

// What every tick of the batch brings of each additive outcome.
inline void bring(policy::Batch& batch, const at::Tensor& tick_BTE) {
  const auto padded = [](const at::Tensor& x_BTE) {
    return at::constant_pad_nd(x_BTE, {0, kNumOutcomes - kNumAdditive});
  };
  batch.seen.before_BTO = padded(tick_BTE.cumsum(1) - tick_BTE);
  batch.gained_BTO = padded(tick_BTE);
}

inline policy::Batch sample_batch(int64_t batch_size, int64_t window, int64_t seed = 7) {
  torch::manual_seed(static_cast<uint64_t>(seed));
  policy::Batch batch;
  policy::Ticks& seen = batch.seen;
  const at::Tensor states = at::randn({batch_size, window + 1, kFeatures});
  for (const int64_t feature : kShape.offered) states.select(2, feature).mul_(0.1).add_(1.0);
  seen.states_BTS = states.slice(1, 0, window).contiguous();
  batch.next_states_BTS = states.slice(1, 1).contiguous();
  // An action that the state explains, so that there is something to learn.
  seen.actions_BTA = 80.0 + 30.0 * seen.states_BTS.slice(2, 0, 1) - 10.0 * seen.states_BTS.slice(2, 5, 6);
  batch.label_BTA = seen.actions_BTA.clone();
  batch.outcome_BO = 0.5 + at::rand({batch_size, kNumOutcomes});
  // About half of it comes in the window, the more the higher the action.
  const at::Tensor tick_BT1 = seen.actions_BTA.clamp_min(1.0) * (0.5 / (80.0 * static_cast<double>(window)));
  bring(batch, tick_BT1.expand({-1, -1, kNumAdditive}));
  seen.ticks_BT = at::arange(window).expand({batch_size, window}).contiguous();
  seen.mask_BT = at::ones({batch_size, window});
  seen.constraint_BC = at::full({batch_size, 2}, 100.0);
  batch.goes_on_BT = at::ones({batch_size, window});
  batch.label_weight_BT = at::ones({batch_size, window});
  batch.weight_B1 = at::ones({batch_size, 1});
  return batch;
}

inline policy::TrainingColumns columns_of(const policy::Batch& batch) {
  return {batch.seen.states_BTS.flatten(0, 1),
          batch.seen.actions_BTA.flatten(0, 1),
          batch.label_BTA.flatten(0, 1),
          policy::to_go_BTO(batch.seen, batch.outcome_BO).flatten(0, 1),
          batch.seen.ticks_BT.flatten(),
          batch.seen.constraint_BC.repeat_interleave(batch.seen.ticks_BT.size(1), 0),
          batch.outcome_BO};
}

// Whole windows: the last tick is the current one.
inline policy::Ticks history_of(const policy::Batch& batch) { return batch.seen; }

// Row b stands at tick b mod T of its window, as far as the batch's mask goes, so that there are rows from the first
// tick to the last.
inline policy::Ticks mixed_history_of(const policy::Batch& batch) {
  policy::Ticks history = batch.seen;
  const at::Tensor& mask_BT = batch.seen.mask_BT;
  const int64_t ticks = mask_BT.size(1);
  const at::Tensor now_B1 = (at::arange(mask_BT.size(0)) % ticks).unsqueeze(1).to(mask_BT.device());
  history.mask_BT = mask_BT * (at::arange(ticks, now_B1.options()) <= now_B1);
  return history;
}

inline at::Tensor ask_for(const Wishes& wishes, int64_t batch_size) {
  const at::Tensor wishes_BO = at::zeros({batch_size, kNumOutcomes});
  for (const auto& [outcome, value] : wishes) {
    wishes_BO.select(1, static_cast<int64_t>(index_of(outcome))).fill_(value);
  }
  return wishes_BO;
}
inline at::Tensor ask_for(double target_return, int64_t batch_size, double target_cpa = 1.0) {
  return ask_for({{Outcome::kReturn, target_return}, {Outcome::kCpa, target_cpa}}, batch_size);
}

inline at::Tensor noise_for(const policy::Policy& policy, int64_t rows, uint64_t seed = 11) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, policy.noise_size()}, generator);
}

// The first decision of a period, or a decision of a policy that remembers nothing.
inline policy::Action act(policy::Policy& policy, const policy::Ticks& history, const at::Tensor& wishes_BO,
                          uint64_t noise_seed = 11) {
  const int64_t rows = history.states_BTS.size(0);
  return policy.act(history, wishes_BO, noise_for(policy, rows, noise_seed), policy.initial_carry(rows));
}

// All that an action consists of.
inline std::vector<at::Tensor> parts_of(const policy::Action& action) {
  std::vector<at::Tensor> parts = {action.coefficients_BA};
  if (action.next_states_BS.defined()) parts.push_back(action.next_states_BS);
  parts.insert(parts.end(), action.carry.begin(), action.carry.end());
  return parts;
}

inline bool same(const policy::Action& a, const policy::Action& b) {
  const auto x = parts_of(a);
  const auto y = parts_of(b);
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(),
                                            [](const at::Tensor& p, const at::Tensor& q) { return at::equal(p, q); });
}

}  // namespace genbid::test
