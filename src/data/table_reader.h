#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "data/csv_reader.h"
#include "data/table_plugin.h"
#include "data/wanted_columns.h"

// Parquet files as data/csv_reader.h has CSV files: one thread takes blocks of rows out of a file (TableReader), any
// thread walks a block's rows (TableRows), whose fields are asked for as those of a CSV file are. So there is one
// definition of what rows a log may have. Memory holds some pages of every wanted column, however large row groups are.

namespace genbid::data {

// Whether an input is a table: its name ends in ".parquet" or begins with "s3://", or it is a Parquet file by its first
// bytes, whatever it is called.
bool is_table(const std::string& place);
bool is_remote(const std::string& place);
// Who an object of a store is: words that change when it is written anew.
std::string object_stamp(const std::string& place);

// Some rows of a row group.
struct TableBlock {
  int row_group = 0;
  int64_t first_row = 0;  // in it
  int64_t num_rows = 0;
  std::vector<TableValues> columns;  // by wanted column; without rows where nothing was asked for
};

// What a wanted column may be made of.
enum class FieldKind {
  kWhole,   // whole numbers, also as floats
  kNumber,  // numbers
  kFlag,    // 0 or 1, or booleans
  kState,   // a text or a list of numbers
};

class TableReader {
 public:
  // Opens the file and reads its schema. Error for what is no file, and for one that is no Parquet file.
  TableReader(const std::string& place, int64_t block_bytes);
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  const Header& header() const;
  int64_t size() const;
  int64_t bytes_read() const;  // in proportion to the rows
  CsvSource source() const;    // its hash is of the footer, which says where everything lies

  // Which columns are read, before the first block. `kinds` are by wanted column; Error for a column of another kind.
  void select(const WantedColumns& columns, std::span<const FieldKind> kinds);
  // The next rows into `block`, whose memory is used again; false at the end. Columns are decoded by all threads.
  bool next(TableBlock& block, Threads& threads);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The rows of one block, with the names and the errors of CsvRows: FILE: row group G, row R.
class TableRows {
 public:
  TableRows(const TableBlock& block, const WantedColumns& columns) : block_(&block), columns_(&columns) {}

  bool next() { return ++row_ < block_->num_rows; }
  void go_to(int64_t row) { row_ = row; }
  int64_t line() const;  // data/row_place.h

  bool missing(size_t column) const;
  std::string_view text(size_t column) const;
  bool has_list(size_t column) const { return block_->columns[column].kind == TableKind::kReals; }
  std::span<const double> list(size_t column) const;
  double number(size_t column) const;
  int64_t whole(size_t column, int64_t low, int64_t high) const;
  int64_t flag(size_t column) const { return whole(column, 0, 1); }

  std::string where() const;
  std::string where(size_t column) const;
  [[noreturn]] void fail(size_t column, std::string_view expected) const;

 private:
  // A field as a CSV file would have it, for messages.
  std::string shown(size_t column) const;

  const TableBlock* block_;
  const WantedColumns* columns_;
  int64_t row_ = -1;
};

}  // namespace genbid::data
