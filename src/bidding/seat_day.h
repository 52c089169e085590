#pragma once

#include <array>
#include <cstdint>

#include "bidding/advertiser.h"
#include "bidding/score.h"
#include "bidding/tick_history.h"

namespace genbid {

// What a seat's day in a market came to, summed up for tables and judgements alike (auctionnet.md 2.10). Ticks come in
// order. Money and p-values are kept by tick and added as NumPy adds them, the original's totals bit for bit.
class SeatDay {
 public:
  void add(const TickStart& start, const TickOutcome& outcome);

  int num_ticks() const { return num_ticks_; }
  int64_t num_pv() const { return num_pv_; }
  int64_t num_wins() const { return num_wins_; }        // slots held, shown or not
  int64_t num_exposed() const { return num_exposed_; }  // shown
  int64_t num_conversions() const { return num_conversions_; }
  int last_active_tick() const { return last_active_tick_; }  // with an exposed impression; -1: none

  double cost() const { return sum(cost_); }                                  // money
  double expected_conversions() const { return sum(expected_conversions_); }  // p-values of exposed impressions
  double bid_exposed() const { return sum(bid_exposed_); }                    // money bid for exposed impressions
  double mean_bid() const { return sum(mean_bid_) / num_ticks_; }             // over ticks of a tick's mean, money

  // What is known before conversions are drawn, given what was exposed.
  ConversionSums conversion_sums() const { return {expected_conversions(), pvalue_squared_, pvalue_cubed_}; }
  double conversion_variance() const { return expected_conversions() - pvalue_squared_; }

  // The realised score; its mean over the draws of conversions; and that of just the expected conversions
  // (bidding/score.h).
  double score(double cpa_limit) const;
  double expected_score(double cpa_limit) const;
  double score_of_expectation(double cpa_limit) const;

 private:
  using Ticks = std::array<double, kMaxTicks>;
  double sum(const Ticks& ticks) const;

  int num_ticks_ = 0;
  int64_t num_pv_ = 0;
  int64_t num_wins_ = 0;
  int64_t num_exposed_ = 0;
  int64_t num_conversions_ = 0;
  int last_active_tick_ = -1;
  double pvalue_squared_ = 0.0;
  double pvalue_cubed_ = 0.0;
  Ticks cost_{};
  Ticks expected_conversions_{};
  Ticks bid_exposed_{};
  Ticks mean_bid_{};
};

}  // namespace genbid
