#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "data/csv_reader.h"
#include "data/table_reader.h"

namespace genbid::data {

// Some rows of a log, of one of its two forms.
struct LogBlock {
  CsvBlock text;
  TableBlock table;
};

// A log that is text or a table (data::is_table).
class LogFile {
 public:
  explicit LogFile(const std::string& path, int64_t block_bytes = CsvFile::kBlockBytes);

  bool is_table() const { return table_.has_value(); }
  const std::string& path() const { return path_; }
  const std::vector<std::string>& header() const;
  const std::string& header_place() const { return header_place_; }  // for messages
  int64_t size() const;
  int64_t bytes_read() const;
  CsvSource source() const;  // after the last block

  WantedColumns find(const std::vector<std::string>& wanted, std::string_view hint) const;
  // Asks for what was found, before the first block: of which kind each column has to be, which texts tell row by row.
  void select(const WantedColumns& columns, std::span<const FieldKind> kinds);
  // The next rows; false at the end.
  bool next(LogBlock& block, Threads& threads);

 private:
  std::string path_;
  std::string header_place_;
  std::optional<CsvFile> csv_;
  std::optional<TableReader> table_;
};

}  // namespace genbid::data
