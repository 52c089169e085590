#include "data/log_file.h"

namespace genbid::data {

LogFile::LogFile(const std::string& path, int64_t block_bytes) : path_(path) {
  if (data::is_table(path)) {
    table_.emplace(path, block_bytes);
    header_place_ = path;
  } else {
    csv_.emplace(path, block_bytes);
    header_place_ = path + ":1";
  }
}

const std::vector<std::string>& LogFile::header() const { return table_ ? table_->header().names : csv_->header(); }
int64_t LogFile::size() const { return table_ ? table_->size() : csv_->size(); }
int64_t LogFile::bytes_read() const { return table_ ? table_->bytes_read() : csv_->bytes_read(); }
CsvSource LogFile::source() const { return table_ ? table_->source() : csv_->source(); }

WantedColumns LogFile::find(const std::vector<std::string>& wanted, std::string_view hint) const {
  if (table_) return {table_->header(), wanted, hint};
  return CsvColumns(*csv_, wanted, hint);
}

void LogFile::select(const WantedColumns& columns, std::span<const FieldKind> kinds) {
  if (table_) table_->select(columns, kinds);
}

bool LogFile::next(LogBlock& block, Threads& threads) {
  return table_ ? table_->next(block.table, threads) : csv_->next(block.text);
}

}  // namespace genbid::data
