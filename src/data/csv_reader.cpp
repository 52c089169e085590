#include "data/csv_reader.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fast_float/fast_float.h>
#define XXH_INLINE_ALL  // the header alone, no library
#include <xxhash.h>

#include "base/error.h"

namespace genbid {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

const char* find(const char* begin, const char* end, char c) {
  return begin == end ? nullptr : static_cast<const char*>(std::memchr(begin, c, static_cast<size_t>(end - begin)));
}

// In strips whose counts fit a byte: 16 or more characters an instruction.
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

// False where the text as a whole is not a number.
bool to_number(std::string_view text, double& value) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto result = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
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

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

}  // namespace

bool is_missing(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return true;
  if (text.size() > 4) return false;
  for (const char* word : {"nan", "NaN", "NAN", "NA", "N/A", "<NA>", "null", "NULL", "None", "-nan"}) {
    if (text == word) return true;
  }
  return false;
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out(text.size() <= kMost ? text : text.substr(0, kMost - 3));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  if (text.size() > kMost) out += "...";
  return out;
}

struct CsvFile::State {
  std::string path;
  std::vector<std::string> header;
  int64_t block_bytes = kBlockBytes;
  int file = -1;
  int64_t size = 0;
  int64_t bytes_read = 0;
  bool at_end = false;
  std::string rest;  // bytes read behind the last whole line
  int64_t next_line = 1;
  XXH3_state_t* hash = nullptr;

  ~State() {
    if (file >= 0) ::close(file);
    XXH3_freeState(hash);
  }

