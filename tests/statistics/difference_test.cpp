#include "statistics/difference.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "samples.h"

namespace genbid::statistics {
namespace {

std::string error_of(const CandidateCells& a, const CandidateCells& b, SeedPairing pairing) {
  try {
    difference(a, b, pairing);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void expect_exactly(const Estimate& found, double value, double p) {
  ASSERT_TRUE(found.interval);
  ASSERT_TRUE(found.p_value);
  EXPECT_EQ(found.value, value);
  EXPECT_EQ(found.interval->low, value);
  EXPECT_EQ(found.interval->high, value);
  EXPECT_EQ(*found.p_value, p);
}

TEST(Difference, HasSciPysPairedTest) {
  for (const auto& one : scipy_cases("paired")) {
    const Estimate found = difference(candidate("a", one["a"].get<Grid>()), candidate("b", one["b"].get<Grid>()));
    EXPECT_NEAR(found.value, one["difference"], 1e-12);
    ASSERT_TRUE(found.interval && found.p_value);
    EXPECT_NEAR(found.interval->low, one["interval"][0], 1e-10);
    EXPECT_NEAR(found.interval->high, one["interval"][1], 1e-10);
    EXPECT_NEAR(*found.p_value, one["p"], 1e-10);
  }
}

// Independent seeds and nothing else that varies: Welch's test.
TEST(Difference, OfIndependentTrainingSeedsInOnePeriodIsWelchs) {
  const auto column = [](const nlohmann::json& values) {
    Grid grid;
    for (const double value : values) grid.push_back({value});
    return grid;
  };
  for (const auto& one : scipy_cases("welch")) {
    const Estimate found = difference(trained("a", column(one["a"])), trained("b", column(one["b"])));
    ASSERT_TRUE(found.interval && found.p_value);
    EXPECT_NEAR(found.degrees_of_freedom, one["df"], 1e-9);
    EXPECT_NEAR(found.interval->low, one["interval"][0], 1e-9);
    EXPECT_NEAR(found.interval->high, one["interval"][1], 1e-9);
    EXPECT_NEAR(*found.p_value, one["p"], 1e-10);
  }
}

// Numbers without a short binary form, so that a sum in another order would show.
TEST(Difference, OfACandidateAndItselfIsExactlyZero) {
  const CandidateCells a = candidate("a", {{0.1, 0.7}, {1.3, 2.9}, {1e9, 0.3}}, {{0.3, 0.7}, {2.3, 3.1}, {2e9, 0.9}});
  CandidateCells again = a;
  std::reverse(again.cells.begin(), again.cells.end());
  expect_exactly(difference(a, again), 0.0, 1.0);
  expect_exactly(probability_of_improvement(a, again), 0.5, 1.0);
  const CandidateCells seeds = trained("a", {{0.1, 0.2, 0.4}, {0.7, 0.3, 0.3}});
  expect_exactly(difference(seeds, seeds, SeedPairing::kPaired), 0.0, 1.0);
}

TEST(Difference, ThatIsTheSameInAllPeriodsIsCertain) {
  expect_exactly(difference(candidate("a", {{2.5}, {3.5}}), candidate("b", {{2}, {3}})), 0.5, 0.0);
}

TEST(Difference, InOnePeriodHasNoIntervalAndNoPValue) {
  const Estimate found = difference(candidate("a", {{1, 2}}), candidate("b", {{0, 0}}));
  EXPECT_DOUBLE_EQ(found.value, 1.5);
  EXPECT_FALSE(found.interval);
  EXPECT_FALSE(found.p_value);
}

// Seeds differ by 10 on both sides alike: paired, that cancels.
TEST(Difference, OfPairedSeedsIsTakenSeedBySeed) {
  const CandidateCells a = trained("a", {{1, 2, 3}, {11, 12, 13.1}});
  const CandidateCells b = trained("b", {{0, 1.1, 2}, {10, 11, 12}});
  const Estimate paired = difference(a, b, SeedPairing::kPaired);
  const Estimate independent = difference(a, b);
  EXPECT_LT(paired.standard_error, 0.1);
  EXPECT_GT(independent.standard_error, 5.0);
  EXPECT_EQ(paired.axes.text(), "3 periods x 2 training seeds");
  EXPECT_EQ(independent.axes.text(), "3 periods x 2 against 2 training seeds");
}

TEST(Difference, ToWhatIsNotTrainedHasTheSeedsOfOneSide) {
  const Estimate found = difference(trained("a", {{1, 2}, {3, 5}}), candidate("rule", {{0}, {0}}));
  EXPECT_EQ(found.axes.text(), "2 periods x 2 training seeds");
  // Period means 2 and 3.5, seed means 1.5 and 4: sum d^2 / 2 = 0.5625 and 1.5625.
  EXPECT_NEAR(found.standard_error * found.standard_error, 0.5625 + 1.5625, 1e-12);
  EXPECT_TRUE(difference(trained("a", {{1, 2}}), candidate("rule", {{0}, {0}})).axes.one_training_seed());
}

TEST(Difference, NamesTheCellThatOneSideLacks) {
  const CandidateCells a = candidate("a", {{1, 2}, {3, 4}});
  CandidateCells b = a;
  b.name = "b";
  b.cells.erase(b.cells.begin() + 2);
  for (const bool turned : {false, true}) {
    EXPECT_EQ(error_of(turned ? b : a, turned ? a : b, SeedPairing::kIndependent),
              "paired difference: candidate 'a' has the cell of market seed 1, period 1, seat 0, which candidate 'b' "
              "lacks; expected the same cells");
  }
}

TEST(Difference, NamesTheSeedThatOneSideLacks) {
  EXPECT_EQ(error_of(trained("a", {{1}}), trained("b", {{1}, {2}}), SeedPairing::kPaired),
            "paired difference: candidate 'b' has training seed 1, which candidate 'a' lacks; expected the same seeds "
            "where they are paired");
}

TEST(Improvement, IsTheShareOfCellsThatAreHigher) {
  const Estimate found = probability_of_improvement(candidate("a", {{1, 2}, {3, 4}}), candidate("b", {{0, 2}, {1, 5}}));
  EXPECT_DOUBLE_EQ(found.value, 2.5 / 4.0);
  ASSERT_TRUE(found.interval);
  EXPECT_EQ(found.interval->high, 1.0);
  EXPECT_EQ(found.interval->low, 0.0);
}

// 1 against 0 and 2, 3 against 0 and 2: three of four.
TEST(Improvement, ComparesAllPairsOfIndependentSeeds) {
  const Estimate found = probability_of_improvement(trained("a", {{1}, {3}}), trained("b", {{0}, {2}}));
  EXPECT_DOUBLE_EQ(found.value, 0.75);
  EXPECT_DOUBLE_EQ(
      probability_of_improvement(trained("a", {{1}, {3}}), trained("b", {{0}, {2}}), SeedPairing::kPaired).value, 1.0);
}

}  // namespace
}  // namespace genbid::statistics
