#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace genbid {

using ColumnValue = std::variant<std::monostate, int64_t, double, std::string>;  // monostate: empty

// A column of a table: its name, what it is counted in, and how a row's value is got. The lists of them
// (play/period_columns.h, eval/result_columns.h) are what is written and what data/README.md must describe.
template <typename Row>
struct Column {
  const char* name;
  const char* unit;  // "money", "impressions", "share", ...; "" for names and numbers that count nothing
  ColumnValue (*get)(const Row& row);
};

// "a,b,c\n"
template <typename Row>
std::string csv_header(const std::vector<Column<Row>>& columns) {
  std::string text;
  for (const Column<Row>& column : columns) text += (text.empty() ? "" : ",") + std::string(column.name);
  return text + "\n";
}

// Appends a value as CSV has it; a double is written as the shortest text that reads back as the same number, and words
// stand in quotes where they must (RFC 4180).
void append_csv(std::string& text, const ColumnValue& value);

// Appends a row with its line feed.
template <typename Row>
void append_csv(std::string& text, const std::vector<Column<Row>>& columns, const Row& row) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += ',';
    append_csv(text, columns[i].get(row));
  }
  text += '\n';
}

}  // namespace genbid
