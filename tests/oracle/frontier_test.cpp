#include "oracle/frontier.h"

#include <gtest/gtest.h>

namespace genbid::oracle {
namespace {

// Value 10 at 50, 14 at 90: prices of value 5, then 10.
const Curve kCurve{{0.0, 0.0}, {10.0, 50.0}, {14.0, 90.0}};

TEST(BestOnCurve, BuysEverythingWhereTheLimitAllowsIt) {
  const CurveOptimum best = best_on_curve(kCurve, {100.0, 7.0});  // 90 / 14 = 6.43
  EXPECT_EQ(best.score, 14.0);
  EXPECT_EQ(best.segment, 2U);
}

TEST(BestOnCurve, SpendsTheBudgetOnPartOfASegment) {
  const CurveOptimum best = best_on_curve(kCurve, {70.0, 7.0});
  EXPECT_DOUBLE_EQ(best.score, 12.0);
  EXPECT_EQ(best.segment, 1U);
  EXPECT_DOUBLE_EQ(best.share, 0.5);
}

TEST(BestOnCurve, PassesTheLimitWhereThatPays) {
  // 14 (14 * 6 / 90)^2 = 12.196 beyond the limit; on it, 50 + 10 x = 6 (10 + x): x = 2.5, score 12.5.
  EXPECT_DOUBLE_EQ(best_on_curve(kCurve, {100.0, 6.0}).score, 12.5);
  // With a limit of 4: 14 (56 / 90)^2 = 5.42; 10 (40 / 50)^2 = 6.4 is the corner.
  EXPECT_NEAR(best_on_curve(kCurve, {100.0, 4.0}).score, 6.4, 1e-9);  // score() guards a division
  EXPECT_EQ(best_on_curve(kCurve, {100.0, 4.0}).point.cost, 50.0);
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
