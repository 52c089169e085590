#include "report/outcome_means.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

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
  return candidate.cells.empty() ? 0.0 : sum_of(candidate, value) / static_cast<double>(candidate.cells.size());
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string percent(double share) { return std::isfinite(share) ? fixed(100.0 * share, 1) + " %" : "–"; }

std::string with_interval(const MeanInterval& mean, bool signs) {
  const auto text = [&](double value) { return (signs && value > 0.0 ? "+" : "") + fixed(value, 2); };
  return mean.low ? text(mean.mean) + " (" + text(*mean.low) + " to " + text(*mean.high) + ")" : text(mean.mean);
}

// The best one that was played: an optimum that was computed is nobody to compete with.
const ReportCandidate* best_played(const std::vector<const ReportCandidate*>& ordered) {
  for (const ReportCandidate* one : ordered) {
    if (one->kind != "hindsight") return one;
  }
  return nullptr;
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
  for (const auto& [period, sum] : sums) means[period] = sum.first / static_cast<double>(sum.second);
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
  return around(sum / static_cast<double>(count), periods);
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

std::optional<MeanInterval> score_difference(const ReportCandidate& candidate, const ReportCandidate& other) {
  const CellValue score = [](const CellOutcome& cell) { return cell.expected_score; };
  const std::map<int64_t, double> theirs = means_by_period(other, score);
  std::vector<double> differences;
  for (const auto& [period, mean] : means_by_period(candidate, score)) {
    const auto found = theirs.find(period);
    if (found != theirs.end()) differences.push_back(mean - found->second);
  }
  if (differences.empty()) return std::nullopt;
  return mean_interval(differences);
}

double mean_expected_score(const ReportCandidate& candidate) {
  return mean_of(candidate, [](const CellOutcome& cell) { return cell.expected_score; });
}

Table candidates_table(const Judgement& judgement, size_t most_rows) {
  std::vector<const ReportCandidate*> ordered;
  for (const ReportCandidate& one : judgement.candidates) ordered.push_back(&one);
  std::stable_sort(ordered.begin(), ordered.end(), [](const ReportCandidate* a, const ReportCandidate* b) {
    return mean_expected_score(*a) > mean_expected_score(*b);
  });
  const ReportCandidate* const best = best_played(ordered);
  Table table;
  table.head = {
      "candidate", "kind",        "expected score", "of optimum", best == nullptr ? "to the best" : "to " + best->name,
      "score",     "conversions", "over CPA",       "budget use"};
  for (const ReportCandidate* one : ordered) {
    if (table.rows.size() == most_rows) break;
    const auto score = [](const CellOutcome& cell) { return cell.expected_score; };
    const double optimum = sum_of(*one, [](const CellOutcome& cell) { return cell.optimum; });
    const auto difference = best == nullptr || one == best ? std::nullopt : score_difference(*one, *best);
    const bool computed = one->kind == "hindsight";
    table.rows.push_back(
        {one->name, one->kind, with_interval(period_mean(*one, score), false),
         optimum > 0.0 ? percent(sum_of(*one, score) / optimum) : "–",
         difference ? with_interval(*difference, true) : "–",
         computed ? "–" : fixed(mean_of(*one, [](const CellOutcome& cell) { return cell.score; }), 2),
         computed ? "–" : fixed(mean_of(*one, [](const CellOutcome& cell) { return cell.conversions; }), 2),
         computed ? "–"
                  : percent(mean_of(*one, [](const CellOutcome& cell) { return cell.exceeds_cpa() ? 1.0 : 0.0; })),
         percent(mean_of(*one,
                         [](const CellOutcome& cell) { return cell.budget > 0.0 ? cell.cost / cell.budget : 0.0; }))});
  }
  return table;
}

}  // namespace genbid::report
