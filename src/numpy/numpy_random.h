#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/convert.h"
#include "numpy/ziggurat_tables.h"

// NumPy 1.24's generator numpy.random.default_rng(seed), bit for bit, as far as the official simulator uses it
// (auctionnet.md 2.1.1 to 2.1.6). Written from that description. The tail of the normal (3 of 10,000) and the
// binomial use log1p and exp of the C library, as NumPy does, so their last bits are that library's.

namespace genbid::numpy {

__extension__ typedef unsigned __int128 Uint128;  // NOLINT(modernize-use-using): __extension__ needs typedef

// NumPy's SeedSequence: the first four 64-bit words that a seed grows into.
std::array<uint64_t, 4> seed_words(uint64_t seed);

class Pcg64 {
 public:
  explicit Pcg64(uint64_t seed);

  uint64_t next64() { return step(state_, increment_); }
  double next_double() { return to_double(next64()); }
  // Takes half of a 64-bit word, the low half first. The other half waits for the next call, whatever else is drawn in
  // between.
  uint32_t next32();
  // Uniform integer in [0, max].
  uint32_t bounded(uint32_t max);

  double uniform(double low, double high) {
    const double range = high - low;
    return low + range * next_double();
  }
  double normal(double mean, double deviation) { return mean + deviation * standard_normal(); }
  double standard_normal();

  // Moves on as if so many 64-bit words had been drawn.
  void advance(uint64_t draws);

 private:
  // The 128 bits are two halves, because compilers keep those in registers.
  struct State {
    uint64_t high = 0, low = 0;
  };
  static constexpr Uint128 kMultiplier =
      static_cast<Uint128>(2549297995355413924U) << 64 | static_cast<Uint128>(4865540595714422341U);

  static Uint128 join(uint64_t high, uint64_t low) { return static_cast<Uint128>(high) << 64 | low; }
  static State split(Uint128 value) { return {static_cast<uint64_t>(value >> 64), static_cast<uint64_t>(value)}; }

  static uint64_t step(State& state, Uint128 increment) {
    state = split(join(state.high, state.low) * kMultiplier + increment);
    return std::rotr(state.high ^ state.low, to_int(state.high >> 58));
  }
  static double to_double(uint64_t bits) { return as_double(to_signed(bits >> 11)) * 0x1p-53; }
  static double normal_outside(State& state, Uint128 increment, uint64_t bits);

  State state_;
  Uint128 increment_ = 0;
  bool has_half_ = false;
  uint32_t half_ = 0;
};

namespace ziggurat {

inline size_t layer(uint64_t bits) { return bits & 0xffU; }
inline uint64_t magnitude(uint64_t bits) { return bits >> 9 & 0xfffffffffffffU; }
// The sign is a coin flip, which no processor predicts, so it must not be a branch.
inline double signed_value(uint64_t bits) {
  const double value = as_double(to_signed(magnitude(bits))) * kZigguratLayers[layer(bits)].width;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(value) ^ (bits << 55 & uint64_t{1} << 63));
}
inline bool inside(uint64_t bits) { return magnitude(bits) < kZigguratLayers[layer(bits)].inside; }

}  // namespace ziggurat

// 98.5 % of normals need one word, one multiplication and one comparison.
inline double Pcg64::standard_normal() {
  const uint64_t bits = next64();
  if (ziggurat::inside(bits)) [[likely]] {
    return ziggurat::signed_value(bits);
  }
  // A copy, so that the state of a generator that is a local variable can stay in registers in a loop.
  State state = state_;
  const double value = normal_outside(state, increment_, bits);
  state_ = state;
  return value;
}

// Binomial draws with n = 1 by inversion (2.1.4), of any stream with next_double(); p <= 0.5, and `zero` is the
// probability of 0 as the caller's library rounds it.
template <typename Stream>
int binomial_inversion(Stream& stream, double p, double zero) {
  int result = 0;
  double probability = zero;
  double u = stream.next_double();
  while (u > probability) {
    ++result;
    if (result > 1) {
      result = 0;
      probability = zero;
      u = stream.next_double();
    } else {
      u -= probability;
      probability = p * probability / (1.0 - p);
    }
  }
  return result;
}

// Generator.binomial(1, p): p = 0 draws nothing, p = 1 draws.
template <typename Stream>
int binomial_one(Stream& stream, double p) {
  if (p == 0.0) return 0;
  if (p <= 0.5) return binomial_inversion(stream, p, std::exp(std::log1p(-p)));
  const double q = 1.0 - p;
  return 1 - binomial_inversion(stream, q, std::exp(std::log1p(-q)));
}

// Generator.choice(population, count, replace=False): the chosen positions, in NumPy's order.
std::vector<int64_t> choose(Pcg64& stream, int64_t population, int64_t count);

// CPython's hash of a tuple of three small integers, none negative.
int64_t tuple_hash(int64_t a, int64_t b, int64_t c);

// What the official environment derives from (agent, episode): a seed, and the bounds -2 v1 and 2 v2 of the
// truncated normal, constant over the episode (6.4).
uint64_t environment_seed(int agent, int64_t episode);
std::array<double, 2> truncation_values(int agent, int64_t episode);

}  // namespace genbid::numpy
