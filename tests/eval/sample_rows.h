#pragma once

#include <vector>

#include "bidding/bidder.h"
#include "bidding/tick_history.h"

namespace genbid::test {

// Rows that all stand at the same tick of a made-up day.
struct Rows {
  explicit Rows(size_t count) : advertisers(count, Advertiser{1000.0, 100.0, 0}), histories(count), outcomes(count) {
    for (size_t i = 0; i < count; ++i) {
      SeatView view;
      view.period = 1;
      view.seat = static_cast<int>(i % kNumSeats);
      view.advertiser = &advertisers[i];
      view.history = &histories[i];
      view.now = {0, 100, 0.001 * static_cast<double>(i + 1), 1000.0};
      views.push_back(view);
    }
  }

  // Every row bids alpha 50 over 100 impressions, spends 10 and wins an expected 0.2 conversions.
  void advance() {
    for (size_t i = 0; i < views.size(); ++i) {
      TickOutcome& outcome = outcomes[i];
      outcome.sum_pvalue = 0.1;
      outcome.sum_bid = 5.0;
      outcome.cost = 10.0;
      outcome.sum_pvalue_exposed = 0.2;
      histories[i].append(tick_means(views[i].now, outcome), outcome.cost, outcome.sum_pvalue_exposed, 0.0);
      views[i].last = &outcome;
      ++views[i].now.tick;
      views[i].now.remaining_budget -= 10.0;
    }
  }

  std::vector<Advertiser> advertisers;
  std::vector<TickHistory> histories;
  std::vector<TickOutcome> outcomes;
  std::vector<SeatView> views;
};

}  // namespace genbid::test
