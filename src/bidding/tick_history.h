#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/convert.h"

namespace genbid {

// What a seat knows before it bids in a tick.
struct TickStart {
  int tick = 0;                   // 0..47
  int64_t num_pv = 0;             // impressions of the tick
  double mean_pvalue = 0.0;       // over the tick's impressions, for this seat
  double remaining_budget = 0.0;  // money
};

// What a seat knows after a tick. Means run over all impressions of the tick, won or not.
struct TickOutcome {
  double sum_pvalue = 0.0;
  double sum_bid = 0.0;                  // final bids, after over-spend dropping
  double mean_least_winning_cost = 0.0;  // the fourth bid, at least the reserve
  int64_t num_wins = 0;                  // slots won, exposed or not (xi)
  int64_t num_exposed = 0;
  int64_t num_conversions = 0;
  double sum_pvalue_exposed = 0.0;          // expected conversions
  double sum_pvalue_squared_exposed = 0.0;  // expected conversions less this: the variance of conversions
  double sum_pvalue_cubed_exposed = 0.0;
  double sum_bid_exposed = 0.0;  // what exposed impressions were bid for
  double cost = 0.0;             // money spent
};

// The action as logged and as played: sum of final bids over sum of p-values, 0 where that is 0
// (auctionnet.md 1.3).
double effective_alpha(const TickOutcome& outcome);

// The per-tick means that state features are made of.
struct TickMeans {
  double bid = 0.0;
  double least_winning_cost = 0.0;
  double pvalue = 0.0;
  double conversion = 0.0;
  double win = 0.0;
  double num_pv = 0.0;
};

TickMeans tick_means(const TickStart& start, const TickOutcome& outcome);

// A seat's past ticks of one period, kept as sums: expanding means weigh every tick alike.
class TickHistory {
 public:
  void append(const TickMeans& means, double cost, double expected_conversions, double conversions);

  int num_ticks() const { return num_ticks_; }
  TickMeans sum() const { return sum_; }
  // The k-th tick of the period, k < 3; and the k-th last one.
  const TickMeans& first(int k) const { return at(first_, k); }
  const TickMeans& last(int k) const { return at(last_, (num_ticks_ - 1 - k) % 3); }

  double cost() const { return cost_; }
  double expected_conversions() const { return expected_conversions_; }
  double conversions() const { return conversions_; }

  // All of it but the number of ticks as numbers, and the way back: for a day that goes on in another process.
  static constexpr size_t kNumNumbers = 45;
  std::array<double, kNumNumbers> numbers() const;
  static TickHistory from_numbers(int num_ticks, const std::array<double, kNumNumbers>& numbers);

 private:
  int num_ticks_ = 0;
  TickMeans sum_;
  std::array<TickMeans, 3> first_;
  std::array<TickMeans, 3> last_;
  double cost_ = 0.0;
  double expected_conversions_ = 0.0;
  double conversions_ = 0.0;
};

}  // namespace genbid
