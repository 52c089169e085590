#pragma once

#include <genbid.h>

#include <cstdint>

#include "base/random/random.h"

namespace genbid::test {

// A campaign's day of made-up numbers: what is expected of a tick and what comes of it. One of them has no traffic.
class MadeUpDay {
 public:
  explicit MadeUpDay(uint64_t seed) : stream_(seed, "made-up day") {}

  genbid_tick_start start(int tick) const {
    genbid_tick_start start = GENBID_TICK_START_INIT;
    start.tick = tick;
    start.num_impressions = tick == 2 ? 0 : 500 + static_cast<int64_t>(1000.0 * draw(tick, 0));
    start.mean_pvalue = tick == 2 ? 0.0 : 0.002 * draw(tick, 1);
    start.remaining_budget = tick % 2 == 0 ? GENBID_FROM_COSTS : 3000.0 - 100.0 * tick;
    return start;
  }

  genbid_tick_outcome outcome(int tick) const {
    const genbid_tick_start before = start(tick);
    genbid_tick_outcome outcome = GENBID_TICK_OUTCOME_INIT;
    outcome.tick = tick;
    outcome.sum_pvalue = before.mean_pvalue * static_cast<double>(before.num_impressions);
    outcome.sum_bid = outcome.sum_pvalue * 150.0 * draw(tick, 2);
    outcome.mean_least_winning_cost = 0.05 * draw(tick, 3);
    outcome.num_wins = before.num_impressions / 3;
    outcome.num_exposed = before.num_impressions / 5;
    outcome.num_conversions = static_cast<int64_t>(3.0 * draw(tick, 4));
    outcome.sum_pvalue_exposed = outcome.sum_pvalue * 0.3 * draw(tick, 5);
    outcome.cost = 90.0 * draw(tick, 6);
    return outcome;
  }

 private:
  double draw(int tick, uint32_t what) const {
    return uniform_double(stream_.bits(static_cast<uint32_t>(tick), what)[0]);
  }

  RandomStream stream_;
};

}  // namespace genbid::test
