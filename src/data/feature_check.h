#pragma once

#include <cstdint>
#include <span>

#include "bidding/advertiser.h"
#include "data/trajectory_file.h"

namespace genbid::data {

struct FeatureCheck {
  int64_t num_different = 0;  // rows with a feature that differs
  size_t first_row = 0;       // of these, the earliest, and its first feature that differs
  size_t first_feature = 0;
};

// Plays a logged trajectory (ticks 0, 1, ... in order) through the tick history of live play and compares the
// state features with the logged ones. The per-tick means come from the rows: bid = action x mean p-value,
// conversion = reward / impressions, least winning cost and win from two neighbouring expanding means.
// Equal means to 1e-6 relative, or 1e-12 absolute (features are of the order 1e-6 or more, or zero).
// A day has `num_ticks` ticks.
FeatureCheck check_features(const Advertiser& advertiser, std::span<const TickRow> rows,
                            int num_ticks = kTicksPerPeriod);

}  // namespace genbid::data
