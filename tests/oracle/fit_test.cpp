#include "oracle/fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bidding/score.h"
#include "small_day.h"

namespace genbid::oracle {
namespace {

// A day in a currency that is worth 1 / scale as much.
struct Day {
  Day(std::vector<SmallTick> of, int num_seats, double scale, const Auction& rules = {})
      : ticks(std::move(of)), seats(num_seats), auction(rules) {
    for (SmallTick& tick : ticks) {
      for (SmallImpression& one : tick) {
        for (float& bid : one.bid) bid = static_cast<float>(static_cast<double>(bid) * scale);
      }
    }
    auction.rule.reserve *= scale;
  }

  bool record(Responses& responses) const {
    for (size_t t = 0; t < ticks.size(); ++t) {
      responses.add(static_cast<int>(t), SmallBlocks(ticks[t], seats).blocks(), 0, seats);
    }
    return true;
  }

  SeatOptima optima(int seat, const Limits& limits) const {
    Responses usual(seats, static_cast<int>(ticks.size()), auction, grid_around(limits.cpa_limit, limits.cpa_limit, 2));
    record(usual);
    const Judged judged{seat, limits};
    SeatOptima best;
    const auto judge = [&](const Responses& responses) {
      const DayPlan plan(responses, seat);
      best = seat_optima(responses, seat, plan, {limits.budget, limits.cpa_limit, 0});
      return shortfall(responses, judged, plan, best);
    };
    EXPECT_TRUE(judge_fitted(
        usual, std::span(&judged, 1), [&](Responses& r) { return record(r); }, judge, "day"));
    return best;
  }

