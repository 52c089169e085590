#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

// Finds actions that no bidder decided on, but that are faults of a log. A single action of 100,000 among thousands
// around 100 widens the normalisation: the loss looks better and the policy is ruined.

namespace genbid::data {

struct ActionOutliers {
  int64_t count = 0;
  size_t first = 0;    // of these, the earliest in the order given
  double value = 0.0;  // its action
  double most = 0.0;   // the highest magnitude among all
  double usual = 0.0;  // 99 of 100 actions that are not 0 have at most this magnitude
  double limit = 0.0;  // kOutlierFactor times as much: outliers are beyond
};

inline constexpr double kOutlierFactor = 10.0;

// `usual` is the highest magnitude that is left after the highest 1 % of the actions that are not 0, at least one, are
// set aside. So one in a hundred may be an outlier without hiding the others, and a bidder that bids several times what
// most do counts as none. Among fewer than 20 actions that are not 0 none are found. Actions must be finite.
ActionOutliers find_action_outliers(std::span<const float> actions);

// "an action of 100000 in PLACE: 99 % of the actions have at most 156"
std::string describe(const ActionOutliers& outliers, const std::string& place);

}  // namespace genbid::data
