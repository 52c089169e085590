#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "models/registry.h"
#include "policy/policy.h"

// Sizes of made-up data on which models are timed.

namespace genbid::bench {

inline constexpr int64_t kFeatures = 22;
inline const policy::PolicyShape kShape = {kFeatures, 1, {2, 3}};

// Rows of a batch: so many windows of 20 ticks; of a policy that is trained on days, as many days as have their ticks.
inline int64_t rows_of(const policy::Policy& policy, int64_t windows, int64_t ticks_of_row) {
  constexpr int64_t kWindow = 20;
  const bool days = policy.trains_on_days() && !policy.whole_period();
  return days ? std::max<int64_t>(1, windows * kWindow / ticks_of_row) : windows;
}

// A policy with drawn weights, whose constants fit made-up days.
std::shared_ptr<policy::Policy> fitted_policy(const models::ModelConfig& config, at::Generator& generator);

}  // namespace genbid::bench
