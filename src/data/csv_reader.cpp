#include "data/csv_reader.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include <fast_float/fast_float.h>

#include "base/convert.h"
#include "base/error.h"
#include "data/file_kind.h"
#include "data/unpacked_file.h"

namespace genbid::data {
namespace {

constexpr size_t kKindBytes = 512;  // of a file's beginning, which tell what it is

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

const char* find(const char* begin, const char* end, char c) {
  return begin == end ? nullptr : static_cast<const char*>(std::memchr(begin, c, to_size(end - begin)));
}

// The text is counted in strips whose counts fit a byte, so that one instruction handles 16 characters or more.
int64_t count_line_feeds(std::string_view text) {
  int64_t count = 0;
  for (size_t begin = 0; begin < text.size(); begin += 255) {
    const size_t end = std::min(begin + 255, text.size());
    uint8_t strip = 0;
    for (size_t i = begin; i < end; ++i) strip = static_cast<uint8_t>(strip + (text[i] == '\n' ? 1 : 0));
    count += strip;
  }
  return count;
}

std::string_view without_plus(std::string_view text) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return plus ? text.substr(1) : text;
}

// Returns false where the text as a whole is not a number; one that is too large becomes infinite.
bool to_number(std::string_view text, double& value) {
  text = without_plus(text);
  const auto result = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  // A number below the smallest is 0, which some versions of the library report as out of range.
  const bool good = result.ec == std::errc() || result.ec == std::errc::result_out_of_range;
  return good && result.ptr == text.data() + text.size();
}

// Returns false for what is not a whole number, and for one that a double cannot tell from its neighbours.
bool to_whole(std::string_view text, int64_t& value) {
  text = without_plus(text);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ptr == end) return result.ec == std::errc();
  double real = 0.0;
  if (!to_number(text, real) || !(std::abs(real) <= 0x1p53) || real != std::floor(real)) return false;
  value = static_cast<int64_t>(real);
  return true;
}

// Finds the quote that closes a field. `begin` is behind its opening quote, and `line_end` is the end of that line.
// Returns nullptr where there is none before `end`, or only one too far away on another line. Sets `doubled` if there
// are doubled quotes in the field.
const char* closing_quote(const char* begin, const char* line_end, const char* end, bool& doubled) {
  if (end - begin > CsvFile::kMaxQuotedBytes) end = std::max(line_end, begin + CsvFile::kMaxQuotedBytes);
  doubled = false;
  const char* quote = find(begin, end, '"');
  while (quote != nullptr && quote + 1 != end && quote[1] == '"') {
    doubled = true;
    quote = find(quote + 2, end, '"');
  }
  return quote;
}

// Returns the place behind the line feed of the row that begins at `at`, or nullptr where the row may go on behind
// `end`.
const char* row_end(const char* at, const char* end, bool file_ends) {
  while (true) {  // at the beginning of a field
    const char* feed = find(at, end, '\n');
    const char* line_end = feed == nullptr ? end : feed;
    const char* quote = find(at, line_end, '"');
    if (quote == nullptr) return feed == nullptr ? nullptr : feed + 1;
    // Only a quote at a field's beginning opens anything.
    while (quote != nullptr && quote != at && quote[-1] != ',') quote = find(quote + 1, line_end, '"');
    if (quote == nullptr) return feed == nullptr ? nullptr : feed + 1;
    bool doubled = false;
    const char* close = closing_quote(quote + 1, line_end, end, doubled);
    if (close == nullptr) {
      const bool too_far = end - (quote + 1) > CsvFile::kMaxQuotedBytes;
      return feed != nullptr && (too_far || file_ends) ? feed + 1 : nullptr;
    }
    at = close + 1;
    if (at != end && *at == ',') {
      ++at;
      continue;
    }
    // Here the row ends, or it has text behind a closing quote. That is an error, after which reading goes on with the
    // next line.
    feed = find(at, end, '\n');
    return feed == nullptr ? nullptr : feed + 1;
  }
}

// The bytes of whole rows that `text` begins with.
size_t whole_rows(std::string_view text, bool file_ends) {
  if (find(text.data(), text.data() + text.size(), '"') == nullptr) return text.rfind('\n') + 1;  // npos + 1 is 0
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while (const char* next = row_end(at, end, file_ends)) at = next;
  return to_size(at - text.data());
}

