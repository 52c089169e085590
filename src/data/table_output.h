#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/columns.h"
#include "data/table_plugin.h"

namespace genbid::data {

// A Parquet file that is written row group by row group, under a temporary name, so that it is there whole after
// finish() and not at all before.
class TableOutput {
 public:
  static constexpr int64_t kRowsOfGroup = int64_t{1} << 16;

  // Error where the plugin or the place is not there. The columns' types are not looked at.
  TableOutput(const std::string& path, const std::vector<TableColumn>& columns);
  ~TableOutput();

  // The values of the next row group, by column: append to them, all as many.
  std::vector<TableValues>& rows();
  // To be called behind each row: writes the row group once it is long enough.
  void end_row();
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Append to a column; missing: no value.
void append_whole(TableValues& values, int64_t value);
void append_real(TableValues& values, double value);
void append_list(TableValues& values, std::span<const double> list);
void append_missing(TableValues& values);

// A table of base/columns.h: of whole numbers and doubles alone. A column is of doubles unless its first value is
// whole.
class ColumnTableOutput {
 public:
  ColumnTableOutput(std::string path, std::vector<std::string> names);

  void append(std::span<const ColumnValue> row);
  void finish();

 private:
  void open(std::span<const ColumnValue> row);

  std::string path_;
  std::vector<std::string> names_;
  std::unique_ptr<TableOutput> output_;  // from the first row on
};

// The names of a Parquet file's columns; none where it cannot be read.
std::vector<std::string> table_names(const std::string& path);

}  // namespace genbid::data
