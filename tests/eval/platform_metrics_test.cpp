#include "eval/platform_metrics.h"

#include <gtest/gtest.h>

#include <variant>

namespace genbid::eval {
namespace {

// A campaign with a budget of 1000 and a limit of 100: par is 10 conversions.
PlatformCell cell(double cost, double conversions, double expected_score, int64_t period = 7) {
  PlatformCell one;
  one.result.period = period;
  one.result.budget = 1000.0;
  one.result.cpa_limit = 100.0;
  one.result.cost = cost;
  one.result.conversions = conversions;
  one.result.expected_conversions = expected_score;
  one.result.score = conversions;
  one.result.expected_score = expected_score;
  return one;
}

std::vector<PlatformCell> with_scores(const std::vector<double>& expected_scores) {
  std::vector<PlatformCell> cells;
  for (const double score : expected_scores) cells.push_back(cell(0.0, 0.0, score));
  return cells;
}

TEST(PlatformMetrics, RevenueAndWelfareAreSumsOverSeats) {
  const PlatformMetrics m = platform_metrics(std::vector{cell(400.0, 5.0, 6.0), cell(100.0, 1.0, 2.0)});
  EXPECT_EQ(m.revenue, 500.0);
  EXPECT_EQ(m.welfare, 800.0);  // (6 + 2) x 100
  EXPECT_EQ(m.conversions, 6.0);
  EXPECT_EQ(m.expected_conversions, 8.0);
  EXPECT_EQ(m.expected_score, 4.0);
  EXPECT_EQ(m.score, 3.0);
  EXPECT_EQ(m.budget_use, 0.25);
}

TEST(PlatformMetrics, OfSeveralPeriodsAreMeansOverThem) {
  const std::vector<PlatformCell> cells = {cell(400.0, 5.0, 6.0, 7), cell(100.0, 1.0, 2.0, 8), cell(20.0, 1.0, 2.0, 7)};
  const auto periods = platform_periods(cells);
  ASSERT_EQ(periods.size(), 2U);
  EXPECT_EQ(periods[0].metrics.revenue, 420.0);
  EXPECT_EQ(periods[1].metrics.revenue, 100.0);
  EXPECT_EQ(platform_metrics(cells).revenue, 260.0);
}

// Of 1, 2 and 3 par: pairs differ by (1 + 2 + 1) x 2 = 8 in sum, over 2 x 9 x 2 = 36.
TEST(PlatformMetrics, GiniIsHalfTheMeanDifferenceOverTheMean) {
  const PlatformMetrics m = platform_metrics(with_scores({30.0, 10.0, 20.0}));
  EXPECT_NEAR(m.gini, 8.0 / 36.0, 1e-15);
  EXPECT_NEAR(m.generalised_gini, 2.0 * (1.0 - 8.0 / 36.0), 1e-15);
  EXPECT_EQ(platform_metrics(with_scores({10.0, 10.0})).gini, 0.0);
  EXPECT_EQ(platform_metrics(with_scores({0.0, 0.0})).gini, 0.0);
  // One has everything: 1 - 1 / n.
  EXPECT_NEAR(platform_metrics(with_scores({0.0, 0.0, 0.0, 10.0})).gini, 0.75, 1e-15);
}

// The generalised Gini gives the i-th lowest of n the weight (2 (n - i) + 1) / n^2, i from 1.
TEST(PlatformMetrics, GeneralisedGiniWeighsTheWorstMost) {
  const PlatformMetrics m = platform_metrics(with_scores({5.0, 25.0, 10.0, 40.0}));
  EXPECT_NEAR(m.generalised_gini, (7.0 * 0.5 + 5.0 * 1.0 + 3.0 * 2.5 + 1.0 * 4.0) / 16.0, 1e-15);
}

// Of five, 30 % are one and a half.
TEST(PlatformMetrics, WorstShareTakesAPartOfTheLastSeat) {
  const PlatformMetrics m = platform_metrics(with_scores({50.0, 10.0, 20.0, 40.0, 30.0}));
  EXPECT_NEAR(m.worst_30, (1.0 + 0.5 * 2.0) / 1.5, 1e-15);
  EXPECT_NEAR(m.worst_10, 1.0, 1e-15);
}

TEST(PlatformMetrics, ASeatThatPaysForNothingExceedsAndOneThatPaysNothingDoesNot) {
  // At the limit, above it, paid for nothing, paid nothing.
  const PlatformMetrics m = platform_metrics(
      std::vector{cell(500.0, 5.0, 5.0), cell(501.0, 5.0, 5.0), cell(1.0, 0.0, 0.0), cell(0.0, 0.0, 0.0)});
  EXPECT_EQ(m.exceed_rate, 0.5);
  EXPECT_EQ(m.qualified_rate, 0.5);
}

// Ratios 0.5 and 1.5; the seat without a conversion has none.
TEST(PlatformMetrics, VarianceOfTheCpaRatioIsThatOfSeatsWithConversions) {
  const PlatformMetrics m =
      platform_metrics(std::vector{cell(50.0, 1.0, 1.0), cell(300.0, 2.0, 1.0), cell(70.0, 0.0, 0.0)});
  EXPECT_NEAR(m.cpa_ratio_variance, 0.5, 1e-15);
  EXPECT_EQ(platform_metrics(std::vector{cell(50.0, 1.0, 1.0)}).cpa_ratio_variance, 0.0);
}

TEST(PlatformMetrics, PricesAreComparedWithTheReserveImpressionByImpression) {
  std::vector<PlatformCell> cells = {cell(30.0, 1.0, 1.0), cell(10.0, 1.0, 1.0)};
  cells[0].num_exposed = 300;
  cells[0].least_cost = 6.0;
  cells[1].num_exposed = 100;
  cells[1].least_cost = 2.0;
  const PlatformMetrics m = platform_metrics(cells);
  EXPECT_NEAR(m.mean_price, 0.1, 1e-15);
  EXPECT_NEAR(m.mean_reserve, 0.02, 1e-15);
  EXPECT_NEAR(m.price_over_reserve, 5.0, 1e-12);
  EXPECT_EQ(platform_metrics(std::vector{cell(0.0, 0.0, 0.0)}).price_over_reserve, 0.0);
}

TEST(PlatformMetrics, GroupsAreTakenApart) {
  std::vector<PlatformCell> cells = with_scores({10.0, 20.0, 30.0});
  cells[1].group = PlatformGroup::kPromoted;
  EXPECT_EQ(cells_of(cells, PlatformGroup::kPromoted).size(), 1U);
  EXPECT_EQ(platform_metrics(cells_of(cells, PlatformGroup::kCandidate)).expected_score, 20.0);
  EXPECT_EQ(platform_group_name(PlatformGroup::kPromoted), "promoted");
}

TEST(PlatformMetrics, SeedsOfAPeriodAreSeveralPlaysOfIt) {
  std::vector<PlatformCell> cells = {cell(400.0, 5.0, 6.0), cell(100.0, 1.0, 2.0), cell(20.0, 1.0, 2.0)};
  cells[1].result.policy_seed = 2;
  cells[2].result.market_seed = 3;
  const auto periods = platform_periods(cells);
  ASSERT_EQ(periods.size(), 3U);
  EXPECT_EQ(periods[1].policy_seed, 2);
  EXPECT_EQ(periods[2].market_seed, 3);
  EXPECT_NEAR(platform_metrics(cells).revenue, 520.0 / 3.0, 1e-12);  // no sum over seeds
}

TEST(PlatformMetrics, PartsAreAllAndTheGroupsWhereThereAreSeveral) {
  std::vector<PlatformCell> cells = with_scores({10.0, 20.0, 30.0});
  ASSERT_EQ(platform_parts(cells).size(), 1U);
  EXPECT_EQ(platform_parts(cells)[0].group, "all");
  cells[1].group = PlatformGroup::kPromoted;
  const auto parts = platform_parts(cells);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[2].group, "promoted");
  EXPECT_EQ(parts[2].periods[0].metrics.expected_score, 20.0);
}

// What is read by place is what the column of that place says.
TEST(PlatformMetrics, ValuesAreInTheOrderOfTheColumns) {
  PlatformMetrics metrics;
  for (size_t i = 0; i < platform_columns().size(); ++i) set_platform_value(metrics, i, 1.0 + static_cast<double>(i));
  for (size_t i = 0; i < platform_columns().size(); ++i) {
    EXPECT_EQ(std::get<double>(platform_columns()[i].get(metrics)), 1.0 + static_cast<double>(i));
    EXPECT_EQ(platform_value(metrics, i), 1.0 + static_cast<double>(i));
  }
}

// A number that is left out of a column or of the mean over periods would be noticed by nobody.
TEST(PlatformMetrics, EveryNumberHasAColumnAndAMean) {
  EXPECT_EQ(platform_columns().size() * sizeof(double), sizeof(PlatformMetrics));
  std::vector<PlatformCell> cells;
  for (const int64_t period : {7, 8}) {
    for (int seat = 0; seat < 3; ++seat) {
      PlatformCell one = cell(50.0 + 60.0 * seat, 1.0, 2.0 + seat, period);
      one.num_exposed = 10;
      one.least_cost = 0.5;
      cells.push_back(one);
    }
  }
  const PlatformMetrics mean = platform_metrics(cells);
  const PlatformMetrics first = platform_periods(cells).front().metrics;
  for (const auto& column : platform_columns()) {
    EXPECT_NE(std::get<double>(column.get(first)), 0.0) << column.name;
    EXPECT_NEAR(std::get<double>(column.get(mean)), std::get<double>(column.get(first)), 1e-12) << column.name;
  }
}

}  // namespace
}  // namespace genbid::eval