constexpr const char* kLinesEndInCr = "found lines that end in CR alone, expected LF or CR LF";

// Whether a line ends in CR alone before the text's first line feed: neither within quotes nor before another CR or LF.
bool ends_in_cr(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '\n') return false;
    if (text[i] == '\r' && text[i + 1] != '\n' && text[i + 1] != '\r') return true;
  }
  return false;
}

std::vector<std::string> split_header(std::string_view line) {
  std::vector<std::string> names;
  size_t at = 0;
  while (true) {
    std::string name;
    if (at < line.size() && line[at] == '"') {
      for (++at; at < line.size(); ++at) {
        if (line[at] == '"' && (at + 1 >= line.size() || line[++at] != '"')) break;
        name += line[at];
      }
      while (at < line.size() && line[at] != ',') ++at;
    } else {
      while (at < line.size() && line[at] != ',') name += line[at++];
      name = std::string(trimmed(name));
    }
    names.push_back(std::move(name));
    if (at >= line.size()) return names;
    ++at;
  }
}

// Names a separator that splits the header line into some of the wanted names; nullptr if there is none.
const char* other_separator(std::string_view line, const std::vector<std::string>& wanted) {
  constexpr std::pair<char, const char*> kSeparators[] = {{';', "';'"}, {'\t', "tabs"}, {'|', "'|'"}, {' ', "spaces"}};
  for (const auto& [separator, name] : kSeparators) {
    if (line.find(separator) == std::string_view::npos) continue;
    size_t begin = 0;
    while (begin <= line.size()) {
      const size_t end = std::min(line.find(separator, begin), line.size());
      std::string_view piece = trimmed(line.substr(begin, end - begin));
      if (piece.size() > 2 && piece.front() == '"' && piece.back() == '"') piece = piece.substr(1, piece.size() - 2);
      if (!piece.empty() && std::find(wanted.begin(), wanted.end(), piece) != wanted.end()) return name;
      begin = end + 1;
    }
  }
  return nullptr;
}

}  // namespace

