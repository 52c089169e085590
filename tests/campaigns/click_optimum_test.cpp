#include "campaigns/click_optimum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "campaigns/click_play.h"
#include "campaigns/made_days.h"

namespace genbid::campaigns {
namespace {

double dual(const ClickDay& day, const ClickLimits& limits, double l1, double l2) {
  double sum = l1 * limits.budget;
  for (int64_t i = 0; i < day.num_impressions(); ++i) {
    const double cost = as_double(at(day.cost, i));
    sum +=
        std::max(0.0, as_double(at(day.value, i)) - l1 * cost - l2 * (cost - limits.ppc * as_double(at(day.ctr, i))));
  }
  return sum;
}

// The linear program by its corners: the dual is piecewise linear, so its least value lies where two of the lines meet
// at which an impression is just won, or one of them and an axis.
double by_corners(const ClickDay& day, const ClickLimits& limits) {
  struct Line {
    double a, b, c;  // a l1 + b l2 = c
  };
  std::vector<Line> lines{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}};
  for (int64_t i = 0; i < day.num_impressions(); ++i) {
    const double cost = as_double(at(day.cost, i));
    lines.push_back({cost, cost - limits.ppc * as_double(at(day.ctr, i)), as_double(at(day.value, i))});
  }
  double least = dual(day, limits, 0.0, 0.0);
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t j = i + 1; j < lines.size(); ++j) {
      const double determinant = lines[i].a * lines[j].b - lines[j].a * lines[i].b;
      if (std::abs(determinant) < 1e-15) continue;
      const double l1 = (lines[i].c * lines[j].b - lines[j].c * lines[i].b) / determinant;
      const double l2 = (lines[i].a * lines[j].c - lines[j].a * lines[i].c) / determinant;
      if (l1 >= -1e-12 && l2 >= -1e-12)
        least = std::min(least, dual(day, limits, std::max(0.0, l1), std::max(0.0, l2)));
    }
  }
  return least;
}

ClickSums all_of(const ClickDay& day) { return play_slots(day, 0, day.num_slots(), {1e6, 0.0}, 1.0, 1e9).sums; }

TEST(ClickOptimum, IsTheLinearProgramsWhateverBinds) {
  std::vector<int> seen(4, 0);
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const ClickDay day = test::made_day(seed, 2, 20);
    const ClickSums all = all_of(day);
    for (const double budget : {0.1, 0.5, 1.2}) {
      for (const double limit : {0.45, 0.8, 1.2}) {
        const ClickLimits limits{budget * all.cost, limit * all.cost / all.clicks};
        const ClickOptimum best = click_optimum(day, limits);
        const double expected = by_corners(day, limits);
        EXPECT_NEAR(best.value, expected, 1e-6 * expected) << seed << " " << budget << " " << limit;
        ++at(seen, static_cast<int>(best.type));
        EXPECT_GE(best.bid.beta, 0.0);
        EXPECT_LE(best.bid.beta, 1.0 + 1e-9);
      }
    }
  }
  for (const int count : seen) EXPECT_GT(count, 10);
}

// Days that are sampled first: the bid buys nearly all of it, and breaks no limit but by the last impression.
TEST(ClickOptimum, ItsBidComesThereOnALongDay) {
  for (const double budget : {0.05, 0.3, 3.0}) {
    for (const double limit : {0.6, 0.9, 3.0}) {
      const ClickDay day = test::made_day(9, 96, 300);
      const ClickSums all = all_of(day);
      const ClickLimits limits{budget * all.cost, limit * all.cost / all.clicks};
      const ClickOptimum best = click_optimum(day, limits);
      const ClickSums played = play_slots(day, 0, 96, best.bid, limits.ppc, limits.budget * 1.01).sums;
      EXPECT_NEAR(played.value, best.value, 2e-3 * best.value) << budget << " " << limit;
      EXPECT_LE(ppc_ratio(played, limits.ppc), 1.001);
      EXPECT_LE(played.cost, limits.budget * 1.001);
    }
  }
}

// The dual at any multipliers is an upper bound, so no value found may lie above one of them.
TEST(ClickOptimum, OfALongDayIsNotAboveTheDualAnywhere) {
  const ClickDay day = test::made_day(10, 96, 300);
  const ClickSums all = all_of(day);
  const ClickLimits limits{0.25 * all.cost, 0.7 * all.cost / all.clicks};
  const ClickOptimum best = click_optimum(day, limits);
  const double sum = 1.0 / best.bid.alpha;
  const double l1 = sum * (1.0 - best.bid.beta);
  const double l2 = sum * best.bid.beta;
  EXPECT_NEAR(dual(day, limits, l1, l2), best.value, 1e-6 * best.value);
  for (const double d1 : {0.9, 1.0, 1.1}) {
    for (const double d2 : {0.9, 1.0, 1.1}) {
      EXPECT_LE(best.value, dual(day, limits, d1 * l1, d2 * l2) * (1.0 + 1e-6));
    }
  }
}

TEST(ClickOptimum, MoneyAndValueHaveAnyUnit) {
  const ClickDay day = test::made_day(11, 4, 200);
  const ClickSums all = all_of(day);
  const ClickLimits limits{0.3 * all.cost, 0.7 * all.cost / all.clicks};
  const ClickOptimum best = click_optimum(day, limits);
  for (const float scale : {1e-6F, 1e6F}) {
    ClickDay other = day;
    for (float& cost : other.cost) cost *= scale;
    const double s = as_double(scale);
    const ClickOptimum scaled = click_optimum(other, {limits.budget * s, limits.ppc * s});
    EXPECT_NEAR(scaled.value, best.value, 2e-6 * best.value);
    EXPECT_NEAR(scaled.bid.alpha, best.bid.alpha * s, 0.02 * best.bid.alpha * s);
    EXPECT_EQ(scaled.type, best.type);
  }
}

TEST(ClickOptimum, WhereNothingCanBeHadItIsNothing) {
  const ClickDay day = test::made_day(12, 2, 50);
  const ClickOptimum none = click_optimum(day, {1e9, 1e-3});
  EXPECT_EQ(none.value, 0.0);
  EXPECT_EQ(play_slots(day, 0, 2, none.bid, 1e-3, 1e9).sums.wins, 0);
  ClickDay empty;
  empty.slot_begins = {0, 0};
  EXPECT_EQ(click_optimum(empty, {1.0, 1.0}).value, 0.0);
  ClickDay worthless = day;
  for (float& value : worthless.value) value = 0.0F;
  EXPECT_EQ(click_optimum(worthless, {0.1, 0.6}).value, 0.0);
}

TEST(ClickOptimum, LimitsAreAboveNothing) {
  const ClickDay day = test::made_day(13, 2, 5);
  for (const ClickLimits& limits : {ClickLimits{0.0, 1.0}, ClickLimits{1.0, 0.0}, ClickLimits{-1.0, 1.0}}) {
    EXPECT_THROW(click_optimum(day, limits), Error);
  }
}

}  // namespace
}  // namespace genbid::campaigns
