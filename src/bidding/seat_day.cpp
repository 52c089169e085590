#include "bidding/seat_day.h"

#include <cassert>

#include "base/convert.h"
#include "numpy/numpy_sum.h"

namespace genbid {

void SeatDay::add(const TickStart& start, const TickOutcome& outcome) {
  assert(num_ticks_ < kMaxTicks);
  const auto tick = to_size(num_ticks_);
  if (outcome.num_exposed > 0) last_active_tick_ = num_ticks_;
  ++num_ticks_;
  num_pv_ += start.num_pv;
  num_wins_ += outcome.num_wins;
  num_exposed_ += outcome.num_exposed;
  num_conversions_ += outcome.num_conversions;
  pvalue_squared_ += outcome.sum_pvalue_squared_exposed;
  pvalue_cubed_ += outcome.sum_pvalue_cubed_exposed;
  cost_[tick] = outcome.cost;
  expected_conversions_[tick] = outcome.sum_pvalue_exposed;
  bid_exposed_[tick] = outcome.sum_bid_exposed;
  mean_bid_[tick] = tick_means(start, outcome).bid;
}

double SeatDay::score(double cpa_limit) const { return genbid::score(as_double(num_conversions_), cost(), cpa_limit); }
double SeatDay::expected_score(double cpa_limit) const {
  return genbid::expected_score(conversion_sums(), cost(), cpa_limit);
}
double SeatDay::score_of_expectation(double cpa_limit) const {
  return genbid::score_of_expectation(expected_conversions(), cost(), cpa_limit);
}

double SeatDay::sum(const Ticks& ticks) const {
  return numpy::pairwise_sum(num_ticks_, [&](int64_t tick) { return at(ticks, tick); });
}

}  // namespace genbid
