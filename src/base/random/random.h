#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/convert.h"

namespace genbid {

// Counter-based random numbers (Philox4x32-10; Salmon et al., SC 2011). A stream is a key made from the run's
// seed and the stream's name; a draw is a pure function of the key and a counter, so any block of any stream
// can be computed alone and results do not depend on threads or order.
class RandomStream {
 public:
  RandomStream(uint64_t seed, std::string_view name);

  // 128 random bits for the counter (a, b, c, d).
  std::array<uint32_t, 4> bits(uint32_t a, uint32_t b = 0, uint32_t c = 0, uint32_t d = 0) const;

  uint32_t key0() const { return key_[0]; }
  uint32_t key1() const { return key_[1]; }

 private:
  std::array<uint32_t, 2> key_;
};

// In [0, 1): the top 24 bits, exact as float.
inline float uniform_float(uint32_t bits) { return as_float(bits >> 8) * 0x1p-24F; }
// In [0, 1): 32 bits, exact as double.
inline double uniform_double(uint32_t bits) { return as_double(bits) * 0x1p-32; }

// A 64-bit seed derived from (seed, name, index): for generators that are not counter-based.
uint64_t derive_seed(uint64_t seed, std::string_view name, uint64_t index);

}  // namespace genbid
