#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

// The state a policy sees at a tick, computed here for ingestion and for live play alike.

namespace genbid {

enum class FeatureSet {
  kAuctionnet16,        // as AuctionNet's trajectory generator (auctionnet.md 1.3)
  kAuctionnet16Frozen,  // as its strategies compute it at decision time: "last three" are the first three (6.12)
  kConstraint,          // the 16, then what a bidder needs to keep a CPA limit (below)
};

// "auctionnet16", "auctionnet16_frozen", "constraint".
const std::vector<std::string>& feature_set_names();
FeatureSet parse_feature_set(std::string_view name);  // Error for an unknown name
const std::string& feature_set_name(FeatureSet set);

// Names of the features in order; their number is the state's size (16 or 22).
const std::vector<std::string>& feature_names(FeatureSet set);

// What a feature tells of, for reports: "time", "budget", "bid", "price", "value", "conversion", "win", "volume",
// "cpa" or "campaign" (constant within a period). Error for an unknown name.
const std::string& feature_group(std::string_view feature);
// Its unit: "money", "impressions", "share", "probability", "slots an impression", ... Error likewise.
const std::string& feature_unit(std::string_view feature);

// Columns of the official 16 that other code reads by position.
inline constexpr int kFeatureTimeLeft = 0;
inline constexpr int kFeatureBudgetLeft = 1;
inline constexpr int kFeatureMeanPvalue = 12;
inline constexpr int kFeatureNumPv = 13;
inline constexpr int kNumAuctionnetFeatures = 16;

// Writes the features of the tick that is about to start. `out` has feature_names(set).size() places, a period
// `ticks` ticks.
//
// kConstraint appends, with B the budget, L the CPA limit, C the money spent so far, V the sum of p-values of
// exposed impressions so far, K the conversions so far and h = B / 100:
//   16 log_budget              ln B
//   17 log_cpa_limit           ln L
//   18 spend_ahead             C / B - tick / ticks, the share of the budget spent less the share of the day gone
//   19 cpa_share_expected      (C + h) / (C + L V + 2 h): 0.5 on the limit or before any spending, 1 when
//                              money bought nothing, near 0 when it bought much
//   20 cpa_share_realised      the same with K in place of V
//   21 won_share_expected      L V / B: expected conversions so far, in units of the budget's worth at the limit
void state_features(FeatureSet set, const Advertiser& advertiser, const TickHistory& history, const TickStart& now,
                    std::span<double> out, int ticks = kTicksPerPeriod);

// The constraint features alone, from the quantities themselves (trajectory files carry these).
void constraint_features(const Advertiser& advertiser, int tick, double cost, double expected_conversions,
                         double conversions, std::span<double> out, int ticks = kTicksPerPeriod);

}  // namespace genbid
