#include "eval/platform_summary.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/text_table.h"
#include "eval/summary.h"
#include "eval/table_parts.h"
#include "statistics/difference.h"
#include "statistics/mean.h"

namespace genbid::eval {
namespace {

using Json = nlohmann::ordered_json;
using statistics::Estimate;

size_t column_of(const std::string& name) {
  const auto& columns = platform_columns();
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column<PlatformMetrics>& one) { return one.name == name; });
  return to_size(found - columns.begin());
}

const PlatformPart* part_of(const PlatformRun& run, const std::string& group) {
  const auto found =
      std::find_if(run.parts.begin(), run.parts.end(), [&](const PlatformPart& one) { return one.group == group; });
  return found == run.parts.end() ? nullptr : &*found;
}

// A period's number as statistics read it: as if it were one cell.
statistics::CandidateCells numbers_of(const PlatformContender& contender, const std::string& group, size_t column) {
  statistics::CandidateCells cells{contender.name, {}};
  for (const PlatformRun& run : contender.runs) {
    const PlatformPart* part = part_of(run, group);
    if (part == nullptr) continue;
    for (const PlatformPeriod& one : part->periods) {
      cells.cells.push_back({{one.market_seed, one.period, 0},
                             run.training_seed,
                             one.policy_seed,
                             platform_value(one.metrics, column),
                             1.0});
    }
  }
  return cells;
}

statistics::SeedPairing pairing(const PlatformContender& a, const PlatformContender& b) {
  const auto seeds = [](const PlatformContender& contender) {
    std::vector<std::optional<int64_t>> all;
    for (const PlatformRun& run : contender.runs) all.push_back(run.training_seed);
    return all;
  };
  const bool paired = seeds(a) == seeds(b) && a.runs.front().training_seed.has_value();
  return paired ? statistics::SeedPairing::kPaired : statistics::SeedPairing::kIndependent;
}

PlatformRow row_of(const PlatformContender& contender, const std::string& group) {
  PlatformRow row{contender.name, contender.kind, group};
  row.trainings = std::count_if(contender.runs.begin(), contender.runs.end(),
                                [](const PlatformRun& run) { return run.training_seed.has_value(); });
  for (size_t i = 0; i < platform_columns().size(); ++i) {
    row.metrics.push_back(statistics::mean(numbers_of(contender, group, i)));
  }
  return row;
}

void compare(const PlatformContender& contender, const PlatformContender& reference, PlatformRow& row) {
  for (const std::string& name : compared_metrics()) {
    const size_t column = column_of(name);
    row.differences.push_back(
        {statistics::difference(numbers_of(contender, row.group, column), numbers_of(reference, row.group, column),
                                pairing(contender, reference)),
         std::nullopt});
  }
}

void adjust(std::vector<PlatformRow>& rows) {
  std::vector<std::optional<double>> values;
  for (const PlatformRow& row : rows) {
    for (const PlatformDifference& one : row.differences) values.push_back(one.estimate.p_value);
  }
  const auto adjusted = adjusted_p(values);
  size_t next = 0;
  for (PlatformRow& row : rows) {
    for (PlatformDifference& one : row.differences) one.adjusted_p = adjusted[next++];
  }
}

// A number as tables show it. Money is of any currency: whole units where there are many.
struct Shown {
  const char* metric;
  const char* title;
  int digits;  // behind the point; kMoney: as many as it takes
  double unit = 1.0;
};
constexpr int kMoney = -1;
constexpr Shown kShown[] = {{"expected_score", "expected score", 2},
                            {"revenue", "revenue", kMoney},
                            {"welfare", "welfare", kMoney},
                            {"gini", "Gini", 3},
                            {"worst_30", "worst 30 %", 3},
                            {"exceed_rate", "over CPA %", 1, 100.0},
                            {"price_over_reserve", "price/reserve", 1}};

const Shown& shown_as(const std::string& metric) {
  return *std::find_if(std::begin(kShown), std::end(kShown), [&](const Shown& one) { return one.metric == metric; });
}

std::string form_of(const Shown& shown, double value, const char* sign = "") {
  int digits = shown.digits;
  if (digits == kMoney) {
    const double size = std::abs(value);
    digits = size >= 100.0 || size == 0.0 ? 0 : size >= 1.0 ? 2 : 4;
  }
  return std::string("%") + sign + "." + std::to_string(digits) + "f";
}

std::vector<std::string> metric_titles() {
  std::vector<std::string> names = {"candidate"};
  for (const Shown& one : kShown) names.emplace_back(one.title);
  return names;
}

std::vector<std::string> metric_line(const PlatformRow& row) {
  std::vector<std::string> cells = {row.label()};
  for (const Shown& one : kShown) {
    const Estimate& estimate = row.metrics[column_of(one.metric)];
    cells.push_back(with_error(form_of(one, estimate.value), estimate, one.unit));
  }
  return cells;
}

std::vector<std::string> difference_titles(const PlatformSummary& summary) {
  std::vector<std::string> names = {"less " + summary.reference};
  for (const std::string& metric : compared_metrics()) {
    names.emplace_back(shown_as(metric).title);
    names.emplace_back("p");
  }
  return names;
}

