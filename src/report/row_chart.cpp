#include "report/row_chart.h"

#include <algorithm>

#include "base/convert.h"
#include "report/draw.h"
#include "report/page_style.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

constexpr double kSide = 22.0;  // free on both sides of the plot, for halves of labels

// The first line of an SVG file and what follows: a file is known by them.
constexpr const char* kSvgFileBegins = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"";
constexpr const char* kSvgTitleBegins = "\" role=\"img\">\n<title>";

double row_plot_height(const RowChart& chart) { return chart.edges.empty() ? 18.0 : 40.0; }

double largest_share(const RowChart& chart) {
  double largest = 1e-12;
  for (const ChartRow& row : chart.rows) {
    for (const double share : row.shares) largest = std::max(largest, share);
  }
  return largest;
}

std::string draw_distribution(const RowChart& chart, const ChartRow& row, const Plot& plot, double bottom,
                              double height) {
  std::string data = "M" + coordinate(plot.at_x(chart.edges.front())) + " " + coordinate(bottom);
  for (size_t i = 0; i < row.shares.size(); ++i) {
    data += "V" + coordinate(bottom - row.shares[i] * height) + "H" + coordinate(plot.at_x(chart.edges[i + 1]));
  }
  data += "V" + coordinate(bottom) + "Z";
  std::string body = svg_path(data, "area " + style_class(row.style));
  body += svg_line(plot.left, bottom, plot.right, bottom, "grid");
  return body;
}

std::string draw_row(const RowChart& chart, const ChartRow& row, const Plot& plot, double top, double scale) {
  const double text_right = plot.right + kSide;
  const double value_width = text_width(row.value_text, kLetter);
  std::string body = svg_marker(row.style, 6.0, top + 9.0);
  body += svg_text(15.0, top + 13.0, shortened(row.name, text_right - value_width - 28.0, kLetter));
  if (!row.value_text.empty()) body += svg_text(text_right, top + 13.0, row.value_text, Anchor::kEnd);

  const double plot_top = top + kTextLine + 2.0;
  const double bottom = plot_top + row_plot_height(chart);
  const double middle = (plot_top + bottom) / 2.0;
  if (chart.edges.empty()) body += svg_line(plot.left, middle, plot.right, middle, "grid");
  if (!row.shares.empty()) body += draw_distribution(chart, row, plot, bottom, scale);
  if (chart.reference) {
    const double x = plot.at_x(*chart.reference);
    body += svg_path("M" + coordinate(x) + " " + coordinate(plot_top) + "V" + coordinate(bottom), "line ref", "4 3");
  }
  if (row.low && row.high) {
    body += svg_line(plot.at_x(*row.low), middle, plot.at_x(*row.high), middle, "bar " + style_class(row.style));
  }
  if (row.value && row.shares.empty()) body += svg_marker(row.style, plot.at_x(*row.value), middle);
  if (row.value && !row.shares.empty()) {
    const double x = plot.at_x(std::clamp(*row.value, chart.x_low, chart.x_high));
    body += svg_line(x, plot_top, x, bottom, "median " + style_class(row.style));
  }
  return body;
}

struct Drawing {
  std::string body;
  double height = 0.0;
};

Drawing draw_body(const RowChart& chart, const Layout& layout) {
  Plot plot;
  plot.left = kSide;
  plot.right = layout.width - kSide;
  plot.x = fitting_x_axis(chart.x_low, chart.x_high, plot.right - plot.left, Scale::kLinear);
  const double row_height = kTextLine + row_plot_height(chart) + 8.0;
  plot.top = chart.reference ? kTextLine + 4.0 : 0.0;
  plot.bottom = plot.top + row_height * as_double(chart.rows.size());

  std::string body;
  if (chart.reference) {
    const double half = text_width(chart.reference_name, kLetter) / 2.0;
    body += svg_text(std::clamp(plot.at_x(*chart.reference), half, layout.width - half), 13.0, chart.reference_name,
                     Anchor::kMiddle);
  }
  const double scale = (row_plot_height(chart) - 2.0) / largest_share(chart);
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    body += draw_row(chart, chart.rows[i], plot, plot.top + row_height * as_double(i), scale);
  }
  body += draw_x_axis(plot, chart.x_name);
  return {body, plot.bottom + kBelowPlot};
}

std::string draw(const RowChart& chart, const Layout& layout) {
  const Drawing drawing = draw_body(chart, layout);
  return svg_element(chart.caption.id, layout, drawing.height, chart.caption.title, chart.caption.description,
                     drawing.body);
}

std::string optional_text(const std::optional<double>& value) { return value ? number_text(*value) : ""; }

Table numbers(const RowChart& chart) {
  Table table;
  if (chart.edges.empty()) {
    table.head = {"candidate", chart.x_name, "low", "high"};
    for (const ChartRow& row : chart.rows) {
      table.rows.push_back({row.name, optional_text(row.value), optional_text(row.low), optional_text(row.high)});
    }
    return table;
  }
  table.head = {chart.x_name + " from", "to"};
  for (const ChartRow& row : chart.rows) table.head.push_back(row.name);
  for (size_t i = 0; i + 1 < chart.edges.size(); ++i) {
    table.rows.push_back({number_text(chart.edges[i]), number_text(chart.edges[i + 1])});
    for (const ChartRow& row : chart.rows) {
      table.rows.back().push_back(row.shares.empty() ? "" : number_text(100.0 * row.shares[i]) + " %");
    }
  }
  return table;
}

}  // namespace

std::string row_figure(const RowChart& chart) {
  if (chart.rows.empty()) return {};
  return figure_html(chart.caption, draw(chart, kWide), draw(chart, kNarrow), {}, numbers(chart), chart.edges.empty());
}

bool is_row_svg_file(const std::string& text) {
  return text.starts_with(kSvgFileBegins) && text.find(kSvgTitleBegins) < text.find('\n');
}

std::string row_svg_file(const std::string& title, const std::vector<RowChart>& charts) {
  constexpr double kMargin = 12.0;
  constexpr double kTitle = 26.0;
  const double width = kWide.width + 2.0 * kMargin;
  double top = kMargin;
  std::string body;
  for (const RowChart& chart : charts) {
    body += "<g transform=\"translate(" + coordinate(kMargin) + " " + coordinate(top) + ")\">\n";
    body += svg_text(0.0, 13.0, shortened(chart.caption.title, kWide.width, kLetter));
    const Drawing drawing = draw_body(chart, kWide);
    body += "<g transform=\"translate(0 " + coordinate(kTitle) + ")\">\n" + drawing.body + "</g>\n</g>\n";
    top += kTitle + drawing.height + kMargin;
  }
  const std::string size = coordinate(width) + "\" height=\"" + coordinate(top);
  return kSvgFileBegins + size + "\" viewBox=\"0 0 " + coordinate(width) + " " + coordinate(top) + kSvgTitleBegins +
         escaped(title) + "</title>\n<style>" + chart_style() + "</style>\n<rect width=\"" + size +
         "\" style=\"fill: var(--back)\"/>\n" + body + "</svg>\n";
}

}  // namespace genbid::report
