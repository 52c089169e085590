#include "base/event_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/files/appended_file.h"
#include "base/files/raw_file.h"

namespace genbid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "events.out.tfevents.";

std::array<uint32_t, 256> crc_table() {
  constexpr uint32_t kPolynomial = 0x82F63B78U;  // of Castagnoli, bits reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? kPolynomial : 0U);
  }
  return table;
}

template <typename Word>
void add_little_endian(std::string& bytes, Word word) {
  for (size_t i = 0; i < sizeof word; ++i) bytes += static_cast<char>((word >> (8 * i)) & 0xFFU);
}

// TFRecord masks its sums, because sums of data that hold sums are weak.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

std::string frame(std::string_view data) {
  std::string bytes;
  add_little_endian<uint64_t>(bytes, data.size());
  add_little_endian(bytes, masked_crc(bytes));
  bytes += data;
  add_little_endian(bytes, masked_crc(data));
  return bytes;
}

// The fields of a message: a key (number and kind of value), then the value.
class Message {
 public:
  Message& number(uint32_t field, int64_t value) {
    key(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& real(uint32_t field, double value) {
    key(field, 1);
    add_little_endian(bytes_, std::bit_cast<uint64_t>(value));
    return *this;
  }
  Message& single(uint32_t field, float value) {
    key(field, 5);
    add_little_endian(bytes_, std::bit_cast<uint32_t>(value));
    return *this;
  }
  Message& text(uint32_t field, std::string_view value) {  // or a message
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(uint32_t field, uint32_t kind) { varint(field << 3 | kind); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
//                 SessionLog session_log = 7; }
Message event(int64_t step) { return Message().real(1, wall_seconds()).number(2, step); }

struct Found {
  std::vector<std::string> files;
  int64_t latest = 0;  // seconds in a name
};

Found event_files(const std::string& folder) {
  Found found;
  std::error_code ignored;  // of a folder that is not there; opening the file will say so
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    found.files.push_back(entry.path().string());
    int64_t seconds = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), seconds);
    found.latest = std::max(found.latest, seconds);
  }
  return found;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "host";
  return name.data();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> kTable = crc_table();
  uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU];
  return ~crc;
}

struct EventWriter::State {
  explicit State(const std::string& path) : file(path, /*fresh=*/true) {}
  AppendedFile file;
};

EventWriter::EventWriter(const std::string& folder, int64_t last_step) : folder_(folder), last_step_(last_step) {
  if (last_step >= 0) return;
  for (const std::string& path : event_files(folder).files) {
    if (::unlink(path.c_str()) != 0) fail_io(path, "remove", errno);
  }
}

void EventWriter::begin() {
  const int64_t seconds = std::max(static_cast<int64_t>(wall_seconds()), event_files(folder_).latest + 1);
  path_ = folder_ + "/" + std::string(kPrefix) + std::to_string(seconds) + "." + host_name() + "." +
          std::to_string(::getpid());
  state_ = std::make_unique<State>(path_);
  std::string bytes = frame(event(0).text(3, "brain.Event:2").bytes());
  constexpr int64_t kStart = 1;  // message SessionLog { enum SessionStatus { START = 1; } SessionStatus status = 1; }
  if (last_step_ >= 0) bytes += frame(event(last_step_ + 1).text(7, Message().number(1, kStart).bytes()).bytes());
  state_->file.write(bytes);
}

EventWriter::~EventWriter() = default;

void EventWriter::write(int64_t step, const MetricValues& values) {
  // message Summary { message Value { string tag = 1; float simple_value = 2; } repeated Value value = 1; }
  Message summary;
  for (const auto& [name, value] : values) {
    summary.text(1, Message().text(1, name).single(2, static_cast<float>(value)).bytes());
  }
  if (!state_) begin();
  state_->file.write(frame(event(step).text(5, summary.bytes()).bytes()));
}

void EventWriter::retry() {
  if (state_) state_->file.retry();
}

std::string EventWriter::trouble() const { return state_ ? state_->file.trouble() : std::string(); }

}  // namespace genbid
