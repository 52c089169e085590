#include "statistics/inequality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace genbid::statistics {
namespace {

double gini_of(const std::vector<double>& values) { return gini(values); }

// Pairs of 1, 2, 5 differ by 1, 4, 3, each counted twice: 16 / (2 x 9 x 8 / 3).
TEST(Gini, IsTheMeanDifferenceOfPairs) {
  EXPECT_DOUBLE_EQ(gini_of({5, 1, 2}), 16.0 / 48.0);
  EXPECT_DOUBLE_EQ(gini_of({3, 3, 3}), 0.0);
  EXPECT_DOUBLE_EQ(gini_of({0, 0, 0, 8}), 0.75);
  EXPECT_DOUBLE_EQ(gini_of({4}), 0.0);
  EXPECT_DOUBLE_EQ(gini_of({0, 0}), 0.0);
}

TEST(GeneralisedGini, WeighsTheWorstMost) {
  const std::vector<double> values = {5, 1, 2};
  EXPECT_DOUBLE_EQ(generalised_gini(values, std::vector<double>{1.0, 0.5, 0.25}), 1.0 + 1.0 + 1.25);
  EXPECT_DOUBLE_EQ(generalised_gini(values, gini_weights(3)), 8.0 / 3.0 * (1.0 - gini_of(values)));
}

TEST(GeneralisedGini, RefusesWeightsThatRiseOrAreTooFew) {
  const std::vector<double> values = {1, 2};
  EXPECT_THROW(generalised_gini(values, std::vector<double>{0.5, 1.0}), Error);
  EXPECT_THROW(generalised_gini(values, std::vector<double>{1.0}), Error);
}

TEST(Lorenz, EndsAtAllOfIt) {
  const std::vector<double> values = {3, 0, 1};
  const std::vector<LorenzPoint> curve = lorenz_curve(values);
  ASSERT_EQ(curve.size(), 4U);
  EXPECT_EQ(curve[0].sum, 0.0);
  EXPECT_EQ(curve[1].sum, 0.0);
  EXPECT_DOUBLE_EQ(curve[2].sum, 0.25);
  EXPECT_DOUBLE_EQ(curve[2].people, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(curve[3].sum, 1.0);
  EXPECT_DOUBLE_EQ(lorenz_curve(std::vector<double>{0, 0})[1].sum, 0.5);
}

TEST(Inequality, RefusesWhatIsNoShareOfASum) {
  EXPECT_THROW(gini_of({}), Error);
  EXPECT_THROW(gini_of({1, -1}), Error);
  EXPECT_THROW(gini_of({std::nan("")}), Error);
  EXPECT_THROW(lorenz_curve(std::vector<double>{}), Error);
}

}  // namespace
}  // namespace genbid::statistics
