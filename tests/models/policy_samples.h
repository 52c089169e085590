#pragma once

#include <ATen/ATen.h>

#include "policy/policy.h"

// Made-up logged data in the shapes of the contract. B rows, T ticks, S features.

namespace genbid::test {

inline constexpr int64_t kFeatures = 22;

inline Batch sample_batch(int64_t batch_size, int64_t window, int64_t seed = 7) {
  torch::manual_seed(static_cast<uint64_t>(seed));
  Batch batch;
  batch.states_BTS = at::randn({batch_size, window, kFeatures});
  // An action that the state explains, so that there is something to learn.
  batch.actions_BTA = 80.0 + 30.0 * batch.states_BTS.slice(2, 0, 1) - 10.0 * batch.states_BTS.slice(2, 5, 6);
  batch.returns_to_go_BT = at::rand({batch_size, window});
  batch.ticks_BT = at::arange(window).expand({batch_size, window}).contiguous();
  batch.mask_BT = at::ones({batch_size, window});
  batch.constraint_BC = at::full({batch_size, 2}, 100.0);
  return batch;
}

inline TrainingColumns columns_of(const Batch& batch) {
  return {batch.states_BTS.flatten(0, 1), batch.actions_BTA.flatten(0, 1), batch.returns_to_go_BT.flatten(),
          batch.returns_to_go_BT.select(1, 0)};
}

inline History history_of(const Batch& batch) {
  return {batch.states_BTS, batch.actions_BTA, at::zeros_like(batch.returns_to_go_BT), batch.ticks_BT, batch.mask_BT};
}

inline Condition ask_for(double target, int64_t batch_size) {
  return {at::full({batch_size, 1}, target), at::full({batch_size, 2}, 100.0)};
}

}  // namespace genbid::test
