#include "bidding/seat_day.h"

#include <gtest/gtest.h>

#include "bidding/score.h"

namespace genbid {
namespace {

TickOutcome tick(int64_t wins, int64_t exposed, int64_t conversions, double expected, double cost) {
  TickOutcome outcome;
  outcome.sum_bid = 3.0;
  outcome.num_wins = wins;
  outcome.num_exposed = exposed;
  outcome.num_conversions = conversions;
  outcome.sum_pvalue_exposed = expected;
  outcome.sum_pvalue_squared_exposed = 0.25 * expected;
  outcome.sum_pvalue_cubed_exposed = 0.125 * expected;
  outcome.sum_bid_exposed = 2.0 * cost;
  outcome.cost = cost;
  return outcome;
}

TEST(SeatDay, SumsItsTicks) {
  SeatDay day;
  EXPECT_EQ(day.cost(), 0.0);
  EXPECT_EQ(day.last_active_tick(), -1);
  day.add({.tick = 0, .num_pv = 10}, tick(4, 3, 1, 0.5, 8.0));
  day.add({.tick = 1, .num_pv = 20}, tick(2, 1, 1, 0.25, 4.0));
  day.add({.tick = 2, .num_pv = 30}, tick(1, 0, 0, 0.0, 0.0));  // a slot that was not shown
  EXPECT_EQ(day.num_ticks(), 3);
  EXPECT_EQ(day.num_pv(), 60);
  EXPECT_EQ(day.num_wins(), 7);
  EXPECT_EQ(day.num_exposed(), 4);
  EXPECT_EQ(day.num_conversions(), 2);
  EXPECT_EQ(day.last_active_tick(), 1);
  EXPECT_EQ(day.cost(), 12.0);
  EXPECT_EQ(day.bid_exposed(), 24.0);
  EXPECT_EQ(day.expected_conversions(), 0.75);
  EXPECT_DOUBLE_EQ(day.mean_bid(), (0.3 + 0.15 + 0.1) / 3.0);
  EXPECT_EQ(day.score(6.0), 2.0);  // 6 a conversion: on the limit
  EXPECT_EQ(day.conversion_variance(), 0.75 - 0.1875);
  EXPECT_EQ(day.score_of_expectation(8.0), score(0.75, 12.0, 8.0));
  EXPECT_EQ(day.expected_score(8.0), expected_score({0.75, 0.1875, 0.09375}, 12.0, 8.0));
  EXPECT_GT(day.expected_score(8.0), day.score_of_expectation(8.0));
}

}  // namespace
}  // namespace genbid
