#include "oracle/frontier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bidding/mean_score.h"
#include "bidding/score.h"

namespace genbid::oracle {
namespace {

// Value 10 at 50, 14 at 90: prices of value 5, then 10.
const Curve kCurve{{0.0, 0.0}, {10.0, 50.0}, {14.0, 90.0}};

// The best of a line that is walked in small steps.
double best_of_steps(const Curve& curve, const Limits& limits, const Point& so_far = {}, int steps = 500) {
  double best = 0.0;
  for (size_t p = 0; p + 1 < curve.size(); ++p) {
    for (int i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / steps;
      const double value = curve[p].value + share * (curve[p + 1].value - curve[p].value);
      const double cost = curve[p].cost + share * (curve[p + 1].cost - curve[p].cost);
      if (cost > limits.budget) break;
      if (limits.keep_cpa && so_far.cost + cost > limits.cpa_limit * (so_far.value + value)) continue;
      best = std::max(best, expected_score(so_far.value + value, so_far.cost + cost, limits.cpa_limit));
    }
  }
  return best;
}

TEST(BestOnCurve, BuysEverythingWhereTheLimitAllowsIt) {
  const CurveOptimum best = best_on_curve(kCurve, {100.0, 90.0});  // one conversion pays for it all
  EXPECT_EQ(best.score, 14.0);
  EXPECT_EQ(best.segment, 2U);
}

TEST(BestOnCurve, SpendsTheBudgetOnPartOfASegment) {
  const CurveOptimum best = best_on_curve(kCurve, {70.0, 90.0});
  EXPECT_DOUBLE_EQ(best.score, 12.0);
  EXPECT_EQ(best.segment, 1U);
  EXPECT_DOUBLE_EQ(best.share, 0.5);
}

// Prices of value 5, then 15. With a limit of 6 the best lies inside of the second segment, with one of 5, where the
// first conversions cost as much as they may, at the corner.
TEST(BestOnCurve, StopsWhereMoreCostsMoreThanItBrings) {
  const Curve steep{{0.0, 0.0}, {10.0, 50.0}, {14.0, 110.0}};
  const CurveOptimum inside = best_on_curve(steep, {200.0, 6.0});
  EXPECT_EQ(inside.segment, 1U);
  EXPECT_NEAR(inside.share, 0.4, 0.05);
  EXPECT_NEAR(inside.score, best_of_steps(steep, {200.0, 6.0}, {}, 200000), 1e-5);
  EXPECT_DOUBLE_EQ(inside.score, expected_score(inside.point.value, inside.point.cost, 6.0));
  const CurveOptimum corner = best_on_curve(steep, {200.0, 5.0});
  EXPECT_EQ(corner.point.cost, 50.0);
  EXPECT_NEAR(corner.score, test::poisson_mean_score(10.0, 50.0, 5.0), 1e-9);
}

// Dear value, then cheap value again: the end is nearly as good as the best, and what lies between is far worse.
TEST(BestOnCurve, LooksBeyondAValley) {
  const Curve corners{{0.0, 0.0}, {10.0, 50.0}, {11.0, 150.0}, {38.0, 500.0}};
  Curve curve{corners[0]};
  for (size_t p = 1; p < corners.size(); ++p) {
    for (int i = 1; i <= 200; ++i) {
      const double share = i / 200.0;
      curve.push_back({corners[p - 1].value + share * (corners[p].value - corners[p - 1].value),
                       corners[p - 1].cost + share * (corners[p].cost - corners[p - 1].cost)});
    }
  }
  EXPECT_GT(expected_score(38.0, 500.0, 6.0), 8.5);
  EXPECT_NEAR(best_on_curve(curve, {1000.0, 6.0}).score, expected_score(10.0, 50.0, 6.0), 1e-9);
}

// Lines of any shape: long segments and short ones, rising steeply at first or later, with what the day brought so far.
TEST(BestOnCurve, FindsTheBestOfAnyLine) {
  std::mt19937 random(5);
  const auto draw = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
  for (int i = 0; i < 300; ++i) {
    const int num_points = i % 3 == 0 ? 3 : i % 3 == 1 ? 12 : 400;
    const double scale = draw(0.5, 60.0) / num_points;
    Curve curve{{0.0, 0.0}};
    for (int p = 1; p < num_points; ++p) {
      const double price = 40.0 * draw(0.5, 1.5) * (i % 2 == 0 ? 1.0 + 2.0 * p / num_points : 1.0);
      const double value = draw(0.0, 1.0) < 0.1 ? 0.0 : draw(0.0, 2.0 * scale);
      curve.push_back({curve.back().value + value, curve.back().cost + price * value});
    }
    const Point so_far = i % 4 == 0 ? Point{draw(0.0, 10.0), draw(0.0, 500.0)} : Point{};
    const Limits limits{curve.back().cost * draw(0.2, 1.3), draw(25.0, 120.0), i % 5 == 0};
    const CurveOptimum found = best_on_curve(curve, limits, so_far);
    const double best = best_of_steps(curve, limits, so_far, num_points > 100 ? 20 : 500);
    EXPECT_GE(found.score, best * (1.0 - 1e-5)) << i;
    EXPECT_LE(found.point.cost - so_far.cost, limits.budget * (1.0 + 1e-12)) << i;
    if (found.score > 0.0) {
      EXPECT_NEAR(found.score, expected_score(found.point.value, found.point.cost, limits.cpa_limit), 1e-12) << i;
    }
  }
}

TEST(BestOnCurve, KeepsTheLimitWhenAsked) {
  const CurveOptimum best = best_on_curve(kCurve, {100.0, 6.0, true});
  EXPECT_DOUBLE_EQ(best.point.value, 12.5);
  EXPECT_NEAR(best.point.cost, 6.0 * best.point.value, 1e-9);
  EXPECT_EQ(best_on_curve(kCurve, {100.0, 4.0, true}).score, 0.0);  // nothing is as cheap
}

TEST(BestOnCurve, OfEqualScoresTakesTheLowestPoint) {
  const Curve flat{{0.0, 0.0}, {1.0, 2.0}, {1.0, 2.0}, {1.0, 2.0}};
  EXPECT_EQ(best_on_curve(flat, {100.0, 90.0}).segment, 1U);
}

// Prices from 8 to 8.0625 between points 1 and 2: 100 of cost at 8, then 100 at 8.0625.
TEST(TangentBound, MeetsACurveThatIsWorstInTheMiddle) {
  const AlphaGrid grid{8.0F, 8, 7};
  Curve frontier(grid.num_points(), {100.0 / 8.0 + 100.0 / 8.0625, 200.0});
  frontier[0] = frontier[1] = {0.0, 0.0};
  const CurveOptimum chord = best_on_curve(frontier, {100.0, 1e9});
  const CurveOptimum bound = best_on_curve(tangent_bound(frontier, grid), {100.0, 1e9});
  EXPECT_NEAR(bound.score, 12.5, 1e-9);
  EXPECT_LT(chord.score, 12.46);
}

}  // namespace
}  // namespace genbid::oracle
