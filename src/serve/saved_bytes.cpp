#include "serve/saved_bytes.h"

#include <bit>
#include <cassert>
#include <utility>

#include "base/files/content_hash.h"
#include "base/shown.h"
#include "serve/refused.h"

namespace genbid::serve {
namespace {

static_assert(std::endian::native == std::endian::little, "saved campaigns are little-endian");

constexpr size_t kHashDigits = 32;

std::string hash_of(std::span<const std::byte> bytes) {
  ContentHash hash;
  hash.add(bytes);
  return hash.digits();
}

}  // namespace

void refuse_saved(const std::string& found, const std::string& expected) {
  refuse(GENBID_INVALID, "saved campaign", found, expected);
}

size_t SavedKind::bytes(size_t of_campaign) const {
  return letters.size() + sizeof(uint32_t) + sizeof(uint64_t) + kHashDigits + sizeof(uint32_t) + bundle_version.size() +
         of_campaign + kHashDigits;
}

SavedWriter::SavedWriter(const SavedKind& kind, size_t of_campaign) : size_(kind.bytes(of_campaign)) {
  all_.reserve(size_);
  text(kind.letters);
  number(kind.format);
  number(static_cast<uint64_t>(size_));
  text(kind.bundle_hash);
  number(static_cast<uint32_t>(kind.bundle_version.size()));
  text(kind.bundle_version);
}

std::vector<std::byte> SavedWriter::finished() {
  text(hash_of(all_));
  assert(all_.size() == size_);
  return std::move(all_);
}

SavedReader::SavedReader(std::span<const std::byte> bytes, const SavedKind& kind, size_t of_campaign) : rest_(bytes) {
  if (bytes.size() < kind.letters.size() || text(kind.letters.size()) != kind.letters) {
    refuse_saved("bytes of another kind", std::string("those that ") + kind.function + "() has written");
  }
  const auto format = number<uint32_t>();
  if (format != kind.format) refuse_saved("format " + std::to_string(format), std::to_string(kind.format));
  const auto size = number<uint64_t>();
  if (size != bytes.size()) refuse_saved(std::to_string(bytes.size()) + " bytes", std::to_string(size));
  if (size < kHashDigits) refuse_saved(std::to_string(size) + " bytes", "more");
  const auto last = bytes.last(kHashDigits);
  const std::string digits = hash_of(bytes.first(bytes.size() - kHashDigits));
  if (std::memcmp(last.data(), digits.data(), kHashDigits) != 0) {
    refuse_saved("bytes that do not fit their hash", "them as they were saved: they are damaged");
  }
  const std::string hash = text(kHashDigits);
  const std::string version = text(number<uint32_t>());
  if (hash != kind.bundle_hash || version != kind.bundle_version) {
    refuse_saved("one of the bundle of version " + shown(version) + " (" + shown(hash) + ")",
                 "one of " + shown(std::string(kind.bundle_version)) + " (" + std::string(kind.bundle_hash) + ")");
  }
  if (bytes.size() != kind.bytes(of_campaign)) {
    refuse_saved(std::to_string(bytes.size()) + " bytes", std::to_string(kind.bytes(of_campaign)));
  }
  rest_ = rest_.first(of_campaign);
}

double SavedReader::finite(const char* what, double low, double high) {
  const auto value = number<double>();
  if (!(value >= low && value <= high)) refuse_saved(std::string("a wrong ") + what, "one that was saved");
  return value;
}

bool SavedReader::flag() {
  const auto value = number<uint8_t>();
  if (value > 1) refuse_saved("a flag of " + std::to_string(value), "0 or 1");
  return value == 1;
}

std::string SavedReader::text(size_t size) {
  const std::span<const std::byte> bytes = take(size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> SavedReader::take(size_t size) {
  if (size > rest_.size()) refuse_saved("its end too early", std::to_string(size - rest_.size()) + " bytes more");
  const std::span<const std::byte> taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

}  // namespace genbid::serve
