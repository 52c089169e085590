#include "base/files/content_hash.h"

#include <cstdio>
#include <new>
#include <vector>

#include "base/files/atomic_file.h"
#include "base/files/raw_file.h"

#define XXH_INLINE_ALL  // the header alone, no library
#include <xxhash.h>

namespace genbid {

struct ContentHash::State {
  XXH3_state_t* hash = XXH3_createState();

  State() {
    if (hash == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(hash);
  }
  ~State() { XXH3_freeState(hash); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->hash, bytes.data(), bytes.size());
}

std::string ContentHash::digits() const {
  const XXH128_hash_t value = XXH3_128bits_digest(state_->hash);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(value.high64),
                static_cast<unsigned long long>(value.low64));
  return text;
}

std::string content_hash(std::string_view text) {
  ContentHash hash;
  hash.add_values(std::span<const char>(text));
  return hash.digits();
}

std::string file_content_hash(const std::string& path) {
  require_regular_file(path);
  RawFile file(path, O_RDONLY);
  ContentHash hash;
  std::vector<std::byte> block(1 << 20);
  while (const size_t count = file.read(block.data(), block.size())) hash.add(std::span(block.data(), count));
  return hash.digits();
}

}  // namespace genbid
