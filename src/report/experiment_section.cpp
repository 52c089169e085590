#include "report/experiment_section.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/convert.h"
#include "report/binning.h"
#include "report/comparison.h"
#include "report/line_chart.h"
#include "report/markup.h"
#include "report/palette.h"
#include "report/profile.h"
#include "statistics/mean.h"

namespace genbid::report {
namespace {

constexpr size_t kMostChartRows = 40;
constexpr size_t kMostCurveCharts = 6;
constexpr size_t kMostBands = 3;  // variants with a band: more of them hide each other
constexpr size_t kMostCells = 1000;

// A curve of a training: the loss as it is, what was held out as the mean over its periods.
std::string charted_name(const std::string& metric) {
  if (metric == "train/loss") return "loss of the training";
  const size_t period = metric.rfind("/period_");
  const std::string prefix = "held_out/";
  if (!metric.starts_with(prefix) || period == std::string::npos || period < prefix.size()) return {};
  std::string name = "held out: " + metric.substr(prefix.size(), period - prefix.size());
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

using Points = std::map<double, std::vector<double>>;  // by step

// A training's curves by their names, periods' values averaged.
std::map<std::string, std::map<double, double>> curves_of(const std::vector<MetricCurve>& metrics) {
  std::map<std::string, Points> all;
  for (const MetricCurve& metric : metrics) {
    const std::string name = charted_name(metric.name);
    if (name.empty()) continue;
    for (size_t i = 0; i < metric.steps.size(); ++i) {
      if (std::isfinite(metric.values[i])) all[name][metric.steps[i]].push_back(metric.values[i]);
    }
  }
  std::map<std::string, std::map<double, double>> means;
  for (const auto& [name, points] : all) {
    for (const auto& [step, values] : points) means[name][step] = mean_interval(values).mean;
  }
  return means;
}

// The median over trainings, between the smallest and the largest of them where a band is wanted.
Series median_series(const std::string& name, int style, const Points& points, bool band) {
  std::vector<double> steps;
  std::vector<double> medians;
  std::vector<double> low;
  std::vector<double> high;
  for (const auto& [step, values] : points) {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    steps.push_back(step);
    medians.push_back(quantile(sorted, 0.5));
    low.push_back(sorted.front());
    high.push_back(sorted.back());
  }
  const Thinned line = thinned(steps, medians, kMostPoints);
  Series series{name, style, line.x, line.y, {}, {}, false};
  if (!band) return series;
  series.low = thinned(steps, low, kMostPoints).y;
  series.high = thinned(steps, high, kMostPoints).y;
  return series;
}

std::string profile(const TableBlock& block, const std::map<std::string, int>& styles, const std::string& id) {
  std::vector<ProfileLine> lines;
  for (const TableLine* line : best_first(block)) {
    const auto cells = std::find_if(block.cells.begin(), block.cells.end(),
                                    [&](const statistics::CandidateCells& one) { return one.name == line->name; });
    if (line->kind == "hindsight" || cells == block.cells.end() || lines.size() == kNumStyles) continue;
    const int style = styles.size() > kNumStyles ? to_int(lines.size()) : styles.at(line->name);
    ProfileLine above{line->name, style, {}};
    for (const statistics::Estimate& one : statistics::performance_profile(*cells, profile_shares())) {
      above.above.push_back({one.value, {}, {}});
      if (!one.interval) continue;
      above.above.back().low = one.interval->low;
      above.above.back().high = one.interval->high;
    }
    if (!above.above.empty()) lines.push_back(std::move(above));
  }
  return profile_figure(lines, id, "variant", "periods and trainings");
}

std::string cell_html(const ExperimentCell& cell) {
  std::string html = escaped(cell.seed);
  if (!cell.state.empty()) html += (html.empty() ? "" : " ") + std::string("(") + escaped(cell.state) + ")";
  for (size_t i = 0; i < cell.links.size(); ++i) {
    html += (i > 0 ? ", " : html.empty() ? "" : ": ");
    html += "<a href=\"" + escaped(url_of(cell.links[i].target)) + "\">" + escaped(cell.links[i].text) + "</a>";
  }
  return html.empty() ? "–" : html;
}

}  // namespace

std::map<std::string, int> variant_styles(const Experiment& experiment) {
  std::map<std::string, int> styles;
  for (const TableBlock& block : experiment.blocks) {
    for (const TableLine* line : best_first(block)) {
      styles.try_emplace(line->name, to_int(styles.size()) % kNumStyles);
    }
  }
  for (const VariantTrainings& one : experiment.trainings) {
    styles.try_emplace(one.name, to_int(styles.size()) % kNumStyles);
  }
  return styles;
}

std::vector<Section> block_sections(const TableBlock& block, const std::map<std::string, int>& styles,
                                    const std::string& id) {
  std::vector<StyledLine> lines;
  for (const TableLine* line : best_first(block)) {
    if (lines.size() < kMostChartRows) lines.push_back({line, styles.at(line->name)});
  }
  Section section{"Differences and expected scores", "", {}};
  if (lines.size() < block.lines.size()) {
    section.note = "Charts show the " + std::to_string(lines.size()) + " best of " +
                   std::to_string(block.lines.size()) + " variants.";
  }
  section.figures = {row_figure(difference_chart(lines, block.reference, id + "-differences")),
                     row_figure(score_chart(lines, id + "-scores"))};
  return {section, {"Shares of the optimum", "", {profile(block, styles, id)}}};
}

std::vector<Section> variant_curves(const Experiment& experiment, const std::map<std::string, int>& styles) {
  std::map<std::string, LineChart, std::greater<>> charts;  // "loss" stands before "held out"
  size_t count = 0;
  bool several = false;
  for (const VariantTrainings& variant : experiment.trainings) {
    if (variant.runs.empty()) continue;
    if (count == kNumStyles) break;
    const int style = styles.size() > kNumStyles ? to_int(count) : styles.at(variant.name);
    ++count;
    several = several || variant.runs.size() > 1;
    std::map<std::string, Points> all;
    for (const std::vector<MetricCurve>& run : variant.runs) {
      for (const auto& [name, curve] : curves_of(run)) {
        for (const auto& [step, value] : curve) all[name][step].push_back(value);
      }
    }
    const bool band = variant.runs.size() > 1 && experiment.trainings.size() <= kMostBands;
    for (const auto& [name, points] : all) {
      charts[name].series.push_back(median_series(variant.name, style, points, band));
    }
  }
  Section section{"Training curves", "", {}};
  if (several) section.note = "Medians over the trainings of a variant.";
  if (several && experiment.trainings.size() <= kMostBands) section.note += " The band holds all of them.";
  if (count < experiment.trainings.size()) section.note += " The first " + std::to_string(count) + " variants.";
  for (auto& [name, chart] : charts) {
    if (section.figures.size() == kMostCurveCharts) break;
    std::string title = name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    chart.caption = {"variants-" + std::to_string(section.figures.size()), title, "",
                     title + " against steps, for each variant."};
    chart.x_name = "step";
    chart.y_name = name;
    if (falls_far(chart.series)) chart.y_scale = Scale::kLog;
    section.figures.push_back(line_figure(chart));
  }
  return {section};
}

std::string cells_html(const std::vector<ExperimentCell>& cells) {
  if (cells.empty()) return {};
  std::string html = "<dl class=\"facts\">\n";
  const size_t shown = std::min(cells.size(), kMostCells);
  for (size_t i = 0; i < shown; ++i) {
    const bool begins = i == 0 || cells[i].variant != cells[i - 1].variant;
    html += begins ? "<dt>" + escaped(cells[i].variant) + "</dt><dd>" : "<br/>";
    html += cell_html(cells[i]);
    if (i + 1 == shown || cells[i + 1].variant != cells[i].variant) html += "</dd>\n";
  }
  if (shown < cells.size()) html += "<dt>and</dt><dd>" + std::to_string(cells.size() - shown) + " more</dd>\n";
  return html + "</dl>\n";
}

}  // namespace genbid::report
