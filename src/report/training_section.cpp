#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/convert.h"
#include "report/binning.h"
#include "report/line_chart.h"
#include "report/palette.h"
#include "report/section.h"

namespace genbid::report {
namespace {

constexpr size_t kMostFigures = 16;
constexpr size_t kMostPeriods = 5;  // held out, with a line each

// The curves of one chart.
struct MetricGroup {
  std::string title;
  std::string note;
  std::string y_name;
  std::vector<Series> series;
};

Series curve(const MetricCurve& metric, const std::string& name, size_t place) {
  Thinned few = thinned(metric.steps, metric.values, kMostPoints);
  return {name, to_int(place % kNumStyles), few.x, few.y, few.low, few.high, false};
}

bool same_values(const MetricCurve& a, const MetricCurve& b) { return a.steps == b.steps && a.values == b.values; }

// The loss and its terms; a single term that is all of it is not told twice.
MetricGroup losses(const std::vector<MetricCurve>& metrics) {
  MetricGroup group{"Loss", "", "loss", {}};
  const MetricCurve* total = nullptr;
  for (const MetricCurve& metric : metrics) {
    if (metric.name == "train/loss") total = &metric;
  }
  if (total != nullptr) group.series.push_back(curve(*total, "loss", 0));
  const std::string prefix = "train/loss/";
  for (const MetricCurve& metric : metrics) {
    if (!metric.name.starts_with(prefix) || (total != nullptr && same_values(metric, *total))) continue;
    if (group.series.size() == kNumStyles) break;
    group.series.push_back(curve(metric, metric.name.substr(prefix.size()), group.series.size()));
  }
  return group;
}

std::string in_words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  std::replace(name.begin(), name.end(), '/', ' ');
  return name;
}

std::string as_title(std::string words) {
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return words;
}

// The mean over many periods, with what lies between the smallest and the largest of them.
Series mean_of(const std::vector<const MetricCurve*>& periods) {
  std::map<double, std::vector<double>> by_step;
  for (const MetricCurve* period : periods) {
    for (size_t i = 0; i < period->steps.size(); ++i) {
      if (std::isfinite(period->values[i])) by_step[period->steps[i]].push_back(period->values[i]);
    }
  }
  MetricCurve mean{"", {}, {}};
  std::vector<double> low;
  std::vector<double> high;
  for (const auto& [step, values] : by_step) {
    mean.steps.push_back(step);
    mean.values.push_back(mean_interval(values).mean);
    low.push_back(*std::min_element(values.begin(), values.end()));
    high.push_back(*std::max_element(values.begin(), values.end()));
  }
  Series series = curve(mean, "mean of " + std::to_string(periods.size()) + " periods", 0);
  if (mean.steps.size() <= kMostPoints) {
    series.low = low;
    series.high = high;
  } else {
    series.low = thinned(mean.steps, low, kMostPoints).y;
    series.high = thinned(mean.steps, high, kMostPoints).y;
  }
  return series;
}

// held_out/NAME/period_P, a chart for each NAME.
std::vector<MetricGroup> held_out(const std::vector<MetricCurve>& metrics) {
  std::map<std::string, std::vector<const MetricCurve*>> by_name;
  const std::string prefix = "held_out/";
  for (const MetricCurve& metric : metrics) {
    const size_t period = metric.name.rfind("/period_");
    if (!metric.name.starts_with(prefix) || period == std::string::npos || period < prefix.size()) continue;
    by_name[metric.name.substr(prefix.size(), period - prefix.size())].push_back(&metric);
  }
  std::vector<MetricGroup> groups;
  for (const auto& [name, periods] : by_name) {
    MetricGroup group{"Held out: " + in_words(name), "", in_words(name), {}};
    if (periods.size() > kMostPeriods) {
      group.note = "The band reaches from the smallest to the largest period.";
      group.series.push_back(mean_of(periods));
    } else {
      for (const MetricCurve* one : periods) {
        const std::string label = "period " + one->name.substr(one->name.rfind('_') + 1);
        group.series.push_back(curve(*one, label, group.series.size()));
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<MetricGroup> others(const std::vector<MetricCurve>& metrics) {
  std::vector<MetricGroup> groups;
  for (const MetricCurve& metric : metrics) {
    const bool period = metric.name.starts_with("held_out/") && metric.name.find("/period_") != std::string::npos;
    if (period || metric.name == "train/loss" || metric.name.starts_with("train/loss/")) continue;
    const std::string name = metric.name.starts_with("train/") ? metric.name.substr(6) : metric.name;
    const std::string words = in_words(name);
    groups.push_back({as_title(words), "", words, {curve(metric, words, 0)}});
  }
  return groups;
}

std::string figure(const MetricGroup& group, const std::string& id) {
  LineChart chart;
  chart.caption = {id, group.title, group.note, group.title + " against steps of the training."};
  chart.x_name = "step";
  chart.y_name = group.y_name;
  chart.series = group.series;
  if (falls_far(group.series)) chart.y_scale = Scale::kLog;
  return line_figure(chart);
}

}  // namespace

bool falls_far(const std::vector<Series>& series) {
  double low = std::numeric_limits<double>::infinity();
  double high = 0.0;
  for (const Series& one : series) {
    for (const double value : one.y) {
      if (!std::isfinite(value)) continue;
      if (value <= 0.0) return false;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return high > 30.0 * low;
}

std::vector<Section> training_sections(const std::vector<MetricCurve>& metrics) {
  std::vector<MetricGroup> groups = {losses(metrics)};
  for (auto& group : held_out(metrics)) groups.push_back(std::move(group));
  for (auto& group : others(metrics)) groups.push_back(std::move(group));
  Section section{"Training curves", "", {}};
  const bool long_log = std::any_of(metrics.begin(), metrics.end(),
                                    [](const MetricCurve& one) { return one.steps.size() > kMostPoints; });
  if (long_log)
    section.note = "Where the log is long a point is the mean of neighbouring lines, in the band of all of them.";
  for (const MetricGroup& group : groups) {
    if (section.figures.size() == kMostFigures) {
      section.note += (section.note.empty() ? "The first " : " The first ") + std::to_string(kMostFigures) + " of " +
                      std::to_string(groups.size()) + " charts; metrics.jsonl has the others.";
      break;
    }
    std::string html = figure(group, "training-" + std::to_string(section.figures.size()));
    if (!html.empty()) section.figures.push_back(std::move(html));
  }
  if (section.figures.empty()) return {};
  return {section};
}

}  // namespace genbid::report
