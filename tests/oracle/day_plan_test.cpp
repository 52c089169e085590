#include "oracle/day_plan.h"

#include <gtest/gtest.h>

#include "bidding/mean_score.h"
#include "bidding/score.h"
#include "oracle/optima.h"
#include "small_day.h"

namespace genbid::oracle {
namespace {

TEST(DayPlan, FromTheFirstTickIsTheWholeDaysOptimum) {
  const Responses responses = respond(random_day(2, 24, 2000, 11), 2);
  const DayPlan plan(responses, 0);
  for (const double share : {0.1, 0.4, 1.0}) {
    const double budget = share * responses.bid_curve(0).back().cost;
    const TickOptimum day = best_per_tick(responses, 0, {budget, 90.0});
    const double found = plan.now(0, {}, budget, 90.0).score;
    EXPECT_NEAR(found / day.score, 1.0, 1e-4);
    EXPECT_LE(found, day.bound);
  }
}

// Also where the optimum lies between two prices.
TEST(DayPlan, CostsByTickAreThoseOfTheOptimum) {
  const Responses responses = respond(random_day(2, 24, 2000, 11), 2);
  const DayPlan plan(responses, 0);
  for (const double share : {0.1, 0.4, 1.0}) {
    const Limits limits{share * responses.bid_curve(0).back().cost, 90.0};
    const std::vector<double> costs = costs_of_best_per_tick(plan, limits);
    ASSERT_EQ(costs.size(), 24U);
    double sum = 0.0;
    for (int tick = 0; tick < 24; ++tick) {
      const double cost = costs[static_cast<size_t>(tick)];
      EXPECT_GE(cost, 0.0);
      EXPECT_LE(cost, responses.bid_curve(0, tick).back().cost);
      sum += cost;
    }
    EXPECT_NEAR(sum / best_per_tick(plan, limits).cost, 1.0, 1e-9);
  }
}

TEST(DayPlan, FromALaterTickIsTheOptimumOfADayOfTheLaterTicks) {
  const auto day = random_day(2, 8, 300, 14);
  const DayPlan plan(respond(day, 2), 1);
  const DayPlan later(respond({day.begin() + 5, day.end()}, 2), 1);
  for (const double budget : {1.0, 20.0, 1e4}) {
    const DayPlan::Now now = plan.now(5, {0.2, 30.0}, budget, 90.0);
    EXPECT_EQ(now.score, later.now(0, {0.2, 30.0}, budget, 90.0).score);
    EXPECT_EQ(now.alpha, later.now(0, {0.2, 30.0}, budget, 90.0).alpha);
  }
}

// A teacher that asks at every tick loses nothing on the way, and ends with the best score.
TEST(DayPlan, FollowedTickByTickReachesTheOptimum) {
  const Responses responses = respond(random_day(2, 24, 2000, 12), 2);
  const DayPlan plan(responses, 1);
  const double all = responses.bid_curve(1).back().cost;
  for (const double budget : {0.1 * all, 0.4 * all, 2.0 * all}) {
    Point so_far;
    for (int tick = 0; tick < 24; ++tick) {
      const DayPlan::Now now = plan.now(tick, so_far, budget - so_far.cost, 90.0);
      const auto point = static_cast<size_t>(plan.grid().first_point_above(static_cast<float>(now.alpha))) - 1;
      const Curve curve = responses.bid_curve(1, tick);
      so_far.value += curve[point].value;
      so_far.cost += curve[point].cost;
    }
    EXPECT_LE(so_far.cost, budget * 1.005);
    EXPECT_NEAR(expected_score(so_far.value, so_far.cost, 90.0) / best_per_tick(responses, 1, {budget, 90.0}).score,
                1.0, 0.005);
  }
}

// 9 of value for 90 bought at a limit of 10, then a last tick of one impression: value 1 (a day of large values) at 2.
TEST(DayPlan, WeighsWhatTheDayBroughtSoFar) {
  SmallImpression one;
  one.values = {0.5F};
  one.bid = {16.0F, 0.0F, 0.0F, 0.0F};
  one.seat = {7, kNoSeat, kNoSeat, kNoSeat};
  Auction single;
  single.rule.num_slots = 1;
  const Responses responses = respond({{one}}, 1, single);  // 16 of money for 0.5, 32 a unit
  const DayPlan plan(responses, 0);
  // A rich day can afford it: 10.5 of value for 116, limit 20.
  EXPECT_GT(plan.now(0, {10.0, 100.0}, 100.0, 20.0).alpha, 32.0);
  EXPECT_NEAR(plan.now(0, {10.0, 100.0}, 100.0, 20.0).score, test::poisson_mean_score(10.5, 116.0, 20.0), 1e-6);
  // At the limit its price is too high: 32, where 10 is the average.
  EXPECT_EQ(plan.now(0, {10.0, 100.0}, 100.0, 10.0).alpha, 0.0);
  EXPECT_NEAR(plan.now(0, {10.0, 100.0}, 100.0, 10.0).score, test::poisson_mean_score(10.0, 100.0, 10.0), 1e-6);
  // Not where 25 is.
  EXPECT_NEAR(plan.now(0, {10.0, 250.0}, 100.0, 20.0).score, test::poisson_mean_score(10.5, 266.0, 20.0), 1e-6);
  // Nothing without money; half of it with half of the money.
  EXPECT_EQ(plan.now(0, {10.0, 100.0}, 0.0, 20.0).alpha, 0.0);
  EXPECT_NEAR(plan.now(0, {10.0, 100.0}, 8.0, 20.0).score, test::poisson_mean_score(10.25, 108.0, 20.0), 1e-6);
}

TEST(DayPlan, ChoicesRiseWithThePrice) {
  const Responses responses = respond(random_day(2, 4, 500, 13), 2);
  const DayPlan plan(responses, 0);
  for (int tick = 0; tick < 4; ++tick) {
    const auto frontier = plan.frontier(tick);
    for (size_t p = 1; p < frontier.size(); ++p) {
      ASSERT_GE(plan.choice(tick, p), plan.choice(tick, p - 1));
      ASSERT_GE(frontier[p].value, frontier[p - 1].value);
    }
  }
}

}  // namespace
}  // namespace genbid::oracle
