#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <string>

#include "models/registry.h"
#include "policy/policy.h"

// Made-up logged data in the shapes of the contract. B rows, T ticks, S features.

namespace genbid::test {

inline constexpr int64_t kFeatures = 22;

// Every model at a size that tests can afford; the rest is its default.
inline ModelConfig small_model(const std::string& name) {
  ModelConfig config;
  config.name = name;
  config.behavior_cloning.width = 64;
  config.decision_transformer.window = 6;
  config.decision_transformer.inner = 64;
  config.diffbid.ticks = 8;
  config.diffbid.width = 16;
  config.diffbid.stages = 2;
  config.diffbid.embedding = 16;
  config.diffbid.inverse_width = 64;
  return config;
}

inline Batch sample_batch(int64_t batch_size, int64_t window, int64_t seed = 7) {
  torch::manual_seed(static_cast<uint64_t>(seed));
  Batch batch;
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

inline TrainingColumns columns_of(const Batch& batch) {
  return {batch.states_BTS.flatten(0, 1),   batch.actions_BTA.flatten(0, 1),      batch.returns_to_go_BT.flatten(),
          batch.ticks_BT.flatten(),         batch.returns_to_go_BT.select(1, 0), batch.cpa_ratio_B1.flatten()};
}

inline History history_of(const Batch& batch) {
  return {batch.states_BTS, batch.actions_BTA, at::zeros_like(batch.returns_to_go_BT), batch.ticks_BT, batch.mask_BT};
}

inline Condition ask_for(double target_return, int64_t batch_size, double target_cpa = 1.0) {
  return {at::full({batch_size, 1}, target_return), at::full({batch_size, 1}, target_cpa),
          at::full({batch_size, 2}, 100.0)};
}

inline at::Tensor noise_for(const Policy& policy, int64_t rows, uint64_t seed = 11) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, policy.noise_size()}, generator);
}

// A period's first decision, or one that remembers nothing.
inline Action act(Policy& policy, const History& history, const Condition& condition, uint64_t noise_seed = 11) {
  const int64_t rows = history.states_BTS.size(0);
  return policy.act(history, condition, noise_for(policy, rows, noise_seed), policy.initial_carry(rows));
}

}  // namespace genbid::test
