#include "replay/official_replay_tick.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "market/official/auction.h"
#include "numpy/numpy_sum.h"

namespace genbid::replay::official {
namespace {

double sum(std::span<const double> values) {
  return numpy::pairwise_sum(std::ssize(values), [values](int64_t i) { return at(values, i); });
}

double mean(std::span<const double> values) { return values.empty() ? 0.0 : sum(values) / as_double(values.size()); }

}  // namespace

TickStart replay_start(const ReplayImpressions& impressions, int tick, double remaining) {
  return {tick, std::ssize(impressions.pvalue), mean(impressions.pvalue), remaining};
}

// Returns what the wins cost.
double ReplayEnvironment::pass(const ReplayImpressions& impressions) {
  const size_t n = impressions.pvalue.size();
  for (size_t i = 0; i < n; ++i) {
    won_[i] = bid_[i] >= impressions.least_winning_cost[i] ? 1 : 0;
    const double drawn = random_.normal(impressions.pvalue[i], impressions.sigma[i]);
    probability_[i] = won_[i] != 0 ? std::clamp(drawn, 0.0, 1.0) : 0.0;
  }
  for (size_t i = 0; i < n; ++i) converted_[i] = static_cast<uint8_t>(random_.binomial_one(probability_[i]));
  ++num_passes_;
  return numpy::pairwise_sum(to_signed(n), [&](int64_t i) {
    const auto at = to_size(i);
    return won_[at] != 0 ? impressions.least_winning_cost[at] : 0.0;
  });
}

TickOutcome ReplayEnvironment::play(const ReplayImpressions& impressions, const BidFormula* formula, double remaining) {
  const size_t n = impressions.pvalue.size();
  bid_.assign(n, 0.0);
  won_.assign(n, 0);
  probability_.assign(n, 0.0);
  converted_.assign(n, 0);
  num_passes_ = 0;
  if (formula != nullptr) {
    for (size_t i = 0; i < n; ++i) bid_[i] = market::official::bid_of(*formula, impressions.pvalue[i]);
  }

  double cost = pass(impressions);
  const auto excess = [&] { return std::max(overspent_share(cost, remaining), 0.0); };
  for (double ratio = excess(); ratio > 0.0; ratio = excess()) {
    std::vector<size_t> wins;
    for (size_t i = 0; i < n; ++i) {
      if (won_[i] != 0) wins.push_back(i);
    }
    const auto num_wins = std::ssize(wins);
    const auto count = static_cast<int64_t>(std::ceil(as_double(num_wins) * ratio));
    for (const int64_t k : random_.choose(num_wins, count)) bid_[at(wins, k)] = 0.0;
    cost = pass(impressions);
  }

  TickOutcome outcome;
  outcome.sum_pvalue = sum(impressions.pvalue);
  outcome.sum_bid = sum(bid_);
  outcome.mean_least_winning_cost = mean(impressions.least_winning_cost);
  outcome.cost = cost;
  for (size_t i = 0; i < n; ++i) {
    if (won_[i] == 0) continue;
    ++outcome.num_wins;
    outcome.num_conversions += converted_[i];
    const double pvalue = impressions.pvalue[i];
    outcome.sum_pvalue_exposed += pvalue;
    outcome.sum_pvalue_squared_exposed += pvalue * pvalue;
    outcome.sum_pvalue_cubed_exposed += pvalue * pvalue * pvalue;
    outcome.sum_bid_exposed += bid_[i];
  }
  outcome.num_exposed = outcome.num_wins;
  return outcome;
}

}  // namespace genbid::replay::official
