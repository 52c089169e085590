#include "data/feature_check.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/convert.h"
#include "bidding/state_features.h"
#include "bidding/tick_history.h"

namespace genbid::data {
namespace {

constexpr size_t kMeanLeastWinningCostAll = 4;
constexpr size_t kMeanWinAll = 7;

bool equal(double a, double b) { return std::abs(a - b) <= std::max(1e-6 * std::max(std::abs(a), std::abs(b)), 1e-12); }

// The mean of one tick, from the means of all ticks before it and of all up to it: A(k+1) (k+1) - A(k) k.
double last_mean(double before, double after, double count_before) {
  return after * (count_before + 1.0) - before * count_before;
}

}  // namespace

FeatureCheck check_features(const Advertiser& advertiser, std::span<const TickRow> rows, int num_ticks) {
  FeatureCheck check;
  TickHistory history;
  std::array<double, kNumAuctionnetFeatures> expected{};
  for (size_t k = 0; k < rows.size(); ++k) {
    const TickRow& row = rows[k];
    TickStart start;
    start.tick = row.tick;
    start.num_pv = std::llround(std::clamp(row.state[kFeatureNumPv], 0.0, 1e15));
    start.mean_pvalue = row.state[kFeatureMeanPvalue];
    start.remaining_budget = row.state[kFeatureBudgetLeft] * advertiser.budget;
    state_features(FeatureSet::kAuctionnet16, advertiser, history, start, expected, num_ticks);
    for (size_t f = 0; f < expected.size(); ++f) {
      if (equal(expected[f], row.state[f])) continue;
      if (check.num_different++ == 0) {
        check.first_row = k;
        check.first_feature = f;
      }
      break;
    }
    if (k + 1 == rows.size()) break;

    const AuctionnetState& next = rows[k + 1].state;
    const double count = as_double(k);
    TickMeans means;
    means.bid = row.action * start.mean_pvalue;
    means.least_winning_cost = last_mean(row.state[kMeanLeastWinningCostAll], next[kMeanLeastWinningCostAll], count);
    means.pvalue = start.mean_pvalue;
    means.num_pv = as_double(start.num_pv);
    means.conversion = start.num_pv > 0 ? row.reward / means.num_pv : 0.0;
    means.win = last_mean(row.state[kMeanWinAll], next[kMeanWinAll], count);
    const double cost = (row.state[kFeatureBudgetLeft] - next[kFeatureBudgetLeft]) * advertiser.budget;
    history.append(means, cost, row.reward_continuous, row.reward);
  }
  return check;
}

}  // namespace genbid::data
