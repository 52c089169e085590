#pragma once

#include <span>

#include "bidding/bidder.h"
#include "bidding/outcomes.h"
#include "bidding/state_features.h"

// What a policy sees of a tick, made here for live play and for serving alike.

namespace genbid {

struct SeenOptions {
  FeatureSet feature_set = FeatureSet::kConstraint;
  bool realised = false;  // what was won counts conversions, else summed p-values
};

// Where a tick is written. `state` has feature_names() places, `before` kNumOutcomes, `constraint` two.
struct SeenTick {
  std::span<float> state;       // raw features
  std::span<float> before;      // what of each outcome has come before the tick; empty: nobody reads it
  std::span<float> constraint;  // budget and CPA limit
};

// `scratch` has as many places as the state.
void see_tick(const SeenOptions& options, const SeatView& seat, std::span<double> scratch, const SeenTick& out);

}  // namespace genbid
