#include "base/random/random.h"

#include <Random123/philox.h>

#include "base/convert.h"

namespace genbid {
namespace {

// FNV-1a and then the finaliser of SplitMix64, because names may differ in few bits and keys should differ in many.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

uint64_t hash_name(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ULL;
  }
  return h;
}

}  // namespace

uint64_t derive_seed(uint64_t seed, std::string_view name, uint64_t index) {
  return mix(mix(mix(seed) ^ hash_name(name)) ^ index);
}

RandomStream::RandomStream(uint64_t seed, std::string_view name) {
  const uint64_t key = mix(mix(seed) ^ hash_name(name));
  key_ = {low_word(key), high_word(key)};
}

std::array<uint32_t, 4> RandomStream::bits(uint32_t a, uint32_t b, uint32_t c, uint32_t d) const {
  const r123::Philox4x32 philox;
  const r123::Philox4x32::ctr_type counter = {{a, b, c, d}};
  const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
  const auto out = philox(counter, key);
  return {out[0], out[1], out[2], out[3]};
}

}  // namespace genbid
