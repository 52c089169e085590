#include "bidding/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "bidding/mean_score.h"

namespace genbid {
namespace {

TEST(Score, IsTheConversionsWithinTheCpaLimit) {
  EXPECT_EQ(score(10.0, 500.0, 100.0), 10.0);  // CPA 50
}

TEST(Score, IsNotCutAtTheLimitItself) { EXPECT_EQ(score(10.0, 1000.0, 100.0), 10.0); }

TEST(Score, FallsWithTheSquareOfTheExcess) {
  EXPECT_NEAR(score(10.0, 2000.0, 100.0), 2.5, 1e-9);  // CPA 200, (100 / 200)^2 = 0.25
}

TEST(Score, IsZeroWithoutConversions) {
  EXPECT_EQ(score(0.0, 0.0, 100.0), 0.0);
  EXPECT_EQ(score(0.0, 2000.0, 100.0), 0.0);
}

TEST(ScoreOfExpectation, IsThatOfExpectedConversions) {
  EXPECT_NEAR(score_of_expectation(0.5, 100.0, 100.0), 0.5 * 0.25, 1e-9);  // CPA 200
}

using Random = std::mt19937_64;

double draw(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

double lognormal(Random& random, double median, double spread) {
  return median * std::exp(spread * std::normal_distribution<double>()(random));
}

ConversionSums sums_of(const std::vector<double>& pvalues) {
  ConversionSums sums;
  for (const double p : pvalues) {
    sums.pvalue += p;
    sums.squared += p * p;
    sums.cubed += p * p * p;
  }
  return sums;
}

// The largest error, as a share of the score, over days with costs from half to twice what their expected conversions
// pay for.
double worst_error(const std::vector<double>& pvalues) {
  const ConversionSums sums = sums_of(pvalues);
  const std::vector<double> probability = test::conversion_probabilities(pvalues);
  double worst = 0.0;
  for (const double ratio : {0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.15, 1.5, 2.0}) {
    const double cost = ratio * 50.0 * sums.pvalue;
    const double exact = test::mean_score(probability, cost, 50.0);
    worst = std::max(worst, std::abs(expected_score(sums, cost, 50.0) / exact - 1.0));
  }
  return worst;
}

struct Days {
  std::string name;
  double allowed = 0.0;  // error
  std::function<std::vector<double>(Random&)> draw;
};

std::vector<double> many(int count, const std::function<double()>& pvalue) {
  std::vector<double> all(static_cast<size_t>(count));
  std::generate(all.begin(), all.end(), [&] { return std::min(pvalue(), 1.0); });
  return all;
}

std::vector<double> three_conversions(Random& random, int fewest, double highest) {
  const int count = static_cast<int>(std::pow(10.0, draw(random, std::log10(fewest), 3.5)));
  const double spread = draw(random, 0.0, 2.0);
  std::vector<double> all = many(count, [&] { return lognormal(random, 1e-5, spread); });
  double sum = 0.0;
  for (const double p : all) sum += p;
  for (double& p : all) p = std::min(highest, p * 3.0 / sum);
  return all;
}

class ExpectedScore : public testing::TestWithParam<Days> {};
INSTANTIATE_TEST_SUITE_P(
    Days, ExpectedScore,
    testing::Values(Days{"sparse", 1e-5,
                         [](Random& random) {
                           const double median = draw(random, 1e-4, 2e-3);
                           return many(static_cast<int>(draw(random, 2000, 20000)),
                                       [&] { return lognormal(random, median, 1.0); });
                         }},
                    Days{"dense", 1e-4,
                         [](Random& random) {
                           return many(static_cast<int>(draw(random, 50, 1000)),
                                       [&] { return draw(random, 0.02, 0.2); });
                         }},
                    Days{"any", 1e-3,
                         [](Random& random) {
                           return many(static_cast<int>(draw(random, 30, 300)), [&] { return draw(random, 0.0, 1.0); });
                         }},
                    Days{"skewed", 1e-3,
                         [](Random& random) {
                           const double power = draw(random, 0.2, 4.0);
                           return many(static_cast<int>(draw(random, 60, 400)),
                                       [&] { return std::pow(draw(random, 0.0, 1.0), power); });
                         }},
                    Days{"mixed", 1e-3,
                         [](Random& random) {
                           std::vector<double> all =
                               many(static_cast<int>(draw(random, 100, 3000)), [&] { return draw(random, 0.0, 0.02); });
                           for (const double p :
                                many(static_cast<int>(draw(random, 1, 30)), [&] { return draw(random, 0.5, 1.0); }))
                             all.push_back(p);
                           return all;
                         }},
                    Days{"equal", 1e-6,
                         [](Random& random) {
                           const double pvalue = draw(random, 0.0, 1.0);
                           return many(static_cast<int>(draw(random, 1, 200)), [&] { return pvalue; });
                         }},
                    Days{"large", 1e-5,
                         [](Random& random) {
                           return many(static_cast<int>(draw(random, 2000, 4000)),
                                       [&] { return draw(random, 0.0, 1.0); });
                         }},
                    Days{"three", 1e-3, [](Random& random) { return three_conversions(random, 30, 0.3); }},
                    // Where next to nothing but a few near certain conversions is there, three sums do not tell enough.
                    Days{"few", 0.05, [](Random& random) { return three_conversions(random, 6, 0.99); }}),
    [](const auto& days) { return days.param.name; });

// Against the exact distribution, impression by impression.
TEST_P(ExpectedScore, IsTheMeanOfTheScore) {
  const Days& days = GetParam();
  Random random(7);
  double worst = 0.0;
  const int count = days.name == "large" || days.name == "sparse" ? 15 : 150;
  for (int i = 0; i < count; ++i) worst = std::max(worst, worst_error(days.draw(random)));
  RecordProperty("worst_error", std::to_string(worst));
  EXPECT_LE(worst, days.allowed);
}

TEST(ExpectedScoreOfPoisson, IsTheMeanOfTheScore) {
  for (double expected = 1e-6; expected < 2e6; expected *= expected < 300.0 ? 1.31 : 3.1) {
    for (const double ratio : {0.1, 0.5, 0.8, 0.95, 1.0, 1.03, 1.2, 2.0, 50.0}) {
      const double cost = ratio * 80.0 * expected;
      const double exact = test::poisson_mean_score(expected, cost, 80.0);
      EXPECT_NEAR(expected_score(expected, cost, 80.0) / exact, 1.0, expected < 1000.0 ? 1e-6 : 1e-8)
          << expected << " " << ratio;
    }
  }
}

// 0 or 1 conversion with a p-value of 0.5, a cost of 2 at a limit of 1: 0.5 (1 / 2)^2.
TEST(ExpectedScore, OfOneImpressionIsSeenInTheHead) {
  EXPECT_NEAR(expected_score({0.5, 0.25, 0.125}, 2.0, 1.0), 0.125, 1e-15);
  EXPECT_NEAR(score_of_expectation(0.5, 2.0, 1.0), 0.5 / 16.0, 1e-9);
}

TEST(ExpectedScore, IsWhatIsExpectedWhereTheLimitCanNotBind) {
  for (const double expected : {0.0, 1e-300, 1e-3, 0.7, 30.0, 1e4, 1e6}) {
    // One conversion pays for the cost, or next to none would have to come.
    for (const double cost : {0.0, 1e-9, 80.0}) {
      EXPECT_EQ(expected_score(expected, cost, 80.0), expected);
      EXPECT_EQ(expected_score({expected, 0.1 * expected, 0.02 * expected}, cost, 80.0), expected);
    }
    if (expected > 1000.0) {
      EXPECT_EQ(expected_score(expected, 40.0 * expected, 80.0), expected);
    }
  }
  EXPECT_EQ(expected_score(3.0, 0.0, 0.0), 3.0);
}

TEST(ExpectedScore, LiesBetweenNothingAndWhatIsExpected) {
  for (const double expected : {0.0, 1e-300, 1e-6, 1.0, 30.0, 127.9, 128.1, 1e4, 1e6, 1e9}) {
    for (const double cost : {0.0, 1e-9, 1.0, 50.0 * expected, 60.0 * expected, 1e300}) {
      for (const double limit : {0.0, 1e-9, 50.0, 1e300}) {
        for (const ConversionSums& sums : {ConversionSums{expected, 0.0, 0.0},
                                           {expected, 0.3 * expected, 0.0},
                                           {expected, 0.3 * expected, 0.1 * expected},
                                           {expected, expected, expected}}) {
          const double found = expected_score(sums, cost, limit);
          EXPECT_GE(found, 0.0) << expected << " " << cost << " " << limit;
          EXPECT_LE(found, expected) << expected << " " << cost << " " << limit;
        }
      }
    }
  }
}

// More conversions raise it and more cost lowers it, across what is summed up one by one and what has a density.
TEST(ExpectedScore, RisesInConversionsAndFallsInCost) {
  for (const double share : {0.0, 0.05, 0.5}) {
    double last = 0.0;
    for (double expected = 100.0; expected < 400.0; expected += 0.25) {
      const double found = expected_score({expected, share * expected, share * share * expected}, 200.0 * 50.0, 50.0);
      EXPECT_GT(found, last) << expected;
      last = found;
    }
    last = 200.0;
    for (double cost = 150.0; cost < 300.0; cost += 0.125) {
      const double found = expected_score({200.0, share * 200.0, share * share * 200.0}, cost * 50.0, 50.0);
      EXPECT_LE(found, last) << cost;
      last = found;
    }
  }
}

TEST(ExpectedScore, OfNoNumberIsNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(expected_score(nan, 1.0, 1.0)));
  EXPECT_TRUE(std::isnan(expected_score(30.0, nan, 1.0)));
}

TEST(EarnedScore, CountsWhatCameOrWhatIsExpected) {
  EXPECT_EQ(earned_score(3.0, true, 40.0, 10.0), score(3.0, 40.0, 10.0));
  EXPECT_EQ(earned_score(3.0, false, 40.0, 10.0), expected_score(3.0, 40.0, 10.0));
}

TEST(Cpa, OfNothingIsZeroAndOfNoConversionsIsHuge) {
  EXPECT_EQ(cpa(0.0, 0.0), 0.0);
  EXPECT_NEAR(cpa(0.0, 2.0), 2e10, 1.0);
  EXPECT_NEAR(cpa(4.0, 100.0), 25.0, 1e-8);
}

}  // namespace
}  // namespace genbid
