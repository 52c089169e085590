#include "oracle/optima.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "bidding/score.h"
#include "small_day.h"

namespace genbid::oracle {
namespace {

struct LpCase {
  Auction auction;
  std::vector<SmallTick> ticks;
  int seat = 0;
  Limits limits;
  double per_tick = 0.0, slots = 0.0;                         // expected scores
  double tick_value_at_half = 0.0, slot_value_at_half = 0.0;  // most value for half the budget
};

// scripts/reference/oracle_lp.py: values and money are written for a day that is a 1024th of the one whose scores stand
// there.
constexpr float kScale = 1024.0F;

std::vector<LpCase> lp_cases() {
  std::vector<LpCase> cases;
  for (const auto& found : nlohmann::json::parse(read_file("tests/golden/oracle/lp_cases.json"))) {
    LpCase one;
    one.auction.rule.num_slots = found["num_slots"];
    one.auction.rule.reserve *= static_cast<double>(kScale);
    one.auction.max_value = 16.0F;
    one.auction.max_price = kScale;  // above all prices of the cases
    one.seat = found["seat"];
    one.limits = {static_cast<double>(kScale) * found["budget"].get<double>(), found["cpa_limit"]};
    one.per_tick = found["per_tick"];
    one.slots = found["slots"];
    one.tick_value_at_half = static_cast<double>(kScale) * found["tick_value_at_half"].get<double>();
    one.slot_value_at_half = static_cast<double>(kScale) * found["slot_value_at_half"].get<double>();
    for (const auto& tick : found["ticks"]) {
      SmallTick impressions;
      for (const auto& i : tick) {
        SmallImpression impression{{0.0F, kScale * i["value"].get<float>()}, i["bids"], i["seats"]};
        for (float& bid : impression.bid) bid *= kScale;
        impressions.push_back(impression);
      }
      one.ticks.push_back(impressions);
    }
    cases.push_back(one);
  }
  return cases;
}

// So fine (0.02 % apart) that hardly two thresholds of a small day share a step, and down to what the reserve asks.
constexpr AlphaGrid kFine{0.0625F, 15, 12};

// Costs and values are rounded to 2^-30 each, of the smallest (the reserve) a share of 5e-6.
constexpr double kRounding = 2e-5;

TEST(Optima, AgreeWithALinearProgram) {
  const std::vector<LpCase> cases = lp_cases();
  ASSERT_EQ(cases.size(), 60U);
  for (size_t i = 0; i < cases.size(); ++i) {
    const LpCase& one = cases[i];
    const Responses responses = respond(one.ticks, 2, one.auction, kFine);
    const DayPlan plan(responses, one.seat);
    const CurveOptimum mix = best_on_curve(plan.frontier(0), one.limits);
    EXPECT_NEAR(mix.score / one.per_tick, 1.0, 3e-4) << i;
    const Optimum slots = best_slots(responses, one.seat, one.limits);
    EXPECT_NEAR(slots.score / one.slots, 1.0, 3e-4) << i;
    // Most value for a budget, with a CPA limit out of reach.
    const Limits half{0.5 * one.limits.budget, 1e9};
    EXPECT_NEAR(best_on_curve(plan.frontier(0), half).point.value / one.tick_value_at_half, 1.0, 3e-4) << i;
    EXPECT_NEAR(best_slots(responses, one.seat, half).value / one.slot_value_at_half, 1.0, 3e-4) << i;
  }
}

TEST(Optima, LieBelowTheLinearProgramAndTheirBoundsAbove) {
  for (const LpCase& one : lp_cases()) {
    const Responses responses = respond(one.ticks, 2, one.auction);  // the grid of daily use
    const Optimum slots = best_slots(responses, one.seat, one.limits);
    EXPECT_LE(slots.score, one.slots * (1.0 + kRounding));
    EXPECT_GE(slots.bound, one.slots * (1.0 - kRounding));
    EXPECT_LE(best_per_tick(responses, one.seat, one.limits).played_score, one.per_tick * (1.0 + kRounding));
  }
}

// Every alpha in every tick of a day of three ticks, on a coarse grid.
TEST(Optima, PerTickIsTheBestOfAllCombinations) {
  const AlphaGrid coarse{16.0F, 5, 3};  // 40 alphas
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Responses responses = respond(random_day(3, 3, 40, seed, 64.0F), 3, {}, coarse);
    for (int seat = 0; seat < 3; ++seat) {
      const Curve a = responses.bid_curve(seat, 0), b = responses.bid_curve(seat, 1), c = responses.bid_curve(seat, 2);
      const double all = responses.bid_curve(seat).back().cost;
      const Limits limits{all * (0.2 + 0.1 * seed), 60.0 + 30.0 * seat};
      double best = 0.0, best_constant_alpha = 0.0;
      for (size_t i = 0; i < a.size(); ++i) {
        for (size_t j = 0; j < b.size(); ++j) {
          for (size_t k = 0; k < c.size(); ++k) {
            const double cost = a[i].cost + b[j].cost + c[k].cost;
            if (cost > limits.budget) break;
            const double found = expected_score(a[i].value + b[j].value + c[k].value, cost, limits.cpa_limit);
            best = std::max(best, found);
            if (i == j && j == k) best_constant_alpha = std::max(best_constant_alpha, found);
          }
        }
      }
      const TickOptimum found = best_per_tick(responses, seat, limits);
      EXPECT_LE(found.played_score, best * (1.0 + 1e-12));
      EXPECT_GE(found.played_score, best * 0.99);  // one alpha at a time finds nearly the best
      EXPECT_GE(found.bound, best * (1.0 - 1e-12));
      EXPECT_GE(best_constant(responses, seat, limits).score, best_constant_alpha * (1.0 - 1e-12));
      EXPECT_LE(found.cost, limits.budget);
    }
  }
}

TEST(Optima, OfARealisticDayHaveNoGapAndTheirOrder) {
  const Responses responses = respond(random_day(4, 24, 2000, 7), 4);
  for (int seat = 0; seat < 4; ++seat) {
    for (const double share : {0.1, 0.3, 0.9}) {
      const double budget = share * responses.bid_curve(seat).back().cost;
      const SeatOptima best = seat_optima(responses, seat, DayPlan(responses, seat), {budget, 90.0, 0});
      EXPECT_LE(best.per_tick.gap(), 1e-4);
      EXPECT_LE(best.slots.gap(), 1e-4);
      EXPECT_GE(best.slots.bound, best.per_tick.score);
      EXPECT_GE(best.per_tick.bound, best.constant.score * (1.0 - 1e-9));
      EXPECT_GE(best.constant.score, best.constant_kept.score);
      EXPECT_LE(best.constant_kept.cost, 90.0 * best.constant_kept.value * (1.0 + 1e-9));
      for (const double cost : {best.per_tick.cost, best.constant.cost, best.slots.cost}) EXPECT_LE(cost, budget);
    }
  }
}

TEST(Optima, AlphasPerTickBringWhatIsSaid) {
  const Responses responses = respond(random_day(2, 6, 300, 8), 2);
  const TickOptimum best = best_per_tick(responses, 0, {20.0, 90.0});
  Point sum;
  for (int tick = 0; tick < 6; ++tick) {
    const float alpha = static_cast<float>(best.alphas[static_cast<size_t>(tick)]);
    const auto point = static_cast<size_t>(responses.grid(0).first_point_above(alpha)) - 1;
    ASSERT_EQ(responses.grid(0).alpha(point), alpha);
    sum.value += responses.bid_curve(0, tick)[point].value;
    sum.cost += responses.bid_curve(0, tick)[point].cost;
  }
  EXPECT_LE(sum.cost, 20.0);
  EXPECT_NEAR(expected_score(sum.value, sum.cost, 90.0), best.played_score, 1e-12);
  EXPECT_NEAR(best.played_score / best.score, 1.0, 0.01);
}

// Greedy by price of value: what a knapsack with parts does.
TEST(Optima, ReplayBuysTheCheapestValueFirst) {
  const Auction replay{.rule = {.num_slots = 1, .reserve = 0.0}};
  auto day = random_day(1, 2, 50, 9);
  for (SmallTick& tick : day) {
    for (SmallImpression& one : tick) one.seat.fill(kNoSeat);  // a log does not say whose price it is
  }
  const Responses responses = respond(day, 1, replay, kFine);
  std::vector<std::pair<double, double>> offers;  // price of value, value
  for (const SmallTick& tick : day) {
    for (const SmallImpression& one : tick) {
      const auto value = static_cast<double>(one.values[0]);
      if (value > 0.0) offers.emplace_back(one.prices(0, replay.rule)[0] / value, value);
    }
  }
  std::sort(offers.begin(), offers.end());
  double money = 1.0, expected = 0.0;
  for (const auto& [price, value] : offers) {
    const double part = std::min(1.0, money / (price * value + 1e-300));
    expected += part * value;
    money -= part * price * value;
  }
  EXPECT_NEAR(best_slots(responses, 0, {1.0, 1e9}).score / expected, 1.0, 1e-4);
}

TEST(Optima, OfNothingAreNothing) {
  const Responses responses(2, 3);
  const SeatOptima best = seat_optima(responses, 1, DayPlan(responses, 1), {100.0, 90.0, 0});
  EXPECT_EQ(best.per_tick.score, 0.0);
  EXPECT_EQ(best_per_tick(responses, 1, {100.0, 90.0}).alphas, std::vector<double>(3, 0.0));
  EXPECT_EQ(best.slots.score, 0.0);
  EXPECT_EQ(best.constant_kept.cost, 0.0);
}

}  // namespace
}  // namespace genbid::oracle
