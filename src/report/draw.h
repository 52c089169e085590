#pragma once

#include <string>
#include <string_view>

#include "report/axis.h"

// Parts of SVG that all charts are drawn with. Colours and widths are classes of page_style.h.

namespace genbid::report {

// Every chart is drawn twice, and the page shows the one that fits the screen. Letters have one size in both, because
// one drawing that shrinks to a telephone's width takes its letters with it.
struct Layout {
  bool wide = true;
  double width = 560.0;
};
inline constexpr Layout kWide = {true, 560.0};
inline constexpr Layout kNarrow = {false, 360.0};

inline constexpr double kLetter = 12.0;    // font size of all text
inline constexpr double kTextLine = 16.0;  // from one line of text to the next
enum class Anchor { kStart, kMiddle, kEnd };

// With one decimal, as short as it can be.
std::string coordinate(double value);

std::string svg_text(double x, double baseline, std::string_view text, Anchor anchor = Anchor::kStart);
std::string svg_line(double x1, double y1, double x2, double y2, std::string_view classes);
std::string svg_path(const std::string& data, std::string_view classes, std::string_view dash = {});
// The marker of a series' style.
std::string svg_marker(int style, double x, double y);

// A whole <svg>, read to people who do not see it as `title` and `description`. `id` is unique in the page.
std::string svg_element(const std::string& id, const Layout& layout, double height, std::string_view title,
                        std::string_view description, const std::string& body);

// Where a chart's values lie: the rectangle between its axes.
struct Plot {
  double left = 0.0;
  double top = 0.0;
  double right = 0.0;
  double bottom = 0.0;
  Axis x;
  Axis y;

  double at_x(double value) const { return left + x.share(value) * (right - left); }
  double at_y(double value) const { return bottom - y.share(value) * (bottom - top); }
};

// The axis with as many marks as their labels leave room for on `width` units.
Axis fitting_x_axis(double low, double high, double width, Scale scale);

inline constexpr double kBelowPlot = 42.0;  // what marks and name of the x axis take
// Marks, labels and the name of the x axis, below the plot.
std::string draw_x_axis(const Plot& plot, std::string_view name);

}  // namespace genbid::report