// A line of the table of differences: the numbers that are compared, with the digits that these metrics are shown in.
std::vector<std::string> difference_line(const PlatformRow& row) {
  std::vector<std::string> cells = {row.label()};
  for (size_t i = 0; i < row.differences.size(); ++i) {
    const Shown& shown = shown_as(compared_metrics()[i]);
    const double size = row.metrics[column_of(shown.metric)].value;
    cells.push_back(with_error(form_of(shown, size, "+"), row.differences[i].estimate, shown.unit));
    cells.push_back(p_text(row.differences[i].adjusted_p));
  }
  return cells;
}

// The two parts of a table: numbers, and differences where there are any.
struct Lines {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};
std::vector<Lines> lines_of(const PlatformSummary& summary) {
  std::vector<Lines> all = {{metric_titles(), {}}, {difference_titles(summary), {}}};
  for (const PlatformRow& row : summary.rows) {
    all[0].rows.push_back(metric_line(row));
    if (!row.differences.empty()) all[1].rows.push_back(difference_line(row));
  }
  if (all[1].rows.empty()) all.pop_back();
  return all;
}

std::string foot_text(const PlatformSummary& summary) {
  std::vector<Estimate> all;
  for (const PlatformRow& row : summary.rows) all.insert(all.end(), row.metrics.begin(), row.metrics.end());
  std::string text = intervals_text(all);
  if (!summary.reference.empty()) {
    text += "; differences are from " + summary.reference + " in the same periods, p by Holm over all of them";
  }
  return text +
         ". Expected score: mean over seats; Gini and worst 30 %: of expected scores in par units; over CPA: by "
         "realised "
         "conversions.";
}

Json difference_json(const PlatformRow& row, const std::string& reference) {
  Json json = {{"to", reference}};
  for (size_t i = 0; i < row.differences.size(); ++i) {
    const PlatformDifference& one = row.differences[i];
    Json& of_metric = json[compared_metrics()[i]];
    of_metric["value"] = one.estimate.value;
    add_interval(of_metric, "low", "high", one.estimate);
    if (one.estimate.p_value) of_metric["p"] = *one.estimate.p_value;
    if (one.adjusted_p) of_metric["p_holm"] = *one.adjusted_p;
  }
  return json;
}

}  // namespace

const std::vector<std::string>& compared_metrics() {
  static const std::vector<std::string> names = {"expected_score", "revenue", "gini"};
  return names;
}

std::string usual_reference(const std::vector<PlatformContender>& contenders) {
  std::vector<Contender> plain;
  for (const PlatformContender& one : contenders) plain.push_back({one.name, one.kind, {}});
  return usual_reference(plain);
}

PlatformSummary summarise_platform(const std::vector<PlatformContender>& contenders, const std::string& reference) {
  PlatformSummary summary{reference, {}};
  const auto found = std::find_if(contenders.begin(), contenders.end(),
                                  [&](const PlatformContender& one) { return one.name == reference; });
  for (const PlatformContender& contender : contenders) {
    for (const PlatformPart& part : contender.runs.front().parts) {
      PlatformRow& row = summary.rows.emplace_back(row_of(contender, part.group));
      if (found != contenders.end() && contender.name != reference) compare(contender, *found, row);
    }
  }
  adjust(summary.rows);
  return summary;
}

std::string table_text(const PlatformTable& table, size_t width) {
  std::string text = context_lines(table.context, width);
  for (const Lines& lines : lines_of(table.summary)) {
    std::vector<TextColumn> columns;
    for (const std::string& title : lines.titles) columns.push_back({title});
    columns.front().align = TextColumn::Align::kLeft;
    columns.front().shrinks = true;
    TextTable rows(std::move(columns));
    for (const std::vector<std::string>& row : lines.rows) rows.add(row);
    text += "\n" + rows.text(width);
  }
  return text + "\n" + wrapped("", foot_text(table.summary), width);
}

std::string table_markdown(const PlatformTable& table) {
  std::string text = context_line(table.context);
  for (const Lines& lines : lines_of(table.summary)) {
    text += "\n" + markdown_row(lines.titles) + markdown_rule(lines.titles.size());
    for (const std::vector<std::string>& row : lines.rows) text += markdown_row(row);
  }
  return text + "\n" + foot_text(table.summary) + "\n";
}

nlohmann::ordered_json table_json(const PlatformTable& table) {
  Json json = context_json(table.context);
  json["platform"] = {{"mix", table.context.mix}};
  if (!table.context.opponent.empty()) json["platform"]["opponent"] = table.context.opponent;
  json["reference"] = table.summary.reference;
  Json& rows = json["rows"] = Json::array();
  for (const PlatformRow& row : table.summary.rows) {
    Json one = {{"name", row.name}, {"kind", row.kind}, {"group", row.group}, {"trainings", row.trainings}};
    one["axes"] = row.metrics.front().axes.text();
    for (size_t i = 0; i < row.metrics.size(); ++i) {
      Json& metric = one["metrics"][platform_columns()[i].name];
      metric["value"] = row.metrics[i].value;
      add_interval(metric, "low", "high", row.metrics[i]);
    }
    if (!row.differences.empty()) one["difference"] = difference_json(row, table.summary.reference);
    rows.push_back(std::move(one));
  }
  return json;
}

}  // namespace genbid::eval