  std::vector<SmallTick> ticks;
  int seats;
  Auction auction;
};

// The best constant alpha and its score, impression by impression: at every threshold, just above it.
double best_played(const Day& day, int seat, const Limits& limits) {
  std::vector<double> alphas;
  for (const SmallTick& tick : day.ticks) {
    for (const SmallImpression& one : tick) {
      const auto value = static_cast<double>(one.values[static_cast<size_t>(seat)]);
      if (value <= 0.0) continue;
      for (const double price : one.prices(seat, day.auction.rule)) alphas.push_back(price / value * (1.0 + 1e-6));
    }
  }
  double best = 0.0;
  for (const double alpha : alphas) {
    double value = 0.0, cost = 0.0;
    for (const SmallTick& tick : day.ticks) {
      for (const SmallImpression& one : tick) {
        const auto worth = static_cast<double>(one.values[static_cast<size_t>(seat)]);
        const auto prices = one.prices(seat, day.auction.rule);
        for (size_t k = 0; k < static_cast<size_t>(day.auction.rule.num_slots); ++k) {
          if (alpha * worth <= prices[k]) continue;
          const auto shown = day.auction.rule.exposure(static_cast<int>(k));
          value += shown * worth;
          cost += shown * prices[k];
          break;
        }
      }
    }
    if (cost <= limits.budget) best = std::max(best, expected_score(value, cost, limits.cpa_limit));
  }
  return best;
}

class FitOfCurrencies : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Scales, FitOfCurrencies,
                         testing::Values(1e-6, 1e-4, 0.01, 0.37, 3.0, 100.0, 1000.0, 7e4, 1e6));

TEST_P(FitOfCurrencies, ChangesNoOptimumButForRounding) {
  const double scale = GetParam();
  const auto ticks = random_day(5, 8, 150, 11);
  const Limits limits{4.0, 90.0};
  const SeatOptima one = Day(ticks, 5, 1.0).optima(1, limits);
  const SeatOptima other = Day(ticks, 5, scale).optima(1, {4.0 * scale, 90.0 * scale});
  // Another grid lies elsewhere between the thresholds.
  EXPECT_NEAR(other.per_tick.score / one.per_tick.score, 1.0, 2e-3);
  EXPECT_NEAR(other.slots.score / one.slots.score, 1.0, 2e-3);
  EXPECT_NEAR(other.constant.score / one.constant.score, 1.0, 2e-3);
}

TEST_P(FitOfCurrencies, NothingPlayedBeatsTheOptimum) {
  const double scale = GetParam();
  const Day day(random_day(5, 8, 60, 12), 5, scale);
  for (const double cpa_limit : {1e-4, 0.1, 90.0, 9e4}) {
    for (const double budget : {1e-5, 0.01, 1.0, 1e5}) {
      const Limits limits{budget * scale, cpa_limit * scale};
      const SeatOptima best = day.optima(0, limits);
      EXPECT_LE(best_played(day, 0, limits), best.per_tick.bound * 1.004)
          << "limit " << cpa_limit << " budget " << budget;
      // No price is as low as the smallest budget.
      EXPECT_TRUE(best.per_tick.score > 0.0 || budget == 1e-5) << "limit " << cpa_limit << " budget " << budget;
    }
  }
}

TEST(Fit, PowersOfTwoInACurrencyOfItsOwnChangeNothing) {
  const auto ticks = random_day(5, 8, 150, 13);
  const SeatOptima one = Day(ticks, 5, 0x1p12).optima(1, {4.0 * 0x1p12, 90.0 * 0x1p12});
  const SeatOptima other = Day(ticks, 5, 0x1p20).optima(1, {4.0 * 0x1p20, 90.0 * 0x1p20});
  EXPECT_EQ(one.per_tick.score, other.per_tick.score);
  EXPECT_EQ(one.constant.score, other.constant.score);
  EXPECT_EQ(one.constant_kept.score, other.constant_kept.score);
  EXPECT_EQ(one.slots.score, other.slots.score);
  EXPECT_EQ(one.per_tick.cost * 0x1p8, other.per_tick.cost);
}

TEST(Fit, UsualUnitsThatSufficeAreKept) {
  const Day day(random_day(5, 8, 150, 14), 5, 1.0);
  const Limits limits{4.0, 90.0};
  Responses usual(5, 8, day.auction, grid_around(90.0, 90.0, 2));
  day.record(usual);
  const DayPlan plan(usual, 1);
  EXPECT_EQ(shortfall(usual, {1, limits}, plan, seat_optima(usual, 1, plan, {4.0, 90.0, 0})), "");
}

TEST(Fit, PricesBeyondTheUnitAreAShortfall) {
  const Day day(random_day(5, 2, 50, 15), 5, 1000.0);
  Responses usual(5, 2, day.auction, grid_around(9e4, 9e4, 2));
  day.record(usual);
  EXPECT_GT(usual.left_out(1), 0.0);
  const DayPlan plan(usual, 1);
  const std::string found = shortfall(usual, {1, {4000.0, 9e4}}, plan, seat_optima(usual, 1, plan, {4000.0, 9e4, 0}));
  EXPECT_NE(found.find("where the units are made for up to 64"), std::string::npos) << found;
}

TEST(Fit, APriceAboveTheBudgetNeedsNoUnit) {
  auto ticks = random_day(1, 1, 50, 16);
  for (SmallImpression& one : ticks[0]) one.seat.fill(kNoSeat);
  ticks[0][0].bid = {1e9F, 1e9F, 1e9F, 1e9F};
  const Day day(ticks, 1, 1.0);
  Responses usual(1, 1, day.auction, grid_around(90.0, 90.0, 2));
  day.record(usual);
  const DayPlan plan(usual, 0);
  EXPECT_EQ(shortfall(usual, {0, {1.0, 90.0}}, plan, seat_optima(usual, 0, plan, {1.0, 90.0, 0})), "");
}

TEST(Fit, AWiderDayThanFitsIsAnErrorThatNamesIt) {
  const Day day(random_day(1, 1, 50, 17), 1, 1.0);
  Responses usual(1, 1, day.auction);
  day.record(usual);
  const Judged judged{0, {1.0, 90.0}};
  try {
    judge_fitted(
        usual, std::span(&judged, 1), [&](Responses& r) { return day.record(r); },
        [](const Responses&) { return std::string("prices of up to 9"); }, "period 7");
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_EQ(std::string(error.what()),
              "period 7: no optimum in hindsight: found prices of up to 9; expected money (prices, budgets and CPA "
              "limits) of one currency, below 1e18");
  }
}

}  // namespace
}  // namespace genbid::oracle
