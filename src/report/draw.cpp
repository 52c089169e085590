#include "report/draw.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report/markup.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

bool labels_fit(const Axis& axis, double width) {
  constexpr double kGap = 10.0;
  for (size_t i = 1; i < axis.marks.size(); ++i) {
    const double apart = (axis.share(axis.marks[i]) - axis.share(axis.marks[i - 1])) * width;
    if (apart < kGap + (text_width(axis.labels[i], kLetter) + text_width(axis.labels[i - 1], kLetter)) / 2.0) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string coordinate(double value) {
  const long tenths = std::lround(std::clamp(value, -1e6, 1e6) * 10.0);
  std::string text = std::to_string(tenths / 10);
  if (tenths < 0 && tenths > -10) text = "-0";
  if (tenths % 10 != 0) text += "." + std::to_string(std::abs(tenths % 10));
  return text;
}

std::string svg_text(double x, double baseline, std::string_view text, Anchor anchor) {
  const char* const where = anchor == Anchor::kStart    ? ""
                            : anchor == Anchor::kMiddle ? " text-anchor=\"middle\""
                                                        : " text-anchor=\"end\"";
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(baseline) + "\"" + where + ">" + escaped(text) +
         "</text>\n";
}

std::string svg_line(double x1, double y1, double x2, double y2, std::string_view classes) {
  return svg_path("M" + coordinate(x1) + " " + coordinate(y1) + "L" + coordinate(x2) + " " + coordinate(y2), classes);
}

std::string svg_path(const std::string& data, std::string_view classes, std::string_view dash) {
  std::string text = "<path class=\"" + std::string(classes) + "\" d=\"" + data + "\"";
  if (!dash.empty()) text += " stroke-dasharray=\"" + std::string(dash) + "\"";
  return text + "/>\n";
}

std::string svg_marker(int style, double x, double y) {
  return svg_path(marker_path(style, x, y), "mark " + style_class(style));
}

std::string svg_element(const std::string& id, const Layout& layout, double height, std::string_view title,
                        std::string_view description, const std::string& body) {
  const std::string name = id + (layout.wide ? "-wide" : "-narrow");
  return std::string("<svg class=\"") + (layout.wide ? "wide" : "narrow") + "\" viewBox=\"0 0 " +
         coordinate(layout.width) + " " + coordinate(height) + "\" role=\"img\" aria-labelledby=\"" + name + "-title " +
         name + "-desc\">\n<title id=\"" + name + "-title\">" + escaped(title) + "</title>\n<desc id=\"" + name +
         "-desc\">" + escaped(description) + "</desc>\n" + body + "</svg>\n";
}

Axis fitting_x_axis(double low, double high, double width, Scale scale) {
  for (int most = static_cast<int>(width / 40.0); most > 2; --most) {
    Axis axis = make_axis(low, high, most, scale, false);
    if (labels_fit(axis, width)) return axis;
  }
  Axis axis = make_axis(low, high, 2, scale, false);
  if (!labels_fit(axis, width)) {
    axis.marks.resize(1);
    axis.labels.resize(1);
  }
  return axis;
}

std::string draw_x_axis(const Plot& plot, std::string_view name) {
  std::string body = svg_line(plot.left, plot.bottom, plot.right, plot.bottom, "axis");
  for (size_t i = 0; i < plot.x.marks.size(); ++i) {
    const double x = plot.at_x(plot.x.marks[i]);
    body += svg_line(x, plot.bottom, x, plot.bottom + 4.0, "axis");
    body += svg_text(x, plot.bottom + 19.0, plot.x.labels[i], Anchor::kMiddle);
  }
  return body + svg_text((plot.left + plot.right) / 2.0, plot.bottom + 36.0, name, Anchor::kMiddle);
}

}  // namespace genbid::report
