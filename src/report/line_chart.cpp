#include "report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/convert.h"
#include "report/draw.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

constexpr double kHeight = 320.0;
constexpr double kAboveLabel = 22.0;
constexpr double kMostLabel = 168.0;  // what names at the ends of lines may take of the width

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value, Scale scale) {
    if (!std::isfinite(value) || (scale == Scale::kLog && value <= 0.0)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

bool shown(const LineChart& chart, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (chart.x_scale == Scale::kLinear || x > 0.0) &&
         (chart.y_scale == Scale::kLinear || y > 0.0);
}

Range x_range(const LineChart& chart) {
  Range range;
  for (const Series& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (shown(chart, series.x[i], series.y[i])) range.add(series.x[i], chart.x_scale);
    }
  }
  return range;
}

Range y_range(const LineChart& chart) {
  Range range;
  for (const Series& series : chart.series) {
    for (const auto* values : {&series.y, &series.low, &series.high}) {
      for (const double value : *values) range.add(value, chart.y_scale);
    }
  }
  if (chart.y_least) range.add(*chart.y_least, chart.y_scale);
  if (chart.y_most) range.add(*chart.y_most, chart.y_scale);
  return range;
}

bool has_end_labels(const LineChart& chart, const Layout& layout) {
  return layout.wide && chart.names_at_ends && chart.series.size() > 1;
}

Plot make_plot(const LineChart& chart, const Layout& layout) {
  Plot plot;
  const Range y = y_range(chart);
  plot.y = make_axis(y.low, y.high, 7, chart.y_scale, true);
  double labels = 0.0;
  for (const std::string& label : plot.y.labels) labels = std::max(labels, text_width(label, kLetter));
  plot.left = std::max(labels + 10.0, 26.0);
  double names = 0.0;
  if (has_end_labels(chart, layout)) {
    for (const Series& one : chart.series) names = std::max(names, text_width(one.name, kLetter) + 1.0);
    names = std::min(names, kMostLabel) + 26.0;
  }
  plot.right = layout.width - std::max(names, 22.0);
  plot.top = kAboveLabel + 6.0;
  plot.bottom = kHeight - kBelowPlot;
  const Range x = x_range(chart);
  plot.x = fitting_x_axis(x.low, x.high, plot.right - plot.left, chart.x_scale);
  return plot;
}

std::string draw_y_axis(const Plot& plot, const std::string& name) {
  std::string body = svg_text(0.0, 13.0, name);
  for (size_t i = 0; i < plot.y.marks.size(); ++i) {
    const double y = plot.at_y(plot.y.marks[i]);
    body += svg_line(plot.left, y, plot.right, y, "grid");
    body += svg_text(plot.left - 6.0, y + 4.0, plot.y.labels[i], Anchor::kEnd);
  }
  return body;
}

std::string point(const Plot& plot, double x, double y) {
  return coordinate(plot.at_x(x)) + " " + coordinate(plot.at_y(y));
}

std::string line_data(const LineChart& chart, const Series& series, const Plot& plot) {
  std::string data;
  bool in_line = false;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!shown(chart, series.x[i], series.y[i])) {
      in_line = false;
      continue;
    }
    data += (in_line ? "L" : "M") + point(plot, series.x[i], series.y[i]);
    in_line = true;
  }
  return data;
}

std::string interval_data(const LineChart& chart, const Series& series, const Plot& plot) {
  std::string bars;
  std::string above;
  std::string below;
  for (size_t i = 0; i < series.low.size(); ++i) {
    if (!shown(chart, series.x[i], series.low[i]) || !shown(chart, series.x[i], series.high[i])) continue;
    const std::string low = point(plot, series.x[i], series.low[i]);
    const std::string high = point(plot, series.x[i], series.high[i]);
    bars += "M" + low + "L" + high;
    above += (above.empty() ? "M" : "L") + high;
    below.insert(0, "L" + low);
  }
  if (series.bars) return bars;
  return above.empty() ? above : above + below + "Z";
}

// Every point of a short series has its marker; a long one has five, shifted so that equal lines do not hide them.
std::vector<size_t> marked_points(const LineChart& chart, const Series& series) {
  std::vector<size_t> seen;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (shown(chart, series.x[i], series.y[i])) seen.push_back(i);
  }
  if (seen.size() <= 12) return seen;
  std::vector<size_t> marked;
  const auto shift = to_size(series.style);
  for (size_t k = 0; k < 5; ++k) {
    marked.push_back(seen[((k * kNumStyles + shift) * (seen.size() - 1)) / (5 * kNumStyles)]);
  }
  return marked;
}

std::string draw_series(const LineChart& chart, const Series& series, const Plot& plot) {
  std::string body;
  const std::string colour = style_class(series.style);
  const bool reference = series.style < 0;
  const std::string interval = interval_data(chart, series, plot);
  if (!interval.empty()) body += svg_path(interval, (series.bars ? "bar " : "band ") + colour);
  body += svg_path(line_data(chart, series, plot), "line " + colour, dash_of(series.style));
  if (reference) return body;
  for (const size_t i : marked_points(chart, series)) {
    body += svg_marker(series.style, plot.at_x(series.x[i]), plot.at_y(series.y[i]));
  }
  return body;
}

