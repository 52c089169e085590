#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/convert.h"
#include "data/log_file.h"
#include "data/table_plugin.h"
#include "data/tuple_parser.h"
#include "files.h"
#include "needs_plugin.h"

// Small Parquet files, written by the plugin: the same rows as a table of text.
namespace genbid::test {

struct ParquetForm {
  size_t rows_per_group = 7;
  std::map<std::string, data::TableKind> kinds = {};  // of columns that are not kReal
};

inline void append(data::TableValues& values, const std::string& cell) {
  using data::TableKind;
  ++values.num_rows;
  const bool missing = cell.empty();
  values.missing.push_back(missing ? 1 : 0);
  switch (values.kind) {
    case TableKind::kWhole:
      values.whole.push_back(missing ? 0 : std::strtoll(cell.c_str(), nullptr, 10));
      break;
    case TableKind::kFlag:
      values.whole.push_back(!missing && std::strtod(cell.c_str(), nullptr) != 0.0 ? 1 : 0);
      break;
    case TableKind::kText:
      values.text += cell;
      values.ends.push_back(std::ssize(values.text));
      break;
    case TableKind::kReals: {
      std::vector<double> numbers(size_t{1} << 13);
      const size_t count = missing ? 0 : data::parse_tuple(cell, numbers).count;
      values.real.insert(values.real.end(), numbers.begin(), numbers.begin() + to_signed(count));
      values.ends.push_back(std::ssize(values.real));
      break;
    }
    default:
      values.real.push_back(missing ? 0.0 : std::strtod(cell.c_str(), nullptr));
  }
}

// Columns are of doubles, but for those in `kinds`, and states, which are lists unless it says otherwise.
inline std::string write_parquet(const std::string& path, const Table& table, const ParquetForm& form = {}) {
  std::vector<data::TableColumn> columns;
  for (const std::string& name : table.header) {
    const auto found = form.kinds.find(name);
    const bool state = name == "state" || name == "next_state";
    const data::TableKind usual = state ? data::TableKind::kReals : data::TableKind::kReal;
    columns.push_back({name, found != form.kinds.end() ? found->second : usual, ""});
  }
  const auto writer = data::table_plugin("test").create(path, columns);
  for (size_t begin = 0; begin < table.rows.size(); begin += form.rows_per_group) {
    std::vector<data::TableValues> values(columns.size());
    for (size_t c = 0; c < columns.size(); ++c) {
      values[c].kind = columns[c].kind;
      for (size_t row = begin; row < std::min(begin + form.rows_per_group, table.rows.size()); ++row) {
        append(values[c], table.rows[row][c]);
      }
    }
    writer->write(values);
  }
  writer->finish();
  return path;
}

// The footer says what lies where, so whatever it says must be taken with care: with one byte changed after another the
// file is opened, or refused with its name.
inline void open_with_damaged_footers(const TempFolder& folder, const std::string& name) {
  const std::string bytes = content_of(folder.file(name));
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + bytes.size() - 8, sizeof length);
  int refused = 0;
  for (size_t at = bytes.size() - 8 - length; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const std::string path = folder.write("damaged.parquet", damaged);
    const std::string message = error_of([&] { const data::LogFile file(path); });
    if (message.empty()) continue;
    ++refused;
    EXPECT_TRUE(message.starts_with(path)) << "byte " << at << ": " << message;
  }
  EXPECT_GT(refused, 100);
}

// The table with a column for each number of its states.
inline Table in_parts(const Table& table) {
  Table parts;
  std::vector<bool> split;
  for (const std::string& name : table.header) {
    split.push_back(name == "state" || name == "next_state");
    for (int i = 0; i < (split.back() ? 16 : 1); ++i) {
      parts.header.push_back(split.back() ? name + "_" + std::to_string(i) : name);
    }
  }
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& cells = parts.rows.emplace_back();
    for (size_t c = 0; c < row.size(); ++c) {
      if (!split[c]) {
        cells.push_back(row[c]);
        continue;
      }
      // "(1.0, 2.0)": each number without its brackets.
      std::vector<std::string> numbers(1);
      for (const char letter : row[c]) {
        if (letter == ',') numbers.emplace_back();
        if (std::string("(), ").find(letter) == std::string::npos) numbers.back() += letter;
      }
      numbers.resize(16);
      cells.insert(cells.end(), numbers.begin(), numbers.end());
    }
  }
  return parts;
}

}  // namespace genbid::test
