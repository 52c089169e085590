#include "report/line_chart.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/row_chart.h"
#include "report/well_formed.h"

namespace genbid::report {
namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

LineChart two_lines() {
  LineChart chart;
  chart.caption = {"two", "Two <lines>", "A & B", "What they are."};
  chart.x_name = "tick";
  chart.y_name = "money";
  chart.series = {{"a < b", 0, {0, 1, 2}, {1, 2, 3}, {}, {}, false}, {"c", 1, {0, 1, 2}, {3, 2, 1}, {}, {}, false}};
  return chart;
}

TEST(LineChart, IsWellFormedAndDrawnForBothWidths) {
  const std::string html = line_figure(two_lines());
  EXPECT_EQ(test::WellFormed::fault(html), "");
  EXPECT_EQ(count(html, "<svg class=\"wide\""), 1U);
  EXPECT_EQ(count(html, "<svg class=\"narrow\""), 1U);
  EXPECT_EQ(count(html, "<title id="), 2U);
  EXPECT_EQ(count(html, "<desc id="), 2U);
}

TEST(LineChart, NamesStandAtTheLinesEndsAndBelowTheNarrowDrawing) {
  const std::string html = line_figure(two_lines());
  const size_t narrow = html.find("<svg class=\"narrow\"");
  EXPECT_EQ(count(html.substr(0, narrow), ">a &lt; b</text>"), 1U);
  EXPECT_EQ(count(html.substr(narrow), ">a &lt; b</text>"), 0U);
  EXPECT_EQ(count(html, "<span>a &lt; b</span>"), 1U);
}

TEST(LineChart, ItsNumbersAreATable) {
  const std::string html = line_figure(two_lines());
  EXPECT_NE(html.find("<th scope=\"col\">a &lt; b</th>"), std::string::npos);
  EXPECT_NE(html.find("<tr><td>2</td><td>3</td><td>1</td></tr>"), std::string::npos) << html;
}

TEST(LineChart, IntervalsAreInTheTableToo) {
  LineChart chart = two_lines();
  chart.series[0].low = {0.5, 1.5, 2.5};
  chart.series[0].high = {1.5, 2.5, 3.5};
  const std::string html = line_figure(chart);
  EXPECT_NE(html.find("<td>2</td><td>3</td><td>2.5</td><td>3.5</td>"), std::string::npos);
  EXPECT_EQ(count(html, "class=\"band s0\""), 2U);
}

TEST(LineChart, WhatIsNotFiniteLeavesAGap) {
  LineChart chart = two_lines();
  chart.series = {{"a", 0, {0, 1, 2, 3, 4}, {1, 2, std::nan(""), 2, 1}, {}, {}, false}};
  const std::string html = line_figure(chart);
  const size_t line = html.find("class=\"line s0\"");
  const std::string path = html.substr(line, html.find("/>", line) - line);
  EXPECT_EQ(count(path, "M"), 2U) << path;
  EXPECT_EQ(count(path, "L"), 2U) << path;
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(LineChart, NothingToShowIsNoFigure) {
  LineChart chart = two_lines();
  chart.series = {{"a", 0, {0}, {std::nan("")}, {}, {}, false}};
  EXPECT_EQ(line_figure(chart), "");
  chart.series = {{"a", 0, {1}, {-1}, {}, {}, false}};
  chart.y_scale = Scale::kLog;
  EXPECT_EQ(line_figure(chart), "");
}

TEST(LineChart, LabelsMoveApartAndStayInside) {
  EXPECT_EQ(spread_labels({50, 50, 50}, 0, 100, 10), (std::vector<double>{50, 60, 70}));
  EXPECT_EQ(spread_labels({100, 99, 10}, 0, 100, 10), (std::vector<double>{100, 90, 10}));
  EXPECT_EQ(spread_labels({-5, 200}, 0, 100, 10), (std::vector<double>{0, 100}));
}

TEST(RowChart, IsWellFormedWithARowForEachCandidate) {
  RowChart chart;
  chart.caption = {"rows", "Rows", "", ""};
  chart.x_name = "CPA / limit";
  chart.edges = {0.0, 0.5, 1.0};
  chart.reference = 1.0;
  chart.reference_name = "limit";
  chart.rows = {{"<a>", 0, 0.7, {}, {}, "median 0.7", {0.25, 0.75}}, {"b", 1, 0.2, {}, {}, "median 0.2", {1.0, 0.0}}};
  const std::string html = row_figure(chart);
  EXPECT_EQ(test::WellFormed::fault(html), "");
  EXPECT_EQ(count(html, "class=\"area s1\""), 2U);
  EXPECT_NE(html.find("<td>0.5</td><td>1</td><td>75 %</td><td>0 %</td>"), std::string::npos) << html;
  chart.rows.clear();
  EXPECT_EQ(row_figure(chart), "");
}

}  // namespace
}  // namespace genbid::report
