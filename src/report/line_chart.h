#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/axis.h"
#include "report/figure.h"

namespace genbid::report {

// Points joined by a line, in the order of x. Values that are not finite (or not above 0 on a logarithmic axis) leave
// a gap.
struct Series {
  std::string name;
  int style = 0;  // of palette.h
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low;  // of an interval at each point, or empty
  std::vector<double> high;
  bool bars = false;  // the interval is drawn as a bar at each point; else as a band
};

struct LineChart {
  Caption caption;
  std::string x_name;
  std::string y_name;
  Scale x_scale = Scale::kLinear;
  Scale y_scale = Scale::kLinear;
  std::optional<double> y_least;  // the y axis reaches at least from here
  std::optional<double> y_most;   // to here
  std::vector<Series> series;     // kNumStyles at most, and references
};

// The figure, names of series at the ends of their lines (below the chart where the screen is narrow). Empty if no
// series has a value.
std::string line_figure(const LineChart& chart);

// Moves labels of one line of text each apart: the centres nearest to `wanted` (in any order) that are at least
// `apart` from each other and within [low, high], as far as that has room for them.
std::vector<double> spread_labels(const std::vector<double>& wanted, double low, double high, double apart);

}  // namespace genbid::report
