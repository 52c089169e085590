#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

// Tables as the tests of this folder read them.
namespace genbid::test {

struct TextTable {
  std::map<std::string, size_t> columns;
  std::vector<std::vector<std::string>> rows;

  const std::string& text(size_t row, const std::string& column) const { return rows[row][columns.at(column)]; }
  double number(size_t row, const std::string& column) const { return std::strtod(text(row, column).c_str(), nullptr); }
};

inline TextTable parse_table(std::istream& in) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> parts;
    std::istringstream text((line.ends_with('\r') ? line.substr(0, line.size() - 1) : line) + ",");
    for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
    return parts;
  };
  TextTable table;
  std::string line;
  std::getline(in, line);
  for (const std::string& name : cells(line)) table.columns.emplace(name, table.columns.size());
  while (std::getline(in, line)) table.rows.push_back(cells(line));
  return table;
}

inline TextTable read_table(const std::string& path) {
  std::ifstream in(path);
  return parse_table(in);
}

// Whether ticks.csv has every number that the official run wrote down, bit for bit. Where a seat was not asked, the
// official file repeats its last coefficient and ours is empty; in the last tick its isEnd tells only of the money,
// while ours is 1 for all, as in the official log.
inline void expect_golden_ticks(const TextTable& ticks, const TextTable& golden) {
  ASSERT_EQ(ticks.rows.size(), golden.rows.size());
  std::map<std::string, int> differences;
  std::string first;
  for (size_t row = 0; row < golden.rows.size(); ++row) {
    const bool asked = golden.number(row, "remaining_before") >= 0.1;
    for (const auto& [column, place] : golden.columns) {
      const std::string& theirs = golden.rows[row][place];
      if (column == "alpha_after_bidding" && (!asked || theirs.empty())) {
        EXPECT_LE(ticks.text(row, column).empty() ? 0 : 1, asked ? 1 : 0);
        continue;
      }
      const bool ends = column == "isEnd" && golden.number(row, "tick") == 47.0;
      const double expected = ends ? 1.0 : std::strtod(theirs.c_str(), nullptr);
      if (std::bit_cast<uint64_t>(ticks.number(row, column)) == std::bit_cast<uint64_t>(expected)) continue;
      if (differences.empty()) {
        first = "row " + std::to_string(row) + " " + column + ": " + ticks.text(row, column) + ", expected " + theirs;
      }
      ++differences[column];
    }
  }
  for (const auto& [column, count] : differences) ADD_FAILURE() << column << " differs in " << count << " rows";
  EXPECT_EQ(first, "");
}

}  // namespace genbid::test
