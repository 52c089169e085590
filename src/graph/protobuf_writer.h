#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// A message in the wire format of protocol buffers: fields one behind the other, each with its number. A repeated field
// is written once for each entry.

namespace genbid::graph {

class ProtobufWriter {
 public:
  void number(uint32_t field, int64_t value) {
    key(field, kVarint);
    varint(static_cast<uint64_t>(value));
  }
  void real(uint32_t field, float value) {
    key(field, kFixed32);
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
  }
  void text(uint32_t field, std::string_view value) {
    key(field, kLengthDelimited);
    varint(value.size());
    bytes_ += value;
  }
  void message(uint32_t field, const ProtobufWriter& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  static constexpr uint32_t kVarint = 0, kLengthDelimited = 2, kFixed32 = 5;

  void key(uint32_t field, uint32_t kind) { varint(uint64_t{field} << 3 | kind); }
  // Seven bits a byte, the lowest first; the high bit says that more follow.
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace genbid::graph
