#include "report/outcome_means.h"

#include <cmath>

#include "base/convert.h"

namespace genbid::report {
namespace {

// An interval around the mean of cells that is as wide as that of the periods' values.
MeanInterval around(double mean, const std::vector<double>& periods) {
  MeanInterval result = mean_interval(periods);
  const double shift = mean - result.mean;
  if (result.low) *result.low += shift;
  if (result.high) *result.high += shift;
  result.mean = mean;
  return result;
}

double sum_of(const ReportCandidate& candidate, const CellValue& value) {
  double sum = 0.0;
  for (const CellOutcome& cell : candidate.cells) sum += value(cell);
  return sum;
}

double mean_of(const ReportCandidate& candidate, const CellValue& value) {
  return candidate.cells.empty() ? 0.0 : sum_of(candidate, value) / as_double(candidate.cells.size());
}

}  // namespace

std::map<int64_t, double> means_by_period(const ReportCandidate& candidate, const CellValue& value) {
  std::map<int64_t, std::pair<double, int64_t>> sums;
  for (const CellOutcome& cell : candidate.cells) {
    const double one = value(cell);
    if (!std::isfinite(one)) continue;
    sums[cell.period].first += one;
    ++sums[cell.period].second;
  }
  std::map<int64_t, double> means;
  for (const auto& [period, sum] : sums) means[period] = sum.first / as_double(sum.second);
  return means;
}

MeanInterval period_mean(const ReportCandidate& candidate, const CellValue& value) {
  double sum = 0.0;
  int64_t count = 0;
  for (const CellOutcome& cell : candidate.cells) {
    const double one = value(cell);
    if (!std::isfinite(one)) continue;
    sum += one;
    ++count;
  }
  if (count == 0) return {std::nan(""), {}, {}};
  std::vector<double> periods;
  for (const auto& [period, mean] : means_by_period(candidate, value)) periods.push_back(mean);
  return around(sum / as_double(count), periods);
}

std::optional<MeanInterval> period_ratio(const ReportCandidate& candidate, const CellValue& above,
                                         const CellValue& below) {
  const double divisor = sum_of(candidate, below);
  if (!(divisor > 0.0)) return std::nullopt;
  std::map<int64_t, double> over = means_by_period(candidate, above);
  std::vector<double> ratios;
  for (const auto& [period, mean] : means_by_period(candidate, below)) {
    if (mean > 0.0) ratios.push_back(over[period] / mean);
  }
  if (ratios.empty()) return std::nullopt;
  return around(sum_of(candidate, above) / divisor, ratios);
}

double mean_expected_score(const ReportCandidate& candidate) {
  return mean_of(candidate, [](const CellOutcome& cell) { return cell.expected_score; });
}

}  // namespace genbid::report
