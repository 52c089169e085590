#include "base/columns.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "campaigns/campaign_days.h"
#include "eval/platform_metrics.h"
#include "eval/result_columns.h"
#include "play/period_columns.h"

namespace genbid::eval {
namespace {

using Described = std::vector<std::pair<std::string, std::string>>;  // name, unit

// The rows of the table of data/README.md that follows this line or heading and begins with this header.
Described described(const std::string& heading, const std::string& header) {
  std::ifstream page("data/README.md");
  std::string line;
  while (std::getline(page, line) && line != heading) {
  }
  while (std::getline(page, line) && line.rfind("| " + header + " |", 0) != 0) {
  }
  std::getline(page, line);  // |---|
  Described rows;
  while (std::getline(page, line) && line.rfind("| `", 0) == 0) {
    const size_t end = line.find("` | ");
    const size_t unit_end = line.find(" |", end + 3);
    const size_t unit = end + 4;
    rows.emplace_back(line.substr(3, end - 3), unit_end > unit ? line.substr(unit, unit_end - unit) : "");
  }
  return rows;
}

template <typename Row>
Described of(const std::vector<Column<Row>>& columns) {
  Described rows;
  for (const Column<Row>& column : columns) rows.emplace_back(column.name, column.unit);
  return rows;
}

// Whoever reads a file of ours finds every column in data/README.md, in order, with its unit, and none that is not
// there.
TEST(Columns, AreAllDescribed) {
  EXPECT_EQ(described("### `ticks.csv`", "column"), of(play::tick_columns()));
  EXPECT_EQ(described("### `periods.csv`", "column"), of(play::day_columns()));
  EXPECT_EQ(described("### `samples.csv`", "column"), of(campaigns::sample_columns()));
  EXPECT_EQ(described("### `result.json`", "key of a cell"), of(cell_columns()));
  EXPECT_EQ(described("### `result.json`", "key of `mean`"), of(mean_columns()));
  EXPECT_EQ(described("### Platform metrics", "metric"), of(platform_columns()));
}

TEST(Columns, AreWrittenInOrder) {
  struct Row {
    int64_t count;
    double share;
  };
  const std::vector<Column<Row>> columns = {{"n", "things", [](const Row& r) -> ColumnValue { return r.count; }},
                                            {"nothing", "", [](const Row&) -> ColumnValue { return {}; }},
                                            {"s", "share", [](const Row& r) -> ColumnValue { return r.share; }},
                                            {"w", "", [](const Row&) -> ColumnValue { return std::string("x"); }}};
  EXPECT_EQ(csv_header(columns), "n,nothing,s,w\n");
  std::string text;
  append_csv(text, columns, Row{-7, 0.1});
  EXPECT_EQ(text, "-7,,0.1,x\n");
}

}  // namespace
}  // namespace genbid::eval
