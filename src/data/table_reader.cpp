#include "data/table_reader.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "data/file_kind.h"
#include "data/row_place.h"

namespace genbid::data {
namespace {

// Blocks are as long as those of text files, by what a row of text takes.
constexpr int64_t kTextBytesOfRow = 256;
constexpr int64_t kMostBlockRows = int64_t{1} << 14;

// Error for what the library should not be given: what is no file, and what is no Parquet file by its first bytes.
void check_file(const std::string& path) {
  const auto fail = [&](const std::string& what) { throw Error(path + ": " + what); };
  // O_NONBLOCK, because opening a pipe would otherwise wait for its writer.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
  struct stat about {};
  const bool known = ::fstat(file, &about) == 0;
  std::array<char, 512> head{};
  const ssize_t got = known && S_ISREG(about.st_mode) ? ::pread(file, head.data(), head.size(), 0) : 0;
  ::close(file);
  if (!known) fail("cannot be read");
  if (S_ISDIR(about.st_mode)) fail("is a folder, expected a file");
  if (!S_ISREG(about.st_mode)) fail("is a pipe, expected a file (it is read more than once; write it to a file first)");
  const std::string_view text(head.data(), got > 0 ? to_size(got) : 0);
  if (text.empty()) fail("is empty, expected a Parquet file");
  if (text.starts_with("PAR1")) return;
  const std::string kind = text.starts_with("PARE") ? "an encrypted Parquet file" : foreign_kind(text);
  fail("found " + (kind.empty() ? "text" : kind) + ", expected a Parquet file, as its name says");
}

const char* words(FieldKind kind) {
  switch (kind) {
    case FieldKind::kWhole:
      return "whole numbers";
    case FieldKind::kNumber:
      return "numbers";
    case FieldKind::kFlag:
      return "0 and 1, or booleans";
    case FieldKind::kState:
      return "a list of numbers, or texts";
  }
  return "";
}

bool fits(TableKind found, FieldKind wanted) {
  switch (found) {
    case TableKind::kNothing:
      return true;
    case TableKind::kWhole:
    case TableKind::kReal:
      return wanted != FieldKind::kState;
    case TableKind::kFlag:
      return wanted == FieldKind::kFlag;
    case TableKind::kText:
    case TableKind::kReals:
      return wanted == FieldKind::kState;
    case TableKind::kOther:
      return false;
  }
  return false;
}

}  // namespace

bool is_remote(const std::string& place) { return place.starts_with("s3://"); }

std::string object_stamp(const std::string& place) { return table_plugin(place).stamp(place); }

bool is_table(const std::string& place) {
  if (place.ends_with(".parquet") || is_remote(place)) return true;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(place, ignored)) return false;
  std::array<char, 512> head{};
  std::ifstream file(place, std::ios::binary);
  file.read(head.data(), std::ssize(head));
  return is_parquet(std::string_view(head.data(), to_size(file.gcount())));
}

struct TableReader::State {
  Header header;
  int64_t block_rows = 0;
  std::unique_ptr<TableFile> file;
  int64_t num_rows = 0;
  int64_t rows_read = 0;

  std::vector<int> places;      // of the columns that are read
  std::vector<size_t> targets;  // and which wanted column each is
  size_t num_wanted = 0;
  int row_group = -1;
  int64_t row = 0;  // in it
  std::vector<std::unique_ptr<TableColumnReader>> readers;

  int64_t rows_left() const { return row_group < 0 ? 0 : at(file->row_groups(), row_group) - row; }
};

TableReader::TableReader(const std::string& place, int64_t block_bytes) : state_(std::make_unique<State>()) {
  State& s = *state_;
  if (!is_remote(place)) check_file(place);
  s.file = table_plugin(place).open(place);
  s.header.path = place;
  s.header.place = place;
  for (const TableColumn& column : s.file->columns()) s.header.names.push_back(column.name);
  s.block_rows = std::clamp<int64_t>(block_bytes / kTextBytesOfRow, 1, kMostBlockRows);
  if (std::ssize(s.file->row_groups()) >= kMostRowGroups) {
    throw Error(place + ": found " + std::to_string(s.file->row_groups().size()) + " row groups, expected fewer than " +
                std::to_string(kMostRowGroups));
  }
  for (const int64_t rows : s.file->row_groups()) {
    if (rows >= kMostRowsOfGroup) throw Error(place + ": found a row group of " + std::to_string(rows) + " rows");
    s.num_rows += rows;
  }
}

TableReader::~TableReader() = default;

const Header& TableReader::header() const { return state_->header; }
int64_t TableReader::size() const { return state_->file->size(); }

int64_t TableReader::bytes_read() const {
  const State& s = *state_;
  if (s.rows_read == s.num_rows) return size();
  return static_cast<int64_t>(as_double(size()) * (as_double(s.rows_read) / as_double(s.num_rows)));
}

CsvSource TableReader::source() const {
  const State& s = *state_;
  const std::string& place = s.header.path;
  const std::string name =
      std::filesystem::path(place.substr(0, is_remote(place) ? place.find('?') : place.size())).filename().string();
  // An object is not fetched once more for this: its footer says what lies where, its stamp that it was written anew.
  return {name, size(),
          is_remote(place) ? content_hash(s.file->footer() + object_stamp(place)) : file_content_hash(place)};
}

