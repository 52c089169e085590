#include "eval/platform_metrics.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/convert.h"
#include "statistics/inequality.h"
#include "statistics/values.h"

namespace genbid::eval {
namespace {

double sample_variance(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const auto n = as_double(values.size());
  double mean = 0.0;
  for (const double value : values) mean += value / n;
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / (n - 1.0);
}

double ratio(double a, double b) { return b > 0.0 ? a / b : 0.0; }

// Expected score over what the budget buys at exactly the CPA limit.
double in_par_units(const CellResult& cell) { return ratio(cell.expected_score * cell.cpa_limit, cell.budget); }

// The metrics of one period.
class PeriodOfSeats {
 public:
  void add(const PlatformCell& cell) {
    const CellResult& result = cell.result;
    sum_.revenue += result.cost;
    sum_.welfare += result.expected_conversions * result.cpa_limit;
    sum_.conversions += result.conversions;
    sum_.expected_conversions += result.expected_conversions;
    sum_.score += result.score;
    sum_.expected_score += result.expected_score;
    sum_.budget_use += result.budget_use();
    sum_.exceed_rate += result.exceeds_cpa() ? 1.0 : 0.0;
    exposed_ += as_double(cell.num_exposed);
    least_cost_ += cell.least_cost;
    performance_.push_back(in_par_units(result));
    if (result.conversions > 0.0) cpa_ratios_.push_back(ratio(result.cost / result.conversions, result.cpa_limit));
  }

  PlatformMetrics finish() {
    PlatformMetrics metrics = sum_;
    const auto n = as_double(performance_.size());
    for (double* mean : {&metrics.score, &metrics.expected_score, &metrics.budget_use, &metrics.exceed_rate})
      *mean /= n;
    metrics.qualified_rate = 1.0 - metrics.exceed_rate;
    metrics.gini = statistics::gini(performance_);
    metrics.generalised_gini =
        statistics::generalised_gini(performance_, statistics::gini_weights(performance_.size()));
    metrics.worst_30 = statistics::mean_of_worst(performance_, 0.3);
    metrics.worst_10 = statistics::mean_of_worst(performance_, 0.1);
    metrics.cpa_ratio_variance = sample_variance(cpa_ratios_);
    metrics.mean_price = ratio(metrics.revenue, exposed_);
    metrics.mean_reserve = ratio(least_cost_, exposed_);
    metrics.price_over_reserve = ratio(metrics.mean_price, metrics.mean_reserve);
    return metrics;
  }