bool is_missing(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return true;
  if (text.size() > 4) return false;
  for (const char* word :
       {"nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "null", "NULL", "None", "-nan", "-NaN"}) {
    if (text == word) return true;
  }
  return false;
}

std::string whole_words(std::string_view text, int64_t low, int64_t high) {
  const bool open = high >= int64_t{std::numeric_limits<int32_t>::max()};
  int64_t value = 0;
  double real = 0.0;
  const bool too_large = to_number(text, real) && real == std::floor(real) && real > 0.0;
  const bool written_as_float = text.find_first_of(".eE") != std::string_view::npos;
  if (too_large && written_as_float && real < as_double(high) && !to_whole(text, value)) {
    return "all of its digits (a float above 9007199254740992 has lost some)";
  }
  return open && !too_large ? "a whole number, at least " + std::to_string(low)
                            : "a whole number in " + std::to_string(low) + ".." + std::to_string(high);
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 60;
  size_t length = text.size() <= kMost ? text.size() : kMost - 3;
  if (length < text.size()) {  // not within a character
    for (int k = 0; k < 3 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80; ++k) --length;
  }
  std::string out(text.substr(0, length));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  for (size_t bad = first_not_utf8(out); bad != std::string::npos; bad = first_not_utf8(out)) out[bad] = '?';
  if (text.size() > kMost) out += "...";
  return out;
}

struct CsvFile::State {
  std::string path;
  UnpackedFile file;
  std::vector<std::string> header;
  std::string header_line;
  int64_t block_bytes = kBlockBytes;
  bool at_end = false;
  std::string rest;  // bytes read behind the last whole row
  int64_t next_line = 1;

  State(const std::string& name, int64_t bytes) : path(name), file(name), block_bytes(bytes) {}

  // Appends up to `count` bytes of the file to `text`.
  void read(std::string& text, int64_t count) {
    const size_t before = text.size();
    text.resize(before + to_size(count));
    const size_t got = file.read(text.data() + before, to_size(count));
    at_end = got < to_size(count);
    text.resize(before + got);
  }

  // Fills `text` with whole rows and keeps the rest for the next call.
  void next_rows(std::string& text, int64_t bytes) {
    text.swap(rest);
    rest.clear();
    if (std::ssize(text) < bytes && !at_end) {
      read(text, bytes - std::ssize(text));
    }
    while (!at_end) {
      const size_t end = whole_rows(text, false);
      if (end > 0) {
        rest.assign(text, end);
        text.resize(end);
        return;
      }
      if (std::ssize(text) >= kMaxLineBytes) {
        const std::string line = path + ":" + std::to_string(next_line) + ": ";
        if (ends_in_cr(text)) throw Error(line + kLinesEndInCr);
        throw Error(line + "a line of more than " + std::to_string(kMaxLineBytes >> 20) +
                    " MiB, expected comma-separated text");
      }
      read(text, std::max(bytes, std::ssize(text)));
    }
  }
};

CsvFile::CsvFile(const std::string& path, int64_t block_bytes) : state_(std::make_unique<State>(path, block_bytes)) {
  State& s = *state_;
  std::string text;
  s.read(text, std::min<int64_t>(block_bytes, 1 << 16));
  while (!s.at_end && text.size() < kKindBytes) s.read(text, kKindBytes);
  if (text.empty()) throw Error(s.path + ": is empty, expected a header line");
  const std::string kind = foreign_kind(std::string_view(text).substr(0, kKindBytes));
  if (!kind.empty()) throw Error(s.path + ": found " + kind + ", expected comma-separated text in UTF-8");
  if (ends_in_cr(text)) throw Error(s.path + ":1: " + kLinesEndInCr);
  s.rest.swap(text);
  s.next_rows(text, 1);

  const char* const begin = text.data();
  const char* const text_end = begin + text.size();
  const char* next = row_end(begin, text_end, true);
  const size_t length = next == nullptr ? text.size() : to_size(next - begin);
  std::string_view line(begin, length);
  s.next_line = 1 + count_line_feeds(line);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  s.header_line = line;
  s.header = split_header(line);
  s.rest.insert(0, text, length);
}

CsvFile::~CsvFile() = default;

const std::string& CsvFile::path() const { return state_->path; }
const std::vector<std::string>& CsvFile::header() const { return state_->header; }
const std::string& CsvFile::header_line() const { return state_->header_line; }
int64_t CsvFile::size() const { return state_->file.size(); }
int64_t CsvFile::bytes_read() const { return state_->file.bytes_read(); }

bool CsvFile::next(CsvBlock& block) {
  State& s = *state_;
  block.text.clear();
  s.next_rows(block.text, s.block_bytes);
  block.first_line = s.next_line;
  s.next_line += count_line_feeds(block.text);
  return !block.text.empty();
}

std::string CsvFile::hash() const {
  assert(state_->at_end);
  return state_->file.hash();
}

CsvSource CsvFile::source() const {
  return {std::filesystem::path(state_->path).filename().string(), bytes_read(), hash()};
}

namespace {

// A header of one name may be several with another separator between them.
Header header_of(const CsvFile& file, const std::vector<std::string>& wanted) {
  Header header{file.path(), file.path() + ":1", file.header(), {}, {}};
  const char* separator = header.names.size() == 1 ? other_separator(file.header_line(), wanted) : nullptr;
  if (separator != nullptr)
    header.misread = std::string("found columns separated by ") + separator + ", expected commas";
  const size_t bad = first_not_utf8(file.header_line());
  if (bad != std::string::npos) header.note = " (not UTF-8 from character " + std::to_string(bad + 1) + " on)";
  return header;
}

}  // namespace

CsvColumns::CsvColumns(const CsvFile& file, const std::vector<std::string>& wanted, std::string_view hint)
    : WantedColumns(header_of(file, wanted), wanted, hint) {}

CsvRows::CsvRows(const CsvBlock& block, const WantedColumns& columns)
    : columns_(&columns),
      at_(block.text.data()),
      end_(block.text.data() + block.text.size()),
      line_(block.first_line),
      next_line_(block.first_line),
      fields_(columns.num_wanted()),
      unescaped_(columns.num_wanted()) {}

bool CsvRows::next() {
  while (at_ != end_) {
    const char* begin = at_;
    line_ = next_line_;
    end_line(begin);
    if (row_end_ == begin) continue;
    split(begin);
    return true;
  }
  return false;
}

// The row ends with the line that goes on at `from`.
void CsvRows::end_line(const char* from) {
  const char* feed = find(from, end_, '\n');
  at_ = feed == nullptr ? end_ : feed + 1;
  row_end_ = feed == nullptr ? end_ : feed;
  if (row_end_ != from && row_end_[-1] == '\r') --row_end_;
  ++next_line_;
}

void CsvRows::split(const char* begin) {
  const size_t expected = columns_->num_in_file();
  const char* next = begin;
  size_t place = 0;
  while (true) {
    std::string_view field;
    if (next != row_end_ && *next == '"') {
      field = quoted_field(next, place);
    } else {
      const char* const end = row_end_;
      const char* const first = next;
      while (next != end && *next != ',') ++next;
      field = std::string_view(first, to_size(next - first));
    }
    if (place < expected) {
      const int wanted = columns_->wanted_at(place);
      if (wanted >= 0) at(fields_, wanted) = field;
    }
    ++place;
    if (next == row_end_) break;
    ++next;
  }
  if (place != expected) {
    if (ends_in_cr({begin, to_size(row_end_ - begin)})) throw Error(where() + ": " + kLinesEndInCr);
    throw Error(where() + ": found " + std::to_string(place) + (place == 1 ? " field" : " fields") + ", expected " +
                std::to_string(expected) + " as in the header");
  }
}

// `next` stands on the opening quote and is left on the comma behind the field, or at the end of the row.
std::string_view CsvRows::quoted_field(const char*& next, size_t place) {
  const char* begin = next + 1;
  bool doubled = false;
  const char* quote = closing_quote(begin, row_end_, row_end_, doubled);
  if (quote == nullptr) {
    quote = closing_quote(begin, row_end_, end_, doubled);
    if (quote == nullptr) {
      throw Error(where() + ": field " + std::to_string(place + 1) + ": a quoted field is longer than " +
                  std::to_string(CsvFile::kMaxQuotedBytes >> 10) + " KiB or does not end");
    }
    // The line of the first line feed inside is counted already.
    next_line_ += count_line_feeds({begin, to_size(quote - begin)}) - 1;
    end_line(quote);
  }
  next = quote + 1;
  if (next != row_end_ && *next != ',') {
    throw Error(where() + ": field " + std::to_string(place + 1) + ": found text behind a closing quote");
  }
  const std::string_view raw(begin, to_size(quote - begin));
  const int wanted = place < columns_->num_in_file() ? columns_->wanted_at(place) : -1;
  if (!doubled || wanted < 0) return raw;
  std::string& text = at(unescaped_, wanted);
  text.clear();
  for (size_t i = 0; i < raw.size(); ++i) {
    text += raw[i];
    if (raw[i] == '"') ++i;
  }
  return text;
}

double CsvRows::number(size_t column) const {
  double value = 0.0;
  if (to_number(fields_[column], value) && std::isfinite(value)) return value;
  const std::string_view text = trimmed(fields_[column]);
  if (is_missing(text)) return std::numeric_limits<double>::quiet_NaN();
  if (!to_number(text, value)) fail(column, "a number");
  if (!std::isfinite(value)) fail(column, "a finite number");
  return value;
}

int64_t CsvRows::whole(size_t column, int64_t low, int64_t high) const {
  const std::string_view text = trimmed(fields_[column]);
  int64_t value = 0;
  if (to_whole(text, value) && value >= low && value <= high) return value;
  fail(column, whole_words(text, low, high));
}

int64_t CsvRows::flag(size_t column) const {
  const std::string_view text = trimmed(fields_[column]);
  for (const char* word : {"False", "false", "FALSE"}) {
    if (text == word) return 0;
  }
  for (const char* word : {"True", "true", "TRUE"}) {
    if (text == word) return 1;
  }
  return whole(column, 0, 1);
}

std::string CsvRows::where() const { return columns_->path() + ":" + std::to_string(line_); }

std::string CsvRows::where(size_t column) const { return where() + ": column '" + columns_->name(column) + "'"; }

void CsvRows::fail(size_t column, std::string_view expected) const {
  throw Error(where(column) + ": found '" + excerpt(fields_[column]) + "', expected " + std::string(expected));
}

}  // namespace genbid::data
