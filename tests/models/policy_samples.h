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

inline policy::Batch sample_batch(int64_t batch_size, int64_t window, int64_t seed = 7) {
  torch::manual_seed(static_cast<uint64_t>(seed));
  policy::Batch batch;
  const at::Tensor states = at::randn({batch_size, window + 1, kFeatures});
  batch.states_BTS = states.slice(1, 0, window).contiguous();
  batch.next_states_BTS = states.slice(1, 1).contiguous();
  // An action that the state explains, so that there is something to learn.
  batch.actions_BTA = 80.0 + 30.0 * batch.states_BTS.slice(2, 0, 1) - 10.0 * batch.states_BTS.slice(2, 5, 6);
  batch.returns_to_go_BT = at::rand({batch_size, window});
  batch.ticks_BT = at::arange(window).expand({batch_size, window}).contiguous();
  batch.mask_BT = at::ones({batch_size, window});
  batch.constraint_BC = at::full({batch_size, 2}, 100.0);
  batch.cpa_ratio_B1 = 0.5 + at::rand({batch_size, 1});
  return batch;
}

inline policy::TrainingColumns columns_of(const policy::Batch& batch) {
  return {batch.states_BTS.flatten(0, 1), batch.actions_BTA.flatten(0, 1),     batch.returns_to_go_BT.flatten(),
          batch.ticks_BT.flatten(),       batch.returns_to_go_BT.select(1, 0), batch.cpa_ratio_B1.flatten()};
}

// Whole windows: the last tick is the current one.
inline policy::History history_of(const policy::Batch& batch) {
  return {batch.states_BTS, batch.actions_BTA, at::zeros_like(batch.returns_to_go_BT), batch.ticks_BT, batch.mask_BT};
}

// Row b stands at tick b mod T of its window, as far as the batch's mask goes, so that there are rows from the first
// tick to the last.
inline policy::History mixed_history_of(const policy::Batch& batch) {
  policy::History history = history_of(batch);
  const int64_t rows = batch.mask_BT.size(0);
  const int64_t ticks = batch.mask_BT.size(1);
  const at::Tensor now_B1 = (at::arange(rows) % ticks).unsqueeze(1).to(batch.mask_BT.device());
  history.mask_BT = batch.mask_BT * (at::arange(ticks, now_B1.options()) <= now_B1);
  return history;
}

inline policy::Condition ask_for(double target_return, int64_t batch_size, double target_cpa = 1.0) {
  return {at::full({batch_size, 1}, target_return), at::full({batch_size, 1}, target_cpa),
          at::full({batch_size, 2}, 100.0)};
}

inline at::Tensor noise_for(const policy::Policy& policy, int64_t rows, uint64_t seed = 11) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, policy.noise_size()}, generator);
}

// The first decision of a period, or a decision of a policy that remembers nothing.
inline policy::Action act(policy::Policy& policy, const policy::History& history, const policy::Condition& condition,
                          uint64_t noise_seed = 11) {
  const int64_t rows = history.states_BTS.size(0);
  return policy.act(history, condition, noise_for(policy, rows, noise_seed), policy.initial_carry(rows));
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
