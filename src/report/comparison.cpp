#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/convert.h"
#include "report/axis.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

// How far the axis of differences goes, as a multiple of the largest difference or of the end of the narrowest
// interval, whichever is more: an interval that dwarfs both is cut.
constexpr double kMostInterval = 3.0;

std::string fixed(double value, int decimals, bool sign = false) {
  if (!std::isfinite(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, sign ? "%+.*f" : "%.*f", decimals, value);
  return text;
}

std::string with_interval(const MeanInterval& mean, bool sign) {
  std::string text = fixed(mean.mean, 2, sign);
  if (mean.low) text += " (" + fixed(*mean.low, 2, sign) + " to " + fixed(*mean.high, 2, sign) + ")";
  return text;
}

// A row whose value and interval lie within the axis.
ChartRow chart_row(const StyledLine& styled, const MeanInterval& mean, const RowChart& chart) {
  const auto inside = [&](double value) { return std::clamp(value, chart.x_low, chart.x_high); };
  ChartRow row;
  row.name = styled.line->name;
  row.style = styled.style;
  row.value = inside(mean.mean);
  if (mean.low) {
    row.low = inside(*mean.low);
    row.high = inside(*mean.high);
  }
  return row;
}

double most_shown(const std::vector<StyledLine>& lines) {
  double largest = 0.0;
  double narrowest = std::numeric_limits<double>::infinity();
  for (const StyledLine& one : lines) {
    if (!one.line->difference) continue;
    const MeanInterval& mean = *one.line->difference;
    largest = std::max(largest, std::abs(mean.mean));
    if (mean.low) narrowest = std::min(narrowest, std::max(std::abs(*mean.low), std::abs(*mean.high)));
  }
  return kMostInterval * (std::isfinite(narrowest) ? std::max(largest, narrowest) : largest);
}

std::vector<StyledLine> styled(const std::vector<const TableLine*>& lines) {
  std::vector<StyledLine> all;
  for (const TableLine* line : lines) all.push_back({line, to_int(all.size()) % kNumStyles});
  return all;
}

}  // namespace

std::string value_with_interval(const MeanInterval& mean, bool signs) {
  const double size = std::max(std::abs(mean.mean), 1.0);
  const int decimals = std::isfinite(size) ? std::max(3 - static_cast<int>(std::floor(std::log10(size))), 0) : 0;
  std::string text = fixed(mean.mean, decimals, signs);
  if (mean.low) text += " (" + fixed(*mean.low, decimals, signs) + " to " + fixed(*mean.high, decimals, signs) + ")";
  return text;
}

std::string percent(double share) { return std::isfinite(share) ? fixed(100.0 * share, 1) + " %" : "–"; }

std::string p_text(const std::optional<double>& p) {
  if (!p) return "–";
  return *p < 0.001 ? "< 0.001" : fixed(*p, 3);
}

std::vector<const TableLine*> best_first(const TableBlock& block) {
  std::vector<const TableLine*> lines;
  for (const TableLine& line : block.lines) lines.push_back(&line);
  std::stable_sort(lines.begin(), lines.end(), [](const TableLine* a, const TableLine* b) {
    return a->expected_score.mean > b->expected_score.mean;
  });
  return lines;
}

