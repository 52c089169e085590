#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/temporary_folder.h"

// Small files for the tests of this folder.
namespace genbid::test {

// A temporary folder that writes small files.
class TempFolder : public TemporaryFolder {
 public:
  std::string file(const std::string& name) const { return path(name); }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The text of the Error that a call throws; empty if it throws none.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// A trajectory file as a table of fields, which a test changes as it needs. Cells hold text without quotes.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  size_t column(const std::string& name) const {
    for (size_t i = 0; i < header.size(); ++i) {
      if (header[i] == name) return i;
    }
    throw Error("no column " + name);
  }
  std::string& cell(size_t row, const std::string& name) { return rows.at(row).at(column(name)); }

  std::string text(const std::string& line_end = "\n") const {
    std::string out = line(header) + line_end;
    for (const auto& row : rows) out += line(row) + line_end;
    return out;
  }

 private:
  static std::string line(const std::vector<std::string>& cells) {
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool quoted = cells[i].find(',') != std::string::npos;
      out += i == 0 ? "" : ",";
      out += quoted ? '"' + cells[i] + '"' : cells[i];
    }
    return out;
  }
};

// Rows of the sample: advertisers [0, num_advertisers) of period 7, 48 rows each.
inline Table sample(size_t num_advertisers = 1) {
  std::ifstream file("data/sample/trajectory_data_periods_7_8.csv");
  Table table;
  std::string line;
  while (table.rows.size() < 48 * num_advertisers && std::getline(file, line)) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    if (table.header.empty()) {
      table.header = cells;
    } else {
      table.rows.push_back(cells);
    }
  }
  return table;
}

}  // namespace genbid::test
