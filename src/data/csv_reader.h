#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/wanted_columns.h"

// Comma-separated files of any size in bounded memory, as they are or packed (data/unpacked_file.h). One thread cuts a
// file into blocks of whole rows (CsvFile); any thread turns a block into rows (CsvRows). A field may be quoted, with
// commas, doubled quotes and line feeds in it. CRLF, a byte order mark, blank lines and a missing last line feed are
// accepted; lines that end in CR alone are an Error.

namespace genbid::data {

// An empty field or one that spells a missing value for pandas: nan, NaN, NA, N/A, n/a, #N/A, #NA, <NA>, null, NULL,
// None.
bool is_missing(std::string_view text);

struct CsvBlock {
  std::string text;        // whole rows
  int64_t first_line = 0;  // number of its first line in the file, counted from 1
};

// A file that was read to its end.
struct CsvSource {
  std::string name;  // without its folder
  int64_t size = 0;
  std::string hash;  // XXH3-128
};

class CsvFile {
 public:
  static constexpr int64_t kBlockBytes = int64_t{1} << 22;
  static constexpr int64_t kMaxLineBytes = int64_t{1} << 26;

  // A quoted field that goes on for more bytes than this over several lines is taken for a quote that was never closed;
  // its row then ends with its line.
  static constexpr int64_t kMaxQuotedBytes = int64_t{1} << 16;

  // Opens the file and reads its header line. Throws Error for a file that cannot be read, an empty one, and one that
  // is no text in UTF-8, naming what it is.
  explicit CsvFile(const std::string& path, int64_t block_bytes = kBlockBytes);
  ~CsvFile();
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;

  const std::string& path() const;
  const std::vector<std::string>& header() const;
  const std::string& header_line() const;
  // Sizes are of the file as it lies on the disk, packed or not.
  int64_t size() const;        // bytes when it was opened
  int64_t bytes_read() const;  // so far

  // The next whole rows, about block_bytes of them, into `block`, whose memory is used again; false at the end.
  bool next(CsvBlock& block);

  // XXH3-128 of all bytes as 32 hexadecimal digits. Ask for it after next() has returned false.
  std::string hash() const;
  CsvSource source() const;  // the same

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Where the wanted columns lie in a file of this kind.
class CsvColumns : public WantedColumns {
 public:
  CsvColumns(const CsvFile& file, const std::vector<std::string>& wanted, std::string_view hint = {});
};

// The rows of one block. It touches nothing but the block and the columns, so several threads can walk a block each.
// Every Error says FILE:LINE, and after one the walk can go on with the next row.
class CsvRows {
 public:
  CsvRows(const CsvBlock& block, const WantedColumns& columns);

  bool next();  // to the next row; false at the end
  int64_t line() const { return line_; }

  // A field of the current row without its quotes. Valid as long as the block, but for a field with doubled
  // quotes, which is valid until the next row.
  std::string_view text(size_t column) const { return fields_[column]; }
  bool missing(size_t column) const { return is_missing(text(column)); }
  // Lists of numbers are texts here (data/tuple_parser.h).
  static constexpr bool has_list(size_t /*column*/) { return false; }
  static constexpr std::span<const double> list(size_t /*column*/) { return {}; }
  // A finite number, or NaN where the field is empty or spells a missing value (nan, NA, null, None).
  double number(size_t column) const;
  // A whole number in [low, high]; 7.0 counts as 7, up to 2^53, from where on a float may have lost digits.
  int64_t whole(size_t column, int64_t low, int64_t high) const;
  // 0 or 1, also as False or True, in small or capital letters.
  int64_t flag(size_t column) const;

  // "FILE:LINE", and "FILE:LINE: column 'NAME'".
  std::string where() const;
  std::string where(size_t column) const;
  // Throws "FILE:LINE: column 'NAME': found 'TEXT', expected EXPECTED".
  [[noreturn]] void fail(size_t column, std::string_view expected) const;

 private:
  void end_line(const char* from);
  void split(const char* begin);
  std::string_view quoted_field(const char*& next, size_t place);

  const WantedColumns* columns_;
  const char* at_;   // the next line
  const char* end_;  // of the block
  const char* row_end_ = nullptr;
  int64_t line_;
  int64_t next_line_;
  std::vector<std::string_view> fields_;
  std::vector<std::string> unescaped_;  // by wanted column; empty but for fields with doubled quotes
};

// What a field that is no whole number in [low, high] should have been, for its message.
std::string whole_words(std::string_view text, int64_t low, int64_t high);

// Text for an error message: at most 60 characters, control characters and what is not UTF-8 as '?'.
std::string excerpt(std::string_view text);

}  // namespace genbid::data
