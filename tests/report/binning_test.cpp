#include "report/binning.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace genbid::report {
namespace {

using Values = std::vector<double>;

TEST(Binning, FewPointsStayAsTheyAre) {
  const Thinned few = thinned(Values{1, 2, 3}, Values{5, 6, 7}, 3);
  EXPECT_EQ(few.x, (Values{1, 2, 3}));
  EXPECT_EQ(few.y, (Values{5, 6, 7}));
  EXPECT_TRUE(few.low.empty());
}

TEST(Binning, ManyPointsBecomeMeansWithTheirExtremes) {
  const Thinned few = thinned(Values{1, 2, 3, 4}, Values{5, 7, 1, 9}, 2);
  EXPECT_EQ(few.x, (Values{1.5, 3.5}));
  EXPECT_EQ(few.y, (Values{6, 5}));
  EXPECT_EQ(few.low, (Values{5, 1}));
  EXPECT_EQ(few.high, (Values{7, 9}));
}

TEST(Binning, AHundredThousandPointsBecomeAsManyAsAskedFor) {
  Values x, y;
  for (int i = 0; i < 100000; ++i) {
    x.push_back(i);
    y.push_back(2.0 * i);
  }
  const Thinned few = thinned(x, y, 100);
  ASSERT_EQ(few.x.size(), 100U);
  EXPECT_DOUBLE_EQ(few.x.front(), 499.5);
  EXPECT_DOUBLE_EQ(few.y.back(), 2.0 * 99499.5);
}

TEST(Binning, WhatIsNotFiniteCountsInNoMean) {
  const double none = std::nan("");
  const Thinned few = thinned(Values{1, 2, 3, 4}, Values{none, 7, none, none}, 2);
  EXPECT_EQ(few.y[0], 7.0);
  EXPECT_TRUE(std::isnan(few.y[1]));
}

TEST(Binning, QuantilesLieBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile(Values{1, 2, 4}, 0.5), 2.0);
  EXPECT_DOUBLE_EQ(quantile(Values{1, 2, 4}, 0.75), 3.0);
  EXPECT_DOUBLE_EQ(quantile(Values{7}, 0.9), 7.0);
}

// Four values: one below, one on the first edge, one on the last, one infinite.
TEST(Binning, OuterBinsHoldWhatLiesBeyondThem) {
  EXPECT_EQ(histogram(Values{-1, 0, 2, INFINITY}, Values{0, 1, 2}), (Values{0.5, 0.5}));
  EXPECT_EQ(histogram(Values{1}, even_edges(0, 2, 2)), (Values{0, 1}));
  EXPECT_EQ(histogram(Values{std::nan("")}, even_edges(0, 2, 2)), (Values{0, 1}));
}

TEST(Binning, GroupsFollowTheValuesAndAreEqual) {
  const auto groups = equal_groups(Values{9, 1, 5, 3}, 2);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0], (std::vector<size_t>{1, 3}));
  EXPECT_EQ(groups[1], (std::vector<size_t>{2, 0}));
  EXPECT_EQ(equal_groups(Values{1, 2}, 8).size(), 2U);
  EXPECT_TRUE(equal_groups(Values{}, 8).empty());
}

// Standard deviation sqrt(2) of 1 and 3, of the mean 1; t(1, 0.975) = 12.706.
TEST(Binning, AMeansIntervalIsStudents) {
  const MeanInterval two = mean_interval(Values{1, 3});
  EXPECT_DOUBLE_EQ(two.mean, 2.0);
  EXPECT_NEAR(*two.low, 2.0 - 12.7062, 1e-4);
  EXPECT_NEAR(*two.high, 2.0 + 12.7062, 1e-4);
  EXPECT_FALSE(mean_interval(Values{4}).low);
}

// t(200, 0.975) = 1.97190; 201 values, alternately 0 and 1 (101 zeros).
TEST(Binning, IntervalsOfManyValuesUseTheTail) {
  Values values;
  for (int i = 0; i < 201; ++i) values.push_back(i % 2);
  const MeanInterval mean = mean_interval(values);
  const double p = 100.0 / 201.0;
  EXPECT_NEAR(*mean.high - mean.mean, 1.97190 * std::sqrt(p * (1.0 - p) / 200.0), 1e-5);
}

TEST(Binning, GiniIsZeroForEqualsAndNearOneForOneWhoHasAll) {
  EXPECT_NEAR(gini(Values{2, 2, 2}), 0.0, 1e-12);
  EXPECT_NEAR(gini(Values{0, 0, 0, 4}), 0.75, 1e-12);
  EXPECT_EQ(gini(Values{0, 0}), 0.0);
}

}  // namespace
}  // namespace genbid::report
