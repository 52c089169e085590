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
  EXPECT_NEAR(*mean.high - mean.mean, 12.7062, 1e-4);  // deviation sqrt(2), of the mean 1
  EXPECT_FALSE(period_mean(candidate("a", {{1, 1.0}, {1, 3.0}}), score_of).low);
}

TEST(OutcomeMeans, ARatioIsOfSums) {
  const auto ratio = period_ratio(
      candidate("a", {{1, 1.0}}), [](const CellOutcome& cell) { return cell.conversions; },
      [](const CellOutcome& cell) { return cell.expected_conversions; });
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->mean, 0.8);
}

}  // namespace
}  // namespace genbid::report