Table lines_table(const std::vector<const TableLine*>& lines, size_t most_rows) {
  const bool trained = std::any_of(lines.begin(), lines.end(), [](const TableLine* one) { return one->trainings > 0; });
  const bool compared = std::any_of(lines.begin(), lines.end(), [](const TableLine* one) { return one->difference; });
  const bool middle =
      std::any_of(lines.begin(), lines.end(), [](const TableLine* one) { return one->interquartile_share; });
  Table table;
  table.head = {"candidate", trained ? "trainings" : "kind", "expected score", "of optimum"};
  if (compared) table.head.insert(table.head.end(), {"difference", "p", "better in"});
  if (middle) table.head.emplace_back("IQM");
  table.head.insert(table.head.end(), {"over CPA", "budget use", "score", "conversions"});
  for (const TableLine* one : lines) {
    if (table.rows.size() == most_rows) break;
    std::vector<std::string> row = {one->name, one->kind, with_interval(one->expected_score, false),
                                    percent(one->share_of_optimum.mean)};
    if (trained) row[1] = one->trainings > 0 ? std::to_string(one->trainings) : "–";
    if (compared) {
      row.push_back(one->difference ? with_interval(*one->difference, true) : "–");
      row.push_back(p_text(one->p));
      row.push_back(one->improvement ? percent(one->improvement->mean) : "–");
    }
    if (middle) row.push_back(one->interquartile_share ? percent(one->interquartile_share->mean) : "–");
    row.insert(row.end(),
               {percent(one->over_cpa), percent(one->budget_use), fixed(one->score, 2), fixed(one->conversions, 2)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string lines_note(const TableBlock& block) {
  const bool intervals = std::any_of(block.lines.begin(), block.lines.end(),
                                     [](const TableLine& one) { return one.expected_score.low.has_value(); });
  std::string text = intervals ? "In brackets 95 % intervals over " + block.axes + "." : "One period: no intervals.";
  if (!block.reference.empty()) {
    text += " Differences of expected scores are from " + block.reference +
            " in the same cells, p by Holm over the table; better in: the share of cells with a higher expected score.";
  }
  const bool middle =
      std::any_of(block.lines.begin(), block.lines.end(), [](const TableLine& one) { return one.interquartile_share; });
  if (middle)
    text += " IQM: mean of the middle half of the cells' shares of the optimum (its interval is in table.json).";
  return text + " Over CPA: by expected conversions. Score and conversions are realised.";
}

RowChart score_chart(const std::vector<StyledLine>& lines, const std::string& id) {
  RowChart chart;
  chart.caption = {id, "Expected score", "Mean over cells, with its 95 % interval where there are several periods.",
                   "For each candidate the mean expected score of a cell and its 95 % interval."};
  chart.x_name = "expected score (conversions)";
  double largest = 0.0;
  for (const StyledLine& one : lines) largest = std::max(largest, one.line->expected_score.mean);
  double high = largest;  // of intervals as much as does not dwarf the means
  for (const StyledLine& one : lines) {
    high = std::max(high, std::min(one.line->expected_score.high.value_or(0.0), 2.0 * largest));
  }
  chart.x_high = high > 0.0 ? 1.03 * high : 1.0;
  for (const StyledLine& one : lines) {
    chart.rows.push_back(chart_row(one, one.line->expected_score, chart));
    chart.rows.back().value_text = value_with_interval(one.line->expected_score, false);
  }
  return chart;
}

RowChart difference_chart(const std::vector<StyledLine>& lines, const std::string& reference, const std::string& id) {
  RowChart chart;
  chart.caption = {id, "Difference from " + reference,
                   "Of expected scores in the same cells, with its 95 % interval; p is Holm's over the table.",
                   "For each candidate the paired difference of its expected score from that of " + reference + "."};
  chart.x_name = "difference (conversions a cell)";
  chart.reference = 0.0;
  chart.reference_name = shortened(reference, 300.0, 12.0);
  const double most = most_shown(lines);
  double low = 0.0;
  double high = 0.0;
  for (const StyledLine& one : lines) {
    if (!one.line->difference) continue;
    const MeanInterval& mean = *one.line->difference;
    low = std::min(low, std::max(mean.low.value_or(mean.mean), -most));
    high = std::max(high, std::min(mean.high.value_or(mean.mean), most));
  }
  const double margin = 0.03 * (high - low);
  chart.x_low = low - margin;
  chart.x_high = high > low ? high + margin : low + 1.0;
  for (const StyledLine& one : lines) {
    if (!one.line->difference) continue;
    chart.rows.push_back(chart_row(one, *one.line->difference, chart));
    chart.rows.back().value_text = value_with_interval(*one.line->difference, true);
    if (one.line->p) chart.rows.back().value_text += ", p " + p_text(one.line->p);
  }
  return chart;
}

std::string differences_svg(const std::string& title, const std::vector<TableBlock>& blocks) {
  std::vector<RowChart> charts;
  for (const TableBlock& block : blocks) {
    const std::vector<StyledLine> lines = styled(best_first(block));
    RowChart chart = difference_chart(lines, block.reference, "");
    if (chart.rows.empty()) chart = score_chart(lines, "");
    if (!block.name.empty()) chart.caption.title = block.name + ": " + chart.caption.title;
    charts.push_back(std::move(chart));
  }
  return row_svg_file(title, charts);
}

}  // namespace genbid::report
