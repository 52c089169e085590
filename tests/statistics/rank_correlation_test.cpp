#include "statistics/rank_correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "samples.h"

namespace genbid::statistics {
namespace {

double correlation(const std::vector<double>& x, const std::vector<double>& y) { return rank_correlation(x, y); }

TEST(RankCorrelation, SeesOrderNotDistance) {
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {1, 10, 1000}), 1.0);
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {3, 2, 1}), -1.0);
}

// Ranks 0 1 2 3 against 0.5 0.5 2 3: products 1.5 + 0.5 + 0.25 + 2.25 = 4.5 over sqrt(5 x 4.5).
TEST(RankCorrelation, EqualValuesShareTheirMeanRank) {
  EXPECT_NEAR(correlation({1, 2, 3, 4}, {5, 5, 6, 7}), 4.5 / std::sqrt(5.0 * 4.5), 1e-12);
}

TEST(RankCorrelation, AgreesWithSciPy) {
  for (const auto& one : scipy_cases("rank")) EXPECT_NEAR(correlation(one["x"], one["y"]), one["rho"], 1e-12);
}

TEST(RankCorrelation, IsZeroWhereOneSideDoesNotVary) { EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {4, 4, 4}), 0.0); }

TEST(RankCorrelation, OfOnePairIsZero) { EXPECT_DOUBLE_EQ(correlation({1}, {2}), 0.0); }

}  // namespace
}  // namespace genbid::statistics
