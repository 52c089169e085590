#include "base/text_table.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/terminal.h"

namespace genbid {
namespace {

constexpr auto kLeft = TextColumn::Align::kLeft;

size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

TEST(TextTable, AlignsCellsUnderTitles) {
  TextTable table({{"name", kLeft}, {"score"}}, "  ");
  table.add({"a", "1.5"});
  table.add({"longer", "10.25"});
  EXPECT_EQ(table.text(80),
            "  name    score\n"
            "  a         1.5\n"
            "  longer  10.25\n");
}

TEST(TextTable, TitlesGoOverLinesWhereALineWouldNotFit) {
  TextTable table({{"name", kLeft}, {"expected score"}, {"budget use"}});
  table.add({"a", "1.5", "80%"});
  EXPECT_EQ(table.text(80), "name  expected score  budget use\na                1.5         80%\n");
  EXPECT_EQ(table.text(28),
            "        expected\n"
            "name       score  budget use\n"
            "a            1.5         80%\n");
}

TEST(TextTable, LongNamesAreCutInTheMiddle) {
  TextTable table({{"name", kLeft, true}, {"score"}});
  table.add({"runs/experiments/large/seed-3", "1.5"});
  table.add({"pid", "12"});
  EXPECT_EQ(table.text(27),
            "name                  score\n"
            "runs/expe...e/seed-3    1.5\n"
            "pid                      12\n");
  EXPECT_EQ(table.text(36),
            "name                           score\nruns/experiments/large/seed-3    1.5\npid                           "
            "    12\n");
}

TEST(TextTable, ColumnsThatDoNotFitMoveBelow) {
  TextTable table({{"name", kLeft}, {"first"}, {"second"}, {"third"}});
  table.add({"a", "1", "2", "3"});
  EXPECT_EQ(table.text(20),
            "name  first  second\n"
            "a         1       2\n"
            "\n"
            "name  third\n"
            "a         3\n");
}

TEST(TextTable, NoLineIsLongerThanTheWidth) {
  std::vector<TextColumn> columns = {{"candidate", kLeft, true}, {"kind", kLeft}};
  for (const char* title : {"expected score", "of optimum", "score", "conversions", "over CPA", "budget use", "more"}) {
    columns.push_back({title});
  }
  TextTable table(columns);
  table.add({std::string(200, 'x'), "hindsight", "30.12", "77.2%", "28.4", "1,234", "26.4%", "76.3%", "1"});
  for (const size_t width : {40U, 60U, 80U, 100U, 132U}) EXPECT_LE(longest_line(table.text(width)), width) << width;
}

TEST(TextTable, CountsCodePointsAndCutsBetweenThem) {
  TextTable table({{"n", kLeft, true}, {"x"}});
  table.add({"äöüäöüäöüäöüäöü", "1"});
  EXPECT_EQ(table.text(15),
            "n             x\n"
            "äöüäö...üäöü  1\n");
}

TEST(TextTable, ATableWithoutRowsIsItsTitles) {
  EXPECT_EQ(TextTable({{"name", kLeft}, {"score"}}).text(80), "name  score\n");
  EXPECT_EQ(TextTable({{"name"}}).text(80), "name\n");
}

TEST(Wrapped, WordsThatDoNotFitGoBelowTheValue) {
  EXPECT_EQ(wrapped("  periods  ", "7, 8, 9, 10", 17), "  periods  7, 8,\n           9, 10\n");
  EXPECT_EQ(wrapped("x ", "", 80), "x\n");
  EXPECT_EQ(wrapped("at ", "a/path/that/is/longer yes", 12), "at a/path/that/is/longer\n   yes\n");
}

TEST(Grouped, PutsCommasBetweenThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
}

// A file or a pipe has no columns of its own.
TEST(Terminal, WhatIsNoTerminalHas80ColumnsAndNoColours) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(terminal::width(STDOUT_FILENO), 80U);
  EXPECT_FALSE(terminal::has_colours(STDOUT_FILENO));
  EXPECT_EQ(terminal::coloured(terminal::Colour::kRed, "x", STDOUT_FILENO), "x");
  testing::internal::GetCapturedStdout();
}

}  // namespace
}  // namespace genbid
