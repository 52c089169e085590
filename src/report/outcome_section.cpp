#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include "base/convert.h"
#include "report/binning.h"
#include "report/comparison.h"
#include "report/line_chart.h"
#include "report/outcome_means.h"
#include "report/palette.h"
#include "report/profile.h"
#include "report/row_chart.h"
#include "report/section.h"

namespace genbid::report {
namespace {

using Candidates = std::vector<const ReportCandidate*>;

constexpr int kBins = 30;
constexpr double kMostCpa = 3.0;   // of the limit, as far as its axis goes
constexpr size_t kCalibrated = 4;  // candidates with a calibration curve of their own
constexpr size_t kCalibrationGroups = 8;

// What a distribution shows of a cell; nothing where the cell has no such number.
using Shown = std::optional<double> (*)(const CellOutcome& cell);
// What stands beside a candidate's name, of the rising numbers of its cells.
using Beside = std::string (*)(const ReportCandidate& candidate, const std::vector<double>& rising);

// A histogram a candidate, with a mark at its median, in the bins of a chart whose axis is set.
std::string distributions(const Candidates& candidates, RowChart chart, Shown shown, Beside beside) {
  chart.edges = even_edges(0.0, chart.x_high, kBins);
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<double> values;
    for (const CellOutcome& cell : candidates[i]->cells) {
      if (const std::optional<double> value = shown(cell)) values.push_back(*value);
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    ChartRow row{candidates[i]->name, to_int(i), {}, {}, {}, "", histogram(values, chart.edges)};
    row.value = quantile(values, 0.5);
    row.value_text = beside(*candidates[i], values);
    chart.rows.push_back(row);
  }
  return row_figure(chart);
}

std::string score_distribution(const Candidates& candidates, const std::string& id) {
  double largest = 0.0;
  for (const ReportCandidate* one : candidates) {
    for (const CellOutcome& cell : one->cells) largest = std::max(largest, cell.expected_score);
  }
  RowChart chart;
  chart.caption = {id + "-score-distribution", "Expected scores of the cells",
                   "Share of the cells by their expected score; the upright line is the median.",
                   "For each candidate a histogram of the expected scores of its cells."};
  chart.x_name = "expected score of a cell (conversions)";
  chart.x_high = largest > 0.0 ? make_axis(0.0, largest, 8, Scale::kLinear, true).high : 1.0;
  return distributions(
      candidates, chart, [](const CellOutcome& cell) { return std::optional(cell.expected_score); },
      [](const ReportCandidate& /*candidate*/, const std::vector<double>& rising) {
        return "median " + number_text(quantile(rising, 0.5));
      });
}

std::string cpa_distribution(const Candidates& candidates, const std::string& id) {
  RowChart chart;
  chart.caption = {id + "-cpa-distribution", "Realised CPA over its limit",
                   "Share of the cells by CPA / limit; what is above 3, or without a conversion, counts in the last "
                   "bin. The upright line is the median.",
                   "For each candidate a histogram of the realised CPA of its cells in units of the CPA limit."};
  chart.x_name = "CPA / limit";
  chart.x_high = kMostCpa;
  chart.reference = 1.0;
  chart.reference_name = "limit";
  const auto ratio = [](const CellOutcome& cell) -> std::optional<double> {
    if (!(cell.cost > 0.0) || !(cell.cpa_limit > 0.0)) return std::nullopt;  // nothing bought, no CPA
    return std::min(cell.cost / (cell.conversions * cell.cpa_limit), 1e9);
  };
  return distributions(
      candidates, chart, ratio, [](const ReportCandidate& candidate, const std::vector<double>& /*rising*/) {
        const auto& cells = candidate.cells;
        const auto above =
            std::count_if(cells.begin(), cells.end(), [](const CellOutcome& cell) { return cell.exceeds_cpa(); });
        const double share = as_double(above) / as_double(cells.size());
        return number_text(std::round(1000.0 * share) / 10.0) + " % above";
      });
}

bool has_optimum(const CellOutcome& cell) { return std::isfinite(cell.optimum) && cell.optimum > 0.0; }

std::string performance_profile(const Candidates& candidates, const std::string& id) {
  std::vector<ProfileLine> lines;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const ReportCandidate& one = *candidates[i];
    if (one.kind == "hindsight" || std::none_of(one.cells.begin(), one.cells.end(), has_optimum)) continue;
    ProfileLine line{one.name, to_int(i), {}};
    for (const double share : profile_shares()) {
      line.above.push_back(period_mean(one, [&](const CellOutcome& cell) {
        if (!has_optimum(cell)) return std::nan("");
        return cell.expected_score > share * cell.optimum ? 1.0 : 0.0;
      }));
    }
    lines.push_back(std::move(line));
  }
  return profile_figure(lines, id, "candidate", "periods");
}

// Computed candidates (the optimum in hindsight) have no draws, and nothing to calibrate.
Candidates played(const Candidates& candidates) {
  Candidates result = candidates;
  std::replace_if(
      result.begin(), result.end(), [](const ReportCandidate* one) { return one->kind == "hindsight"; }, nullptr);
  return result;
}

std::string calibration_curves(const Candidates& candidates, const std::string& id) {
  LineChart chart;
  chart.caption = {id + "-calibration", "Expected against realised conversions",
                   "Cells in groups of equal size by what was expected; bars are 95 % intervals of a group's mean.",
                   "For each candidate the mean realised conversions of groups of cells, against the mean expected."};
  chart.x_name = "expected conversions of a cell";
  chart.y_name = "realised conversions";
  double largest = 0.0;
  for (size_t i = 0; i < candidates.size() && chart.series.size() < kCalibrated; ++i) {
    if (candidates[i] == nullptr) continue;
    const std::vector<CellOutcome>& cells = candidates[i]->cells;
    std::vector<double> expected;
    for (const CellOutcome& cell : cells) expected.push_back(cell.expected_conversions);
    Series series{candidates[i]->name, to_int(i), {}, {}, {}, {}, true};
    for (const std::vector<size_t>& group :
         equal_groups(expected, std::min(kCalibrationGroups, cells.size() / 5 + 1))) {
      std::vector<double> hoped;
      std::vector<double> came;
      for (const size_t c : group) {
        hoped.push_back(expected[c]);
        came.push_back(cells[c].conversions);
      }
      const MeanInterval realised = mean_interval(came);
      series.x.push_back(mean_interval(hoped).mean);
      series.y.push_back(realised.mean);
      series.low.push_back(std::max(realised.low.value_or(realised.mean), 0.0));
      series.high.push_back(realised.high.value_or(realised.mean));
      largest = std::max({largest, series.x.back(), series.y.back()});
    }
    chart.series.push_back(std::move(series));
  }
  if (chart.series.empty()) return {};
  chart.series.push_back({"perfect", kReference, {0.0, largest}, {0.0, largest}, {}, {}, false});
  return line_figure(chart);
}

std::string calibration_ratios(const Candidates& candidates, const std::string& id) {
  RowChart chart;
  chart.caption = {id + "-calibration-ratio", "Realised conversions per expected one",
                   "Above 1 more came than p-values promised; 95 % intervals over periods where there are several.",
                   "For each candidate the ratio of realised to expected conversions and its 95 % interval."};
  chart.x_name = "realised / expected";
  chart.reference = 1.0;
  chart.reference_name = "perfect";
  std::vector<MeanInterval> means;
  double high = 1.2;
  double low = 0.8;
  for (const ReportCandidate* one : candidates) {
    if (one == nullptr) continue;
    const auto ratio = period_ratio(
        *one, [](const CellOutcome& cell) { return cell.conversions; },
        [](const CellOutcome& cell) { return cell.expected_conversions; });
    if (!ratio) continue;
    ChartRow row;
    row.name = one->name;
    row.style = to_int(std::find(candidates.begin(), candidates.end(), one) - candidates.begin());
    row.value = ratio->mean;
    row.low = ratio->low;
    row.high = ratio->high;
    row.value_text = value_with_interval(*ratio, false);
    high = std::max({high, 1.05 * ratio->mean, std::min(ratio->high.value_or(0.0), 2.0)});
    low = std::min({low, 0.95 * ratio->mean, std::max(ratio->low.value_or(1.0), 0.0)});
    chart.rows.push_back(row);
  }
  const Axis axis = make_axis(low, high, 10, Scale::kLinear, true);
  chart.x_low = axis.low;
  chart.x_high = axis.high;
  for (ChartRow& row : chart.rows) {
    for (std::optional<double>* end : {&row.value, &row.low, &row.high}) {
      if (*end) *end = std::clamp(**end, chart.x_low, chart.x_high);
    }
  }
  return row_figure(chart);
}

// Sums of a quantity by seat, over periods.
std::map<int64_t, double> by_seat(const ReportCandidate& candidate, double CellOutcome::*quantity) {
  std::map<int64_t, double> sums;
  for (const CellOutcome& cell : candidate.cells) sums[cell.seat] += cell.*quantity;
  return sums;
}

std::string lorenz_curves(const Candidates& candidates, const std::string& id) {
  const bool optima = std::all_of(candidates.begin(), candidates.end(), [](const ReportCandidate* one) {
    return std::all_of(one->cells.begin(), one->cells.end(),
                       [](const CellOutcome& cell) { return std::isfinite(cell.optimum); });
  });
  LineChart chart;
  const std::string quantity = optima ? "share of the optimum" : "expected score";
  chart.caption = {
      id + "-lorenz", "Lorenz curve of seats",
      "What the poorest seats have of all seats' " + quantity + "; the further below the even line, the " +
          "less alike seats fare. In brackets the Gini coefficient (0: all alike).",
      "For each candidate the cumulative share of the seats' " + quantity + ", seats from poorest to " + "richest."};
  chart.x_name = "share of seats";
  chart.y_name = "of the sum of " + std::string(optima ? "shares" : "scores");
  chart.y_least = 0.0;
  chart.y_most = 1.0;
  chart.names_at_ends = false;  // all of them end where everything is shared
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::map<int64_t, double> best = by_seat(*candidates[i], &CellOutcome::optimum);
    std::vector<double> seats;
    for (const auto& [seat, score] : by_seat(*candidates[i], &CellOutcome::expected_score)) {
      if (optima && !(best[seat] > 0.0)) continue;
      seats.push_back(std::max(optima ? score / best[seat] : score, 0.0));
    }
    std::sort(seats.begin(), seats.end());
    double sum = 0.0;
    for (const double one : seats) sum += one;
    if (seats.size() < 2 || !(sum > 0.0)) continue;
    std::vector<double> x = {0.0};
    std::vector<double> y = {0.0};
    double so_far = 0.0;
    for (size_t s = 0; s < seats.size(); ++s) {
      so_far += seats[s];
      x.push_back(as_double(s + 1) / as_double(seats.size()));
      y.push_back(so_far / sum);
    }
    const Thinned few = thinned(x, y, kMostPoints);
    char coefficient[32];
    std::snprintf(coefficient, sizeof coefficient, " (%.2f)", gini(seats));
    chart.series.push_back({candidates[i]->name + coefficient, to_int(i), few.x, few.y, {}, {}, false});
  }
  if (chart.series.empty()) return {};
  const std::vector<double>& x = chart.series.front().x;
  chart.series.push_back({"even", kReference, x, x, {}, {}, false});
  return line_figure(chart);
}