  // Appends up to `count` bytes of the file to `text`.
  void read(std::string& text, int64_t count) {
    const size_t before = text.size();
    text.resize(before + static_cast<size_t>(count));
    size_t filled = before;
    while (filled < text.size()) {
      const ssize_t got = ::read(file, text.data() + filled, text.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error(path + ": cannot be read: " + std::strerror(errno));
      if (got == 0) {
        at_end = true;
        break;
      }
      filled += static_cast<size_t>(got);
    }
    text.resize(filled);
    XXH3_128bits_update(hash, text.data() + before, filled - before);
    bytes_read += static_cast<int64_t>(filled - before);
  }

  // Fills `text` with whole lines and keeps the rest for the next call.
  void next_lines(std::string& text, int64_t bytes) {
    text.swap(rest);
    rest.clear();
    if (static_cast<int64_t>(text.size()) < bytes && !at_end) {
      read(text, bytes - static_cast<int64_t>(text.size()));
    }
    while (!at_end) {
      const size_t last = text.rfind('\n');
      if (last != std::string::npos) {
        rest.assign(text, last + 1);
        text.resize(last + 1);
        return;
      }
      if (static_cast<int64_t>(text.size()) >= kMaxLineBytes) {
        throw Error(path + ":" + std::to_string(next_line) + ": a line of more than " +
                    std::to_string(kMaxLineBytes >> 20) + " MiB, expected comma-separated text");
      }
      read(text, std::max(bytes, static_cast<int64_t>(text.size())));
    }
  }
};

CsvFile::CsvFile(std::string path, int64_t block_bytes) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.path = std::move(path);
  s.block_bytes = block_bytes;
  s.hash = XXH3_createState();
  if (s.hash == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(s.hash);
  s.file = ::open(s.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (s.file < 0) throw Error(s.path + ": cannot be opened: " + std::strerror(errno));
  struct stat status {};
  if (::fstat(s.file, &status) != 0) throw Error(s.path + ": cannot be read: " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(s.path + ": is a folder, expected a file");
  s.size = static_cast<int64_t>(status.st_size);

  std::string text;
  s.next_lines(text, std::min<int64_t>(block_bytes, 1 << 16));
  if (text.empty()) throw Error(s.path + ": is empty, expected a header line");
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line(text.data(), end);
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  s.header = split_header(line);
  std::set<std::string> seen;
  for (const std::string& name : s.header) {
    if (!seen.insert(name).second) {
      throw Error(s.path + ":1: column '" + excerpt(name) + "' appears twice");
    }
  }
  s.rest.insert(0, text, std::min(end + 1, text.size()));
  s.next_line = 2;
}

CsvFile::~CsvFile() = default;

const std::string& CsvFile::path() const { return state_->path; }
const std::vector<std::string>& CsvFile::header() const { return state_->header; }
int64_t CsvFile::size() const { return state_->size; }
int64_t CsvFile::bytes_read() const { return state_->bytes_read; }

bool CsvFile::next(CsvBlock& block) {
  State& s = *state_;
  block.text.clear();
  s.next_lines(block.text, s.block_bytes);
  block.first_line = s.next_line;
  s.next_line += count_line_feeds(block.text);
  return !block.text.empty();
}

std::string CsvFile::hash() const {
  assert(state_->at_end);
  const XXH128_hash_t value = XXH3_128bits_digest(state_->hash);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(value.high64),
                static_cast<unsigned long long>(value.low64));
  return text;
}

CsvSource CsvFile::source() const {
  return {std::filesystem::path(state_->path).filename().string(), state_->bytes_read, hash()};
}

CsvColumns::CsvColumns(const CsvFile& file, std::vector<std::string> wanted, std::string_view hint)
    : path_(file.path()), wanted_(std::move(wanted)), wanted_at_(file.header().size(), -1) {
  std::vector<std::string> missing;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const auto at = std::find(file.header().begin(), file.header().end(), wanted_[i]);
    if (at == file.header().end()) {
      missing.push_back(wanted_[i]);
      continue;
    }
    wanted_at_[static_cast<size_t>(at - file.header().begin())] = static_cast<int>(i);
  }
  if (missing.empty()) return;
  std::vector<std::string> found;
  for (const std::string& name : file.header()) found.push_back(excerpt(name));
  if (found.size() > 40) {
    found.resize(40);
    found.emplace_back("...");
  }
  throw Error(path_ + ":1: missing " + (missing.size() == 1 ? "column " : "columns ") + joined(missing) + "; found " +
              joined(found) + std::string(hint));
}

CsvRows::CsvRows(const CsvBlock& block, const CsvColumns& columns)
    : columns_(&columns),
      at_(block.text.data()),
      end_(block.text.data() + block.text.size()),
      line_(block.first_line),
      next_line_(block.first_line),
      fields_(columns.num_wanted()),
      unescaped_(columns.num_wanted()) {}

bool CsvRows::next() {
  while (at_ != end_) {
    const char* line_end = find(at_, end_, '\n');
    const char* next = line_end == nullptr ? end_ : line_end + 1;
    if (line_end == nullptr) line_end = end_;
    if (line_end != at_ && line_end[-1] == '\r') --line_end;
    const std::string_view line(at_, static_cast<size_t>(line_end - at_));
    at_ = next;
    line_ = next_line_++;
    if (line.empty()) continue;
    split(line);
    return true;
  }
  return false;
}

void CsvRows::split(std::string_view line) {
  const size_t expected = columns_->num_in_file();
  const char* at = line.data();
  const char* const end = at + line.size();
  size_t place = 0;
  while (true) {
    std::string_view field;
    if (at != end && *at == '"') {
      field = quoted_field(at, end, place);
    } else {
      const char* begin = at;
      while (at != end && *at != ',') ++at;
      field = std::string_view(begin, static_cast<size_t>(at - begin));
    }
    if (place < expected) {
      const int wanted = columns_->wanted_at(place);
      if (wanted >= 0) fields_[static_cast<size_t>(wanted)] = field;
    }
    ++place;
    if (at == end) break;
    ++at;
  }
  if (place != expected) {
    throw Error(where() + ": found " + std::to_string(place) + (place == 1 ? " field" : " fields") + ", expected " +
                std::to_string(expected) + " as in the header");
  }
}

// `at` stands on the opening quote and is left on the comma behind the field, or at the end.
std::string_view CsvRows::quoted_field(const char*& at, const char* end, size_t place) {
  const char* begin = at + 1;
  const char* quote = find(begin, end, '"');
  bool doubled = false;
  while (quote != nullptr && quote + 1 != end && quote[1] == '"') {
    doubled = true;
    quote = find(quote + 2, end, '"');
  }
  if (quote == nullptr) {
    throw Error(where() + ": field " + std::to_string(place + 1) + ": a quoted field does not end on its line");
  }
  at = quote + 1;
  if (at != end && *at != ',') {
    throw Error(where() + ": field " + std::to_string(place + 1) + ": found text behind a closing quote");
  }
  const std::string_view raw(begin, static_cast<size_t>(quote - begin));
  const int wanted = place < columns_->num_in_file() ? columns_->wanted_at(place) : -1;
  if (!doubled || wanted < 0) return raw;
  std::string& text = unescaped_[static_cast<size_t>(wanted)];
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
  double value = 0.0;
  const bool good = to_number(trimmed(fields_[column]), value) && std::abs(value) <= 0x1p53 &&
                    value == std::floor(value) && value >= static_cast<double>(low) &&
                    value <= static_cast<double>(high);
  if (!good) {
    const bool open = high >= int64_t{std::numeric_limits<int32_t>::max()};
    fail(column, open ? "a whole number, at least " + std::to_string(low)
                      : "a whole number in " + std::to_string(low) + ".." + std::to_string(high));
  }
  return static_cast<int64_t>(value);
}

std::string CsvRows::where() const { return columns_->path() + ":" + std::to_string(line_); }

std::string CsvRows::where(size_t column) const { return where() + ": column '" + columns_->name(column) + "'"; }

void CsvRows::fail(size_t column, std::string_view expected) const {
  throw Error(where(column) + ": found '" + excerpt(fields_[column]) + "', expected " + std::string(expected));
}

}  // namespace genbid
