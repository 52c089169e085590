#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/figure.h"

namespace genbid::report {

// A row of a chart: what one candidate came to, as a value with its interval or as a distribution.
struct ChartRow {
  std::string name;
  int style = 0;
  std::optional<double> value;  // a mark on the axis: a mean, or the median of a distribution
  std::optional<double> low;    // of its interval
  std::optional<double> high;
  std::string value_text;      // at the right of the row's name
  std::vector<double> shares;  // of the chart's bins; empty: no distribution
};

struct RowChart {
  Caption caption;
  std::string x_name;
  double x_low = 0.0;  // what the axis spans
  double x_high = 1.0;
  std::vector<double> edges;        // of the bins, one more than there are; empty: no distributions
  std::optional<double> reference;  // an upright line, such as a limit
  std::string reference_name;
  std::vector<ChartRow> rows;
};

// The figure, a row below the other on one axis, so that no label can meet another. Empty without rows.
std::string row_figure(const RowChart& chart);

// The wide drawings below each other, each under its title, as one SVG file with its own style.
std::string row_svg_file(const std::string& title, const std::vector<RowChart>& charts);
// Whether a text is such a file.
bool is_row_svg_file(const std::string& text);

}  // namespace genbid::report
