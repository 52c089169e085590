#include "statistics/values.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "samples.h"

namespace genbid::statistics {
namespace {

TEST(Values, AgreeWithNumPyAndSciPy) {
  for (const auto& one : scipy_cases("values")) {
    const auto values = one["values"].get<std::vector<double>>();
    for (const auto& point : one["quantiles"]) EXPECT_NEAR(quantile(values, point[0]), point[1], 1e-14);
    EXPECT_NEAR(interquartile_mean(values), one["interquartile_mean"], 1e-14);
  }
}

// 40 % of five values are the two lowest, 30 % one and a half: (1 + 0.5 x 2) / 1.5.
TEST(MeanOfWorst, TakesAPartOfTheLastValue) {
  const std::vector<double> values = {5, 1, 4, 2, 3};
  EXPECT_DOUBLE_EQ(mean_of_worst(values, 0.4), 1.5);
  EXPECT_DOUBLE_EQ(mean_of_worst(values, 0.3), 2.0 / 1.5);
  EXPECT_DOUBLE_EQ(mean_of_worst(values, 0.1), 1.0);
  EXPECT_DOUBLE_EQ(mean_of_worst(values, 1.0), 3.0);
}

TEST(Values, RefuseNoneAndSharesOutsideTheirRange) {
  const std::vector<double> none;
  const std::vector<double> one = {7};
  EXPECT_DOUBLE_EQ(mean_of_worst(one, 0.1), 7.0);
  EXPECT_THROW(quantile(none, 0.5), Error);
  EXPECT_THROW(interquartile_mean(none), Error);
  EXPECT_THROW(mean_of_worst(none, 0.5), Error);
  EXPECT_THROW(quantile(one, 1.1), Error);
  EXPECT_THROW(mean_of_worst(one, 0.0), Error);
}

}  // namespace
}  // namespace genbid::statistics