// A policy that was asked for several things appears under several names, which differ behind this.
std::string asked_policy(const std::string& name) { return name.substr(0, name.find(" target_")); }

// One line a policy: what was asked, and what came in the mean.
std::string asked_figure(const Candidates& candidates, LineChart chart, std::optional<double> ReportCandidate::*target,
                         double (*came)(const CellOutcome& cell)) {
  std::map<std::string, std::map<double, MeanInterval>> policies;
  std::vector<std::string> order;
  for (const ReportCandidate* one : candidates) {
    if (!(one->*target)) continue;
    const std::string policy = asked_policy(one->name);
    if (!policies.contains(policy)) order.push_back(policy);
    policies[policy][*(one->*target)] = period_mean(*one, came);
  }
  double low = 1e300;
  double high = 0.0;
  for (size_t i = 0; i < order.size(); ++i) {
    Series series{order[i], to_int(i), {}, {}, {}, {}, true};
    for (const auto& [asked, mean] : policies[order[i]]) {
      series.x.push_back(asked);
      series.y.push_back(mean.mean);
      series.low.push_back(mean.low.value_or(mean.mean));
      series.high.push_back(mean.high.value_or(mean.mean));
      low = std::min(low, asked);
      high = std::max(high, asked);
    }
    chart.series.push_back(std::move(series));
  }
  if (order.empty()) return {};
  const std::vector<double> ends = {0.9 * low, 1.1 * high};
  chart.series.push_back({"as asked", kReference, ends, ends, {}, {}, false});
  return line_figure(chart);
}