 private:
  PlatformMetrics sum_;
  double exposed_ = 0.0;
  double least_cost_ = 0.0;
  std::vector<double> performance_;
  std::vector<double> cpa_ratios_;
};

// All numbers of the metrics, in the order of platform_columns().
constexpr std::array kNumbers = {&PlatformMetrics::revenue,
                                 &PlatformMetrics::welfare,
                                 &PlatformMetrics::conversions,
                                 &PlatformMetrics::expected_conversions,
                                 &PlatformMetrics::score,
                                 &PlatformMetrics::expected_score,
                                 &PlatformMetrics::budget_use,
                                 &PlatformMetrics::gini,
                                 &PlatformMetrics::generalised_gini,
                                 &PlatformMetrics::worst_30,
                                 &PlatformMetrics::worst_10,
                                 &PlatformMetrics::exceed_rate,
                                 &PlatformMetrics::qualified_rate,
                                 &PlatformMetrics::cpa_ratio_variance,
                                 &PlatformMetrics::mean_price,
                                 &PlatformMetrics::mean_reserve,
                                 &PlatformMetrics::price_over_reserve};
static_assert(sizeof(PlatformMetrics) == kNumbers.size() * sizeof(double));

}  // namespace

const std::string& platform_group_name(PlatformGroup group) {
  static const std::array<std::string, 3> names = {"candidate", "opponent", "promoted"};
  return names[static_cast<size_t>(group)];
}

std::vector<PlatformPeriod> platform_periods(std::span<const PlatformCell> cells) {
  std::vector<PlatformPeriod> periods;
  std::vector<PeriodOfSeats> sums;
  for (const PlatformCell& cell : cells) {
    const CellResult& of = cell.result;
    const auto found = std::find_if(periods.begin(), periods.end(), [&of](const PlatformPeriod& one) {
      return one.period == of.period && one.market_seed == of.market_seed && one.policy_seed == of.policy_seed;
    });
    const auto place = to_size(found - periods.begin());
    if (found == periods.end()) {
      periods.push_back({of.period, of.market_seed, of.policy_seed, {}});
      sums.emplace_back();
    }
    sums[place].add(cell);
  }
  for (size_t i = 0; i < periods.size(); ++i) periods[i].metrics = sums[i].finish();
  return periods;
}

PlatformMetrics platform_metrics(std::span<const PlatformPeriod> periods) {
  PlatformMetrics mean;
  for (double PlatformMetrics::*number : kNumbers) {
    for (const PlatformPeriod& one : periods) mean.*number += one.metrics.*number;
    if (!periods.empty()) mean.*number /= as_double(periods.size());
  }
  return mean;
}

PlatformMetrics platform_metrics(std::span<const PlatformCell> cells) {
  return platform_metrics(platform_periods(cells));
}

std::vector<PlatformCell> cells_of(std::span<const PlatformCell> cells, PlatformGroup group) {
  std::vector<PlatformCell> found;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(found),
               [group](const PlatformCell& cell) { return cell.group == group; });
  return found;
}

std::vector<PlatformPart> platform_parts(std::span<const PlatformCell> cells) {
  std::vector<PlatformPart> parts = {{"all", platform_periods(cells)}};
  for (const auto group : {PlatformGroup::kCandidate, PlatformGroup::kOpponent, PlatformGroup::kPromoted}) {
    const std::vector<PlatformCell> of_group = cells_of(cells, group);
    if (of_group.empty() || of_group.size() == cells.size()) continue;
    parts.push_back({platform_group_name(group), platform_periods(of_group)});
  }
  return parts;
}

double platform_value(const PlatformMetrics& metrics, size_t column) { return metrics.*kNumbers.at(column); }

void set_platform_value(PlatformMetrics& metrics, size_t column, double value) { metrics.*kNumbers.at(column) = value; }

const std::vector<Column<PlatformMetrics>>& platform_columns() {
  using V = ColumnValue;
  using R = const PlatformMetrics&;
  static const std::vector<Column<PlatformMetrics>> columns = {
      {"revenue", "money", [](R r) -> V { return r.revenue; }},
      {"welfare", "money", [](R r) -> V { return r.welfare; }},
      {"conversions", "conversions", [](R r) -> V { return r.conversions; }},
      {"expected_conversions", "conversions", [](R r) -> V { return r.expected_conversions; }},
      {"score", "conversions", [](R r) -> V { return r.score; }},
      {"expected_score", "conversions", [](R r) -> V { return r.expected_score; }},
      {"budget_use", "share", [](R r) -> V { return r.budget_use; }},
      {"gini", "share", [](R r) -> V { return r.gini; }},
      {"generalised_gini", "par", [](R r) -> V { return r.generalised_gini; }},
      {"worst_30", "par", [](R r) -> V { return r.worst_30; }},
      {"worst_10", "par", [](R r) -> V { return r.worst_10; }},
      {"exceed_rate", "share", [](R r) -> V { return r.exceed_rate; }},
      {"qualified_rate", "share", [](R r) -> V { return r.qualified_rate; }},
      {"cpa_ratio_variance", "", [](R r) -> V { return r.cpa_ratio_variance; }},
      {"mean_price", "money", [](R r) -> V { return r.mean_price; }},
      {"mean_reserve", "money", [](R r) -> V { return r.mean_reserve; }},
      {"price_over_reserve", "", [](R r) -> V { return r.price_over_reserve; }},
  };
  return columns;
}

}  // namespace genbid::eval
