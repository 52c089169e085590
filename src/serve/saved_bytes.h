#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// A campaign as bytes, little-endian, without gaps:
//
//   eight letters that say of which kind, u32 format, u64 bytes in all, the bundle's hash (32 digits), u32 length and
//   the bundle's version
//   the campaign
//   a hash of all before it (32 digits)

namespace genbid::serve {

struct SavedKind {
  std::string_view letters;  // eight
  uint32_t format = 1;
  const char* function = nullptr;  // of the interface, which writes them
  std::string_view bundle_hash;
  std::string_view bundle_version;

  // All bytes, where the campaign takes so many.
  size_t bytes(size_t of_campaign) const;
};

[[noreturn]] void refuse_saved(const std::string& found, const std::string& expected);

class SavedWriter {
 public:
  // Writes the head. `of_campaign`: bytes that the campaign will take.
  SavedWriter(const SavedKind& kind, size_t of_campaign);

  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes(std::as_bytes(std::span(&value, 1)));
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span<const char>(text))); }
  void bytes(std::span<const std::byte> more) { all_.insert(all_.end(), more.begin(), more.end()); }
  // With the hash behind all.
  std::vector<std::byte> finished();

 private:
  size_t size_;  // of all
  std::vector<std::byte> all_;
};

// Each call is Refused where the bytes have no such thing.
class SavedReader {
 public:
  // Reads the head: Refused unless these are a whole, undamaged campaign of that kind and bundle, which takes
  // `of_campaign` bytes.
  SavedReader(std::span<const std::byte> bytes, const SavedKind& kind, size_t of_campaign);

  template <typename T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  double finite(const char* what, double low, double high);
  bool flag();
  std::span<const std::byte> take(size_t size);

 private:
  std::string text(size_t size);

  std::span<const std::byte> rest_;
};

}  // namespace genbid::serve
