#pragma once

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <memory>
#include <string>

#include "export/example_days.h"
#include "models/policy_samples.h"

namespace genbid::test {

inline constexpr int64_t kDayTicks = 8;  // of the small models that plan whole days
inline const SeenOptions kSeen = {FeatureSet::kConstraint, false};

// Days of made-up campaigns as training data, so that what a policy is fitted to is what it will be handed.
inline policy::Batch day_batch(const policy::Policy& policy) {
  constexpr int64_t kRows = 24;
  policy::Batch batch = sample_batch(kRows, kDayTicks);
  exporting::ExampleDays days(policy, kSeen, kDayTicks, kRows, 11);
  while (!days.ended()) {
    const int64_t tick = days.tick();
    const policy::Ticks history = days.history();
    const int64_t now = history.mask_BT.select(0, 0).sum().item<int64_t>() - 1;
    batch.seen.states_BTS.select(1, tick).copy_(history.states_BTS.select(1, now));
    batch.seen.constraint_BC = history.constraint_BC.clone();
    const at::Tensor alpha_B1 = 60.0 + 40.0 * at::rand({kRows, 1});
    batch.seen.actions_BTA.select(1, tick).copy_(alpha_B1);
    batch.label_BTA.select(1, tick).copy_(alpha_B1);
    days.bid(alpha_B1);
  }
  return batch;
}

// A small policy whose constants are those of such days. Its weights are drawn, those of norms too, as if it had been
// trained: no two of them are the same.
inline std::shared_ptr<policy::Policy> fitted_policy(const std::string& variant) {
  const auto policy = models::make_policy(small_model(variant), kShape, 5);
  policy->fit(columns_of(day_batch(*policy)));
  policy->eval();
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : policy->parameters()) parameter.add_(0.01 * at::randn_like(parameter));
  return policy;
}

}  // namespace genbid::test
