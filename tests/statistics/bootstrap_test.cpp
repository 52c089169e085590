#include "statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "samples.h"
#include "statistics/values.h"

namespace genbid::statistics {
namespace {

TEST(Bootstrap, OfAMeanHasTheErrorOfAMean) {
  // 0 and 1, 100 each: the mean of a resample has a standard deviation of 0.5 / sqrt(200) = 0.0354, so 95 % lie
  // within 1.96 of them.
  Strata strata(1);
  for (int i = 0; i < 200; ++i) strata[0].push_back(i % 2);
  const auto mean = [](std::span<double> values) {
    double sum = 0.0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  const Estimate found = stratified(strata, mean, {.resamples = 20000});
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(found.interval->low, 0.5 - 1.96 * 0.0354, 0.006);
  EXPECT_NEAR(found.interval->high, 0.5 + 1.96 * 0.0354, 0.006);
}

// All that differs lies between the strata, so nothing varies.
TEST(Bootstrap, KeepsStrataApart) {
  const Strata strata = {{1, 1, 1}, {5, 5, 5}};
  const Estimate found = interquartile_mean(strata, {});
  ASSERT_TRUE(found.interval);
  EXPECT_EQ(found.interval->low, found.value);
  EXPECT_EQ(found.interval->high, found.value);
}

TEST(Bootstrap, OfSingleValuesHasNoInterval) {
  EXPECT_FALSE(interquartile_mean({{1}, {2}, {3}}, {}).interval);
  EXPECT_FALSE(probability_of_improvement({{1}}, {{2}}, {}).interval);
  const std::vector<double> taus = {1.5};
  EXPECT_FALSE(performance_profile({{1}, {2}}, taus, {})[0].interval);
}

TEST(Bootstrap, DependsOnItsSeedAlone) {
  const Strata strata = {{1, 4, 9, 2}, {3, 8, 1}};
  const auto low = [&](uint64_t seed) {
    return interquartile_mean(strata, {.resamples = 30, .seed = seed}).interval->low;
  };
  EXPECT_EQ(low(3), low(3));
  EXPECT_NE(low(3), low(4));
}

// What is drawn is part of every stored interval: these are Philox's words for the stream, times 5.
TEST(Bootstrap, DrawsTheSameEverywhere) {
  const RandomStream stream(1, "statistics.stratified");
  for (size_t i = 0; i < 8; ++i) {
    const auto words = stream.bits(7, 2, static_cast<uint32_t>(i / 4));
    EXPECT_EQ(draw(stream, 7, 2, i, 5), static_cast<size_t>(std::floor(5.0 * (words[i % 4] * 0x1p-32))));
  }
}

TEST(Bootstrap, RefusesNothing) {
  EXPECT_THROW(interquartile_mean({}, {}), Error);
  EXPECT_THROW(interquartile_mean({{}, {}}, {}), Error);
  EXPECT_THROW(interquartile_mean({{1}}, {.resamples = 0}), Error);
  EXPECT_THROW(interquartile_mean({{1}}, {}, 1.0), Error);
  EXPECT_THROW(probability_of_improvement({{1}}, {{1}, {2}}, {}), Error);
  EXPECT_THROW(probability_of_improvement({{1}, {}}, {{1}, {2}}, {}), Error);
}

TEST(Profile, IsTheShareAboveTau) {
  const std::vector<double> taus = {0.5, 2, 3.9, 4};
  const std::vector<Estimate> profile = performance_profile({{1, 2}, {3, 4}}, taus, {});
  EXPECT_DOUBLE_EQ(profile[0].value, 1.0);
  EXPECT_DOUBLE_EQ(profile[1].value, 0.5);
  EXPECT_DOUBLE_EQ(profile[2].value, 0.25);
  EXPECT_DOUBLE_EQ(profile[3].value, 0.0);
  // Of the first stratum 1 to 2 are never above 2, of the second always.
  EXPECT_EQ(profile[1].interval->low, 0.5);
  EXPECT_EQ(profile[1].interval->high, 0.5);
  EXPECT_EQ(profile[2].interval->low, 0.0);
  EXPECT_EQ(profile[2].interval->high, 0.5);
}

TEST(UnpairedImprovement, IsMannAndWhitneysShareAsInSciPy) {
  for (const auto& one : scipy_cases("improvement")) {
    const Strata x = {one["x"].get<std::vector<double>>()};
    const Strata y = {one["y"].get<std::vector<double>>()};
    const Estimate found = probability_of_improvement(x, y, {.resamples = 200});
    EXPECT_NEAR(found.value, one["probability"], 1e-12);
    ASSERT_TRUE(found.interval);
    EXPECT_LT(found.interval->low, found.value);
    EXPECT_GT(found.interval->high, found.value);
  }
}

}  // namespace
}  // namespace genbid::statistics