std::string draw_end_labels(const LineChart& chart, const Plot& plot, const Layout& layout) {
  std::vector<const Series*> named;
  std::vector<double> ends_x;
  std::vector<double> ends_y;
  for (const Series& series : chart.series) {
    for (size_t i = series.x.size(); i-- > 0;) {
      if (!shown(chart, series.x[i], series.y[i])) continue;
      named.push_back(&series);
      ends_x.push_back(plot.at_x(series.x[i]));
      ends_y.push_back(plot.at_y(series.y[i]));
      break;
    }
  }
  const std::vector<double> places = spread_labels(ends_y, plot.top, plot.bottom, kTextLine);
  const double left = plot.right + 18.0;
  std::string body;
  for (size_t i = 0; i < named.size(); ++i) {
    const int style = named[i]->style;
    // From the line's end to its name, so that a line that ends early is found too.
    body += svg_line(ends_x[i] + 1.0, ends_y[i], left - 6.0, places[i], "leader " + style_class(style));
    if (style >= 0) body += svg_marker(style, left - 4.0, places[i]);
    body += svg_text(left + 3.0, places[i] + 4.0, shortened(named[i]->name, layout.width - left - 4.0, kLetter));
  }
  return body;
}

std::string draw(const LineChart& chart, const Layout& layout) {
  const Plot plot = make_plot(chart, layout);
  std::string body = draw_y_axis(plot, chart.y_name) + draw_x_axis(plot, chart.x_name);
  for (const bool reference : {true, false}) {
    for (const Series& series : chart.series) {
      if ((series.style < 0) == reference) body += draw_series(chart, series, plot);
    }
  }
  if (has_end_labels(chart, layout)) body += draw_end_labels(chart, plot, layout);
  return svg_element(chart.caption.id, layout, kHeight, chart.caption.title, chart.caption.description, body);
}

bool has_one_x(const LineChart& chart) {
  return std::all_of(chart.series.begin(), chart.series.end(),
                     [&](const Series& series) { return series.x == chart.series.front().x && series.low.empty(); });
}

// One row for each x where all series have the same; else one for each point.
Table numbers(const LineChart& chart) {
  Table table;
  if (has_one_x(chart)) {
    table.head.push_back(chart.x_name);
    for (const Series& series : chart.series) table.head.push_back(series.name.empty() ? chart.y_name : series.name);
    for (size_t i = 0; i < chart.series.front().x.size(); ++i) {
      table.rows.push_back({number_text(chart.series.front().x[i])});
      for (const Series& series : chart.series) table.rows.back().push_back(number_text(series.y[i]));
    }
    return table;
  }
  const bool intervals =
      std::any_of(chart.series.begin(), chart.series.end(), [](const Series& one) { return !one.low.empty(); });
  table.head = {"series", chart.x_name, chart.y_name};
  if (intervals) table.head.insert(table.head.end(), {"low", "high"});
  for (const Series& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      table.rows.push_back({series.name, number_text(series.x[i]), number_text(series.y[i])});
      if (!intervals) continue;
      table.rows.back().push_back(series.low.empty() ? "" : number_text(series.low[i]));
      table.rows.back().push_back(series.high.empty() ? "" : number_text(series.high[i]));
    }
  }
  return table;
}

}  // namespace

std::vector<double> spread_labels(const std::vector<double>& wanted, double low, double high, double apart) {
  std::vector<size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return wanted[a] < wanted[b]; });
  // With i * apart taken off, places must only not fall: isotonic regression by pooling neighbours that do.
  struct Pool {
    double sum;
    size_t count;
    double mean() const { return sum / as_double(count); }
  };
  std::vector<Pool> pools;
  for (size_t i = 0; i < order.size(); ++i) {
    pools.push_back({wanted[order[i]] - as_double(i) * apart, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      pools[pools.size() - 2].sum += pools.back().sum;
      pools[pools.size() - 2].count += pools.back().count;
      pools.pop_back();
    }
  }
  std::vector<double> places(wanted.size());
  const double most = high - as_double(std::max<size_t>(order.size(), 1) - 1) * apart;
  size_t i = 0;
  for (const Pool& pool : pools) {
    const double place = std::max(std::min(pool.mean(), most), low);
    for (size_t k = 0; k < pool.count; ++k, ++i) places[order[i]] = place + as_double(i) * apart;
  }
  return places;
}

std::string line_figure(const LineChart& chart) {
  if (x_range(chart).empty()) return {};
  std::vector<LegendEntry> legend;
  if (chart.series.size() > 1) {
    for (const Series& series : chart.series) legend.push_back({series.name, series.style});
  }
  return figure_html(chart.caption, draw(chart, kWide), draw(chart, kNarrow), {legend, !chart.names_at_ends},
                     numbers(chart), !has_one_x(chart));
}

}  // namespace genbid::report
