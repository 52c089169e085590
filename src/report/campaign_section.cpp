#include "report/campaign_section.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "report/comparison.h"
#include "report/line_chart.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

const char* const kNone = "–";
constexpr double kLeastDrawn = -1.0;  // Res has no lower bound, and one day would hide all others

std::string number(double value) { return std::isfinite(value) ? value_with_interval({value, {}, {}}, false) : kNone; }

// What charts of rows draw: Res in the place of an expected score.
TableLine as_table_line(const CampaignLine& line) {
  TableLine one;
  one.name = line.name;
  one.trainings = line.trainings;
  one.expected_score = line.res;
  one.difference = line.difference;
  one.p = line.p;
  return one;
}

Section means_section(const CampaignJudgement& judged) {
  std::vector<TableLine> lines;
  for (const CampaignLine& line : judged.lines) {
    if (lines.size() < kNumStyles) lines.push_back(as_table_line(line));
  }
  std::vector<StyledLine> styled;
  for (const TableLine& line : lines) styled.push_back({&line, to_int(styled.size())});
  const bool below =
      std::any_of(lines.begin(), lines.end(), [](const TableLine& one) { return one.expected_score.mean < 0.0; });
  RowChart res = score_chart(styled, "campaigns-res");
  res.caption = {"campaigns-res", "Res",
                 "Mean over the set's days, with its 95 % interval. The optimum of every day is 1." +
                     std::string(below ? " Means below 0 are drawn at 0." : ""),
                 "For each candidate its mean Res and the 95 % interval."};
  res.x_name = "Res";
  RowChart difference = difference_chart(styled, judged.reference, "campaigns-differences");
  difference.caption.note = "Of Res on the same days, with its 95 % interval; p is Holm's over the table.";
  difference.caption.description =
      "For each candidate the paired difference of its Res from that of " + judged.reference + ".";
  difference.x_name = "difference of Res";
  return {"Res and differences", "", {row_figure(res), row_figure(difference)}};
}

// The styles of lines, as their charts of rows have them.
int style_of(const CampaignJudgement& judged, const std::string& name) {
  const auto found = std::find_if(judged.lines.begin(), judged.lines.end(),
                                  [&](const CampaignLine& line) { return line.name == name; });
  return to_int(found - judged.lines.begin());
}

LineChart tail_chart(const CampaignJudgement& judged) {
  LineChart chart;
  chart.caption = {"campaigns-tail", "The worst campaigns",
                   "Mean Res of the worst so many campaigns of each candidate; at 100 % it is the mean of all. Means "
                   "below -1 are drawn at -1.",
                   "For each candidate the mean Res of its worst campaigns against their share of all."};
  chart.x_name = "worst campaigns (% of all)";
  chart.y_name = "mean Res";
  chart.x_scale = Scale::kLog;
  for (const CampaignSpread& one : judged.spreads) {
    const int style = style_of(judged, one.name);
    if (style >= kNumStyles) continue;
    Series series{one.name, style, {}, one.worst, {}, {}, false};
    for (const double share : kTailShares) series.x.push_back(100.0 * share);
    for (double& res : series.y) res = std::max(res, kLeastDrawn);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

LineChart lorenz_chart(const CampaignJudgement& judged) {
  LineChart chart;
  chart.caption = {
      "campaigns-lorenz", "How unequally Res is shared",
      "The Lorenz curve by its distance from equality: by how much of the sum of Res the worst so many have "
      "less than their share. Twice the area below a line is its Gini index.",
      "For each candidate the distance of its Lorenz curve from the line of equality."};
  chart.x_name = "worst campaigns (% of all)";
  chart.y_name = "missing (% of the sum)";
  chart.y_least = 0.0;
  chart.names_at_ends = false;  // all end at 0
  for (const CampaignSpread& one : judged.spreads) {
    const int style = style_of(judged, one.name);
    if (style >= kNumStyles) continue;
    Series series{one.name, style, {}, {}, {}, {}, false};
    for (const double share : kLorenzShares) series.x.push_back(100.0 * share);
    for (const double missing : one.missing) series.y.push_back(100.0 * missing);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

Table campaign_table(const CampaignJudgement& judged, size_t most_rows) {
  Table table;
  table.head = {"candidate", "trainings",  "Res",        "difference", "p", "GGF",
                "Gini",      "worst 30 %", "worst 10 %", "over",       "by"};
  for (const CampaignLine& line : judged.lines) {
    if (table.rows.size() == most_rows) break;
    table.rows.push_back({line.name, line.trainings > 0 ? std::to_string(line.trainings) : kNone,
                          value_with_interval(line.res, false),
                          line.difference ? value_with_interval(*line.difference, true) : kNone,
                          line.p ? p_text(line.p) : kNone, number(line.ggf), number(line.gini), number(line.worst_30),
                          number(line.worst_10), percent(line.violation_share), percent(line.excess)});
  }
  return table;
}

Table campaign_types_table(const CampaignJudgement& judged, size_t most_rows) {
  Table table;
  table.head = {"Res by type", "budget", "ppc", "mixed", "over, by: budget", "ppc", "mixed", "matched rightly"};
  for (const CampaignLine& line : judged.lines) {
    if (table.rows.size() == most_rows) break;
    std::vector<std::string> row = {line.name};
    for (const CampaignType& type : line.types) row.push_back(number(type.res));
    for (const CampaignType& type : line.types) {
      row.push_back(std::isfinite(type.excess) ? percent(type.violation_share) + ", " + percent(type.excess) : kNone);
    }
    row.push_back(line.matching_accuracy ? percent(*line.matching_accuracy) : kNone);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string campaign_note(const CampaignJudgement& judged) {
  return "Differences of Res are from " + judged.reference +
         " on the same days, p by Holm over the table. In brackets 95 % intervals over campaigns and, where there are "
         "several, trainings. GGF is mean x (1 - Gini). Over: days whose clicks cost more than the limit, and by how "
         "much of it. Budget, ppc and mixed: Res of campaigns that are bound by their budget, by the limit of a "
         "click's "
         "price, or by both.";
}

std::vector<Section> campaign_sections(const CampaignJudgement& judged) {
  Section spread{"How Res is spread", "", {line_figure(tail_chart(judged)), line_figure(lorenz_chart(judged))}};
  if (judged.lines.size() > kNumStyles) {
    spread.note = "Charts show the " + std::to_string(kNumStyles) + " best of " + std::to_string(judged.lines.size()) +
                  " candidates.";
  }
  return {means_section(judged), spread};
}

}  // namespace genbid::report
