#include "statistics/mean.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "samples.h"

namespace genbid::statistics {
namespace {

void expect_interval(const Estimate& found, const nlohmann::json& expected) {
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(found.interval->low, expected[0], 1e-10);
  EXPECT_NEAR(found.interval->high, expected[1], 1e-10);
}

TEST(Mean, HasSciPysIntervalOfPeriodMeans) {
  for (const auto& one : scipy_cases("mean")) {
    const Estimate found = mean(candidate("a", one["cells"].get<Grid>()), {.level = one["level"]});
    EXPECT_NEAR(found.value, one["mean"], 1e-12);
    EXPECT_EQ(found.degrees_of_freedom, one["df"].get<double>());
    expect_interval(found, one["interval"]);
  }
}

TEST(Mean, OfARatioHasTheErrorOfTheJackknife) {
  for (const auto& one : scipy_cases("ratio")) {
    const Estimate found = mean(candidate("a", one["score"].get<Grid>(), one["optimum"].get<Grid>()));
    EXPECT_NEAR(found.value, one["share"], 1e-12);
    expect_interval(found, one["interval"]);
  }
}

TEST(Mean, HasTrainingSeedsAsASecondAxis) {
  for (const auto& one : scipy_cases("crossed")) {
    const CandidateCells cells = trained("a", one["cells"].get<Grid>());
    const Estimate found = mean(cells);
    EXPECT_NEAR(found.degrees_of_freedom, one["df"], 1e-10);
    expect_interval(found, one["interval"]);
    const auto components = variance_components(cells);
    ASSERT_TRUE(components);
    EXPECT_NEAR(components->training_seed, one["components"][0], 1e-12);
    EXPECT_NEAR(components->cluster, one["components"][1], 1e-12);
    EXPECT_NEAR(components->residual, one["components"][2], 1e-12);
  }
}

// Periods of three cells and of one: (1 + 2 + 3 + 10) / 4, not the mean of 2 and 10.
TEST(Mean, GivesEveryCellTheSameWeight) { EXPECT_DOUBLE_EQ(mean(candidate("a", {{1, 2, 3}, {10}})).value, 4.0); }

// Of 8 cells the middle four: shares 0.2, 0.3, 0.4 and 0.5 of bases that differ; the ninth has nothing to share.
TEST(Mean, OfTheMiddleHalfIsOfTheCellsOwnShares) {
  const CandidateCells cells = candidate("a", {{0.0, 1.0, 2.0, 3.0}, {8.0, 5.0, 60.0, 90.0, 7.0}},
                                         {{10.0, 10.0, 10.0, 10.0}, {20.0, 10.0, 100.0, 100.0, 0.0}});
  const std::optional<Estimate> found = interquartile_mean(cells);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->value, 0.35);
  // Pulled in to 0.2 .. 0.5 and divided by a half, the periods' means are 0.45 and 0.95 of 0.7, so the error is 0.25.
  EXPECT_NEAR(found->standard_error, 0.25, 1e-12);
  ASSERT_TRUE(found->interval);
  EXPECT_NEAR(0.5 * (found->interval->low + found->interval->high), 0.35, 1e-12);
  EXPECT_FALSE(interquartile_mean(candidate("a", {{1.0}, {2.0}}, {{0.0}, {0.0}})));
}

// Shares 0.5, 1.0 in one period and 0.25, 0.75 in another; the fifth cell has nothing to share. Above 0.5 lie one of
// two cells of each period: no period is better, and the error is 0. Above 0.3 lie two of one and one of the other.
TEST(Mean, OfAProfileCountsCellsAboveAShare) {
  const CandidateCells cells = candidate("a", {{1.0, 4.0}, {2.0, 9.0, 7.0}}, {{2.0, 4.0}, {8.0, 12.0, 0.0}});
  const std::vector<Estimate> profile = performance_profile(cells, std::vector<double>{0.3, 0.5, 1.0});
  ASSERT_EQ(profile.size(), 3U);
  EXPECT_DOUBLE_EQ(profile[0].value, 0.75);
  EXPECT_DOUBLE_EQ(profile[0].standard_error, 0.25);
  EXPECT_DOUBLE_EQ(profile[1].value, 0.5);
  EXPECT_DOUBLE_EQ(profile[1].standard_error, 0.0);
  EXPECT_DOUBLE_EQ(profile[2].value, 0.0);
  EXPECT_TRUE(performance_profile(candidate("a", {{1.0}, {2.0}}, {{0.0}, {0.0}}), std::vector<double>{0.5}).empty());
}

TEST(Mean, OfOnePeriodHasNoInterval) {
  const Estimate found = mean(candidate("a", {{1, 2, 3}}));
  EXPECT_DOUBLE_EQ(found.value, 2.0);
  EXPECT_FALSE(found.interval);
  EXPECT_FALSE(found.p_value);
  EXPECT_EQ(found.axes.text(), "one period");
}

TEST(Mean, OfOneTrainingSeedSaysSo) {
  const Estimate found = mean(trained("a", {{1, 2, 4}}));
  EXPECT_TRUE(found.interval);
  EXPECT_TRUE(found.axes.one_training_seed());
  EXPECT_EQ(found.axes.text(), "3 periods of one training seed");
  EXPECT_FALSE(variance_components(trained("a", {{1, 2, 4}})));
}

TEST(Mean, OfOnePeriodMayHaveTrainingSeeds) {
  // 1 and 3: error 1, one degree of freedom, t = 12.706.
  const Estimate found = mean(trained("a", {{1}, {3}}));
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(found.interval->high, 2.0 + 12.706204736, 1e-8);
}

TEST(Mean, OverNoBaseIsZeroWithoutAnInterval) {
  const Estimate nothing = mean(candidate("a", {{0}, {0}}, {{0}, {0}}));
  EXPECT_EQ(nothing.value, 0.0);
  EXPECT_FALSE(nothing.interval);
  // Without its one period that has a base, the ratio is none.
  const Estimate one = mean(candidate("a", {{1}, {0}}, {{2}, {0}}));
  EXPECT_EQ(one.value, 0.5);
  EXPECT_FALSE(one.interval);
}

TEST(Mean, TakesDaysOfMarketSeedsAsClustersIfAsked) {
  CandidateCells cells{"a", {}};
  for (const int64_t seed : {1, 2}) {
    for (const int64_t period : {22, 23}) {
      cells.cells.push_back({.key = {seed, period, 0}, .value = static_cast<double>(seed + 10 * period)});
    }
  }
  EXPECT_EQ(mean(cells).degrees_of_freedom, 1.0);
  EXPECT_EQ(mean(cells).axes.text(), "2 periods, 2 market seeds");
  EXPECT_EQ(mean(cells, {.cluster = Cluster::kMarketDay}).degrees_of_freedom, 3.0);
  EXPECT_EQ(mean(cells, {.cluster = Cluster::kMarketDay}).axes.text(), "4 market days, 2 market seeds");
}

TEST(Mean, RefusesALevelOfOne) { EXPECT_THROW(mean(candidate("a", {{1}, {2}}), {.level = 1.0}), Error); }

TEST(StudentisedMean, FollowsTheSkewOfThePeriods) {
  const CandidateCells cells = candidate("a", {{1}, {1.1}, {1.3}, {1.2}, {1.0}, {6}});
  const Estimate found = studentised_mean(cells, {});
  ASSERT_TRUE(found.interval);
  EXPECT_GT(found.interval->high - found.value, 2.0 * (found.value - found.interval->low));
}

TEST(StudentisedMean, OfFewClustersHasNoInterval) {
  EXPECT_FALSE(studentised_mean(candidate("a", {{1}, {2}, {3}, {4}}), {}).interval);
  EXPECT_TRUE(studentised_mean(candidate("a", {{1}, {2}, {3}, {4}, {6}}), {}).interval);
}

TEST(StudentisedMean, IsExactWhereNothingVaries) {
  const Estimate found = studentised_mean(candidate("a", {{2}, {2}, {2}, {2}, {2}}), {});
  ASSERT_TRUE(found.interval);
  EXPECT_EQ(found.interval->low, 2.0);
  EXPECT_EQ(found.interval->high, 2.0);
}

}  // namespace
}  // namespace genbid::statistics
