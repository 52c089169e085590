#include "report/outcome_means.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genbid::report {
namespace {

ReportCandidate candidate(const std::string& name, const std::vector<std::pair<int64_t, double>>& scores) {
  ReportCandidate one;
  one.name = name;
  one.kind = "rule";
  for (const auto& [period, score] : scores) {
    CellOutcome cell;
    cell.period = period;
    cell.expected_score = score;
    cell.optimum = 10.0;
    cell.budget = 100.0;
    cell.cpa_limit = 10.0;
    cell.cost = 50.0;
    cell.conversions = 4.0;  // CPA 12.5
    cell.expected_conversions = 5.0;
    one.cells.push_back(cell);
  }
  return one;
}

double score_of(const CellOutcome& cell) { return cell.expected_score; }

// Periods' means are 2 and 4; cells' mean is (1 + 3 + 4) / 3.
TEST(OutcomeMeans, TheMeanIsOfCellsAndTheIntervalOfPeriods) {
  const MeanInterval mean = period_mean(candidate("a", {{1, 1.0}, {1, 3.0}, {2, 4.0}}), score_of);
  EXPECT_DOUBLE_EQ(mean.mean, 8.0 / 3.0);
  EXPECT_NEAR(*mean.high - mean.mean, 12.706, 1e-9);  // deviation sqrt(2), of the mean 1
  EXPECT_FALSE(period_mean(candidate("a", {{1, 1.0}, {1, 3.0}}), score_of).low);
}

// 1, 3 and 2 more in the periods that both have: mean 2, deviation 1, t(2) = 4.303.
TEST(OutcomeMeans, DifferencesArePairedByPeriod) {
  const auto difference = score_difference(candidate("a", {{1, 5.0}, {2, 8.0}, {3, 4.0}, {9, 99.0}}),
                                           candidate("b", {{1, 4.0}, {2, 5.0}, {3, 2.0}}));
  ASSERT_TRUE(difference);
  EXPECT_DOUBLE_EQ(difference->mean, 2.0);
  EXPECT_NEAR(*difference->low, 2.0 - 4.303 / std::sqrt(3.0), 1e-9);
  EXPECT_FALSE(score_difference(candidate("a", {{1, 5.0}}), candidate("b", {{2, 5.0}})));
}

TEST(OutcomeMeans, ARatioIsOfSums) {
  const auto ratio = period_ratio(
      candidate("a", {{1, 1.0}}), [](const CellOutcome& cell) { return cell.conversions; },
      [](const CellOutcome& cell) { return cell.expected_conversions; });
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->mean, 0.8);
}

TEST(OutcomeMeans, TheTableBeginsWithTheBestAndComparesWithTheBestThatPlayed) {
  Judgement judgement;
  judgement.candidates = {candidate("low", {{1, 2.0}}), candidate("high", {{1, 6.0}}),
                          candidate("optimum", {{1, 10.0}})};
  judgement.candidates[2].kind = "hindsight";
  const Table table = candidates_table(judgement, 10);
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.head[4], "to high");
  using Row = std::vector<std::string>;
  EXPECT_EQ(table.rows[0], (Row{"optimum", "hindsight", "10.00", "100.0 %", "+4.00", "–", "–", "–", "50.0 %"}));
  EXPECT_EQ(table.rows[1], (Row{"high", "rule", "6.00", "60.0 %", "–", "0.00", "4.00", "100.0 %", "50.0 %"}));
  EXPECT_EQ(table.rows[2][4], "-4.00");
  EXPECT_EQ(candidates_table(judgement, 1).rows.size(), 1U);
}

}  // namespace
}  // namespace genbid::report