void TableReader::select(const WantedColumns& columns, std::span<const FieldKind> kinds) {
  State& s = *state_;
  s.num_wanted = columns.num_wanted();
  for (size_t place = 0; place < columns.num_in_file(); ++place) {
    const int wanted = columns.wanted_at(place);
    if (wanted < 0) continue;
    const TableColumn& column = s.file->columns()[place];
    const FieldKind kind = kinds[to_size(wanted)];
    if (!fits(column.kind, kind)) {
      throw Error(s.header.place + ": column '" + excerpt(column.name) + "': found " + column.type + ", expected " +
                  words(kind));
    }
    s.places.push_back(to_int(place));
    s.targets.push_back(to_size(wanted));
  }
}

bool TableReader::next(TableBlock& block, Threads& threads) {
  State& s = *state_;
  while (s.rows_left() == 0) {
    if (s.row_group + 1 == std::ssize(s.file->row_groups())) return false;
    ++s.row_group;
    s.row = 0;
    s.readers.clear();
    if (s.rows_left() > 0) s.readers = s.file->open(s.row_group, s.places);
  }
  block.row_group = s.row_group;
  block.first_row = s.row;
  block.num_rows = std::min(s.rows_left(), s.block_rows);
  block.columns.resize(s.num_wanted);
  threads.parallel_for(std::ssize(s.readers), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) at(s.readers, i)->read(block.num_rows, block.columns[at(s.targets, i)]);
  });
  s.row += block.num_rows;
  s.rows_read += block.num_rows;
  return true;
}

int64_t TableRows::line() const { return row_of_table(block_->row_group, block_->first_row + row_); }

bool TableRows::missing(size_t column) const {
  const TableValues& values = block_->columns[column];
  if (values.kind == TableKind::kNothing) return true;
  if (!values.missing.empty() && at(values.missing, row_) != 0) return true;
  if (values.kind == TableKind::kReal) return std::isnan(at(values.real, row_));
  return values.kind == TableKind::kText && is_missing(text(column));
}

std::string_view TableRows::text(size_t column) const {
  const TableValues& values = block_->columns[column];
  if (values.kind != TableKind::kText) return {};
  const int64_t begin = row_ == 0 ? 0 : at(values.ends, row_ - 1);
  return std::string_view(values.text).substr(to_size(begin), to_size(at(values.ends, row_) - begin));
}

std::span<const double> TableRows::list(size_t column) const {
  const TableValues& values = block_->columns[column];
  const int64_t begin = row_ == 0 ? 0 : at(values.ends, row_ - 1);
  return std::span(values.real).subspan(to_size(begin), to_size(at(values.ends, row_) - begin));
}

double TableRows::number(size_t column) const {
  if (missing(column)) return std::numeric_limits<double>::quiet_NaN();
  const TableValues& values = block_->columns[column];
  if (values.kind == TableKind::kWhole) return as_double(at(values.whole, row_));
  const double value = at(values.real, row_);
  if (!std::isfinite(value)) fail(column, "a finite number");
  return value;
}

int64_t TableRows::whole(size_t column, int64_t low, int64_t high) const {
  if (!missing(column)) {
    const TableValues& values = block_->columns[column];
    int64_t value = low - 1;
    if (values.kind == TableKind::kReal) {
      const double real = at(values.real, row_);
      if (std::abs(real) <= (values.single ? 0x1p24 : 0x1p53) && real == std::floor(real))
        value = static_cast<int64_t>(real);
    } else {
      value = at(values.whole, row_);
    }
    if (value >= low && value <= high) return value;
  }
  // A float that is shown without a point is a float all the same.
  const bool real = block_->columns[column].kind == TableKind::kReal;
  const std::string text = shown(column);
  fail(column, whole_words(real && text.find_first_of(".e") == std::string::npos ? text + ".0" : text, low, high));
}

std::string TableRows::where() const { return place_text(columns_->path(), line()); }

std::string TableRows::where(size_t column) const { return where() + ": column '" + columns_->name(column) + "'"; }

std::string TableRows::shown(size_t column) const {
  const TableValues& values = block_->columns[column];
  const bool nothing = values.kind == TableKind::kNothing || (!values.missing.empty() && at(values.missing, row_) != 0);
  if (nothing) return {};
  switch (values.kind) {
    case TableKind::kReal:
      return shortest(at(values.real, row_));
    case TableKind::kFlag:
      return at(values.whole, row_) != 0 ? "True" : "False";
    case TableKind::kText:
      return std::string(text(column));
    case TableKind::kReals: {
      std::string all = "[";
      for (const double value : list(column).first(std::min<size_t>(list(column).size(), 20))) {
        all += (all.size() > 1 ? ", " : "") + shortest(value);
      }
      return all + "]";
    }
    default:
      return std::to_string(at(values.whole, row_));
  }
}

void TableRows::fail(size_t column, std::string_view expected) const {
  throw Error(where(column) + ": found '" + excerpt(shown(column)) + "', expected " + std::string(expected));
}

}  // namespace genbid::data
