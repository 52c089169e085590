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
// Two numbers count as equal if they differ by at most 1e-6 of their size, or by 1e-12 (features are 0 or at least of
// the order of 1e-6). A day has `num_ticks` ticks.
FeatureCheck check_features(const Advertiser& advertiser, std::span<const TickRow> rows,
                            int num_ticks = kTicksPerPeriod);

}  // namespace genbid::data
