#include "bidding/tick_history.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

TickMeans bid_of(double bid) {
  TickMeans means;
  means.bid = bid;
  return means;
}

TEST(EffectiveAlpha, IsTheRatioOfSums) {
  TickOutcome outcome;
  outcome.sum_bid = 30.0;
  outcome.sum_pvalue = 0.5;
  EXPECT_EQ(effective_alpha(outcome), 60.0);
}

TEST(EffectiveAlpha, IsZeroWithoutValue) {
  TickOutcome outcome;
  outcome.sum_bid = 30.0;
  EXPECT_EQ(effective_alpha(outcome), 0.0);
}

TEST(TickMeans, RunOverAllImpressions) {
  TickStart start;
  start.num_pv = 4;
  start.mean_pvalue = 0.25;
  TickOutcome outcome;
  outcome.sum_bid = 2.0;
  outcome.mean_least_winning_cost = 0.125;
  outcome.num_wins = 2;
  outcome.num_conversions = 1;
  const TickMeans means = tick_means(start, outcome);
  EXPECT_EQ(means.bid, 0.5);
  EXPECT_EQ(means.least_winning_cost, 0.125);
  EXPECT_EQ(means.pvalue, 0.25);
  EXPECT_EQ(means.win, 0.5);
  EXPECT_EQ(means.conversion, 0.25);
  EXPECT_EQ(means.num_pv, 4.0);
}

TEST(TickMeans, OfATickWithoutImpressionsAreZero) {
  EXPECT_EQ(tick_means({}, {}).bid, 0.0);
  EXPECT_EQ(tick_means({}, {}).num_pv, 0.0);
}

TEST(TickHistory, KeepsSumsAndTheFirstAndLastThreeTicks) {
  TickHistory history;
  for (int tick = 1; tick <= 5; ++tick) history.append(bid_of(tick), 2.0, 0.5, 1.0);
  EXPECT_EQ(history.num_ticks(), 5);
  EXPECT_EQ(history.sum().bid, 15.0);
  EXPECT_EQ(history.first(0).bid, 1.0);
  EXPECT_EQ(history.first(2).bid, 3.0);
  EXPECT_EQ(history.last(0).bid, 5.0);
  EXPECT_EQ(history.last(2).bid, 3.0);
  EXPECT_EQ(history.cost(), 10.0);
  EXPECT_EQ(history.expected_conversions(), 2.5);
  EXPECT_EQ(history.conversions(), 5.0);
}

TEST(TickHistory, GoesOnFromItsNumbers) {
  TickHistory history;
  for (int tick = 1; tick <= 4; ++tick) history.append({1.0 * tick, 2.0, 3.0, 4.0, 5.0, 6.0}, 2.0, 0.5, 1.0);
  TickHistory again = TickHistory::from_numbers(history.num_ticks(), history.numbers());
  EXPECT_EQ(again.numbers(), history.numbers());
  for (TickHistory* const one : {&history, &again}) one->append(bid_of(9.0), 1.0, 0.25, 0.0);
  EXPECT_EQ(again.numbers(), history.numbers());
  EXPECT_EQ(again.num_ticks(), 5);
  EXPECT_EQ(again.sum().bid, 19.0);
  EXPECT_EQ(again.first(2).bid, 3.0);
  EXPECT_EQ(again.last(0).bid, 9.0);
  EXPECT_EQ(again.last(1).win, 5.0);
  EXPECT_EQ(again.cost(), 9.0);
  EXPECT_EQ(again.expected_conversions(), 2.25);
  EXPECT_EQ(again.conversions(), 4.0);
}

}  // namespace
}  // namespace genbid