std::vector<std::string> asked_figures(const Candidates& candidates, const std::string& id) {
  LineChart returns;
  returns.caption = {id + "-asked-return", "Target return",
                     "Mean expected score in units of budget / CPA limit, against what was asked for.",
                     "For each policy the mean return that came, against the target return."};
  returns.x_name = "asked";
  returns.y_name = "came (par units)";
  LineChart cpas;
  cpas.caption = {id + "-asked-cpa", "Target CPA", "Mean of expected CPA over its limit, against what was asked for.",
                  "For each policy the mean CPA that came, in units of the limit, against the target CPA."};
  cpas.x_name = "asked";
  cpas.y_name = "came (CPA / limit)";
  return {asked_figure(candidates, returns, &ReportCandidate::target_return,
                       [](const CellOutcome& cell) { return cell.expected_score * cell.cpa_limit / cell.budget; }),
          asked_figure(candidates, cpas, &ReportCandidate::target_cpa, [](const CellOutcome& cell) {
            return cell.cost / (cell.expected_conversions * cell.cpa_limit);
          })};
}

}  // namespace

std::vector<const ReportCandidate*> charted_candidates(const Judgement& judgement) {
  Candidates all;
  for (const ReportCandidate& one : judgement.candidates) {
    if (!one.cells.empty() || one.days.ticks > 0) all.push_back(&one);
  }
  std::stable_sort(all.begin(), all.end(), [](const ReportCandidate* a, const ReportCandidate* b) {
    return mean_expected_score(*a) > mean_expected_score(*b);
  });
  if (all.size() > kNumStyles) all.resize(kNumStyles);
  return all;
}

std::vector<Section> outcome_sections(const std::vector<const ReportCandidate*>& candidates, const std::string& id) {
  Candidates judged = candidates;
  std::erase_if(judged, [](const ReportCandidate* one) { return one->cells.empty(); });
  if (judged.empty()) return {};
  return {{"Cells and seats",
           "",
           {score_distribution(judged, id), cpa_distribution(judged, id), performance_profile(judged, id),
            lorenz_curves(judged, id)}},
          {"Calibration", "", {calibration_curves(played(judged), id), calibration_ratios(played(judged), id)}},
          {"What was asked and what came", "", asked_figures(judged, id)}};
}

}  // namespace genbid::report
