#include "numpy/numpy_random.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <utility>

#include "base/convert.h"

namespace genbid::numpy {
namespace {

// One of SeedSequence's two running hashes: its constant moves on with every word.
class WordHash {
 public:
  WordHash(uint32_t start, uint32_t multiplier) : constant_(start), multiplier_(multiplier) {}

  uint32_t operator()(uint32_t word) {
    word ^= constant_;
    constant_ *= multiplier_;
    word *= constant_;
    return word ^ word >> 16;
  }

 private:
  uint32_t constant_;
  uint32_t multiplier_;
};

uint32_t mix(uint32_t x, uint32_t y) {
  const uint32_t mixed = 0xca01f9ddU * x - 0x4973f715U * y;
  return mixed ^ mixed >> 16;
}

}  // namespace

std::array<uint64_t, 4> seed_words(uint64_t seed) {
  std::array<uint32_t, 4> pool = {low_word(seed), high_word(seed), 0, 0};
  WordHash absorb(0x43b0d7e5U, 0x931e8875U);
  for (uint32_t& word : pool) word = absorb(word);
  for (size_t from = 0; from < pool.size(); ++from) {
    for (size_t to = 0; to < pool.size(); ++to) {
      if (to != from) pool[to] = mix(pool[to], absorb(pool[from]));
    }
  }
  WordHash squeeze(0x8b51f9ddU, 0x58f38dedU);
  std::array<uint64_t, 4> words{};
  for (size_t i = 0; i < 8; ++i) {
    words[i / 2] |= static_cast<uint64_t>(squeeze(pool[i % 4])) << (32 * (i % 2));
  }
  return words;
}

Pcg64::Pcg64(uint64_t seed) {
  const std::array<uint64_t, 4> words = seed_words(seed);
  increment_ = join(words[2], words[3]) << 1 | 1U;
  next64();
  state_ = split(join(state_.high, state_.low) + join(words[0], words[1]));
  next64();
}

uint32_t Pcg64::next32() {
  if (has_half_) {
    has_half_ = false;
    return half_;
  }
  const uint64_t bits = next64();
  has_half_ = true;
  half_ = high_word(bits);
  return low_word(bits);
}

// Lemire's method.
uint32_t Pcg64::bounded(uint32_t max) {
  if (max == 0) return 0;
  if (max == std::numeric_limits<uint32_t>::max()) return next32();
  const uint32_t count = max + 1;
  uint64_t product = static_cast<uint64_t>(next32()) * count;
  if (low_word(product) < count) {
    const uint32_t threshold = (std::numeric_limits<uint32_t>::max() - max) % count;
    while (low_word(product) < threshold) product = static_cast<uint64_t>(next32()) * count;
  }
  return high_word(product);
}

// One step of the generator is an affine map, so `draws` steps are one too. It is put together from the maps of 1, 2,
// 4, ... steps.
void Pcg64::advance(uint64_t draws) {
  Uint128 state = join(state_.high, state_.low);
  Uint128 multiplier = kMultiplier;
  Uint128 increment = increment_;
  for (; draws > 0; draws >>= 1) {
    if ((draws & 1U) != 0) state = state * multiplier + increment;
    increment *= multiplier + 1;
    multiplier *= multiplier;
  }
  state_ = split(state);
}

// The rest of 2.1.3: `bits` fell outside the part of its layer that lies under the curve for sure.
[[gnu::cold, gnu::noinline]] double Pcg64::normal_outside(State& state, Uint128 increment, uint64_t bits) {
  const auto draw = [&state, increment] { return to_double(step(state, increment)); };
  for (;;) {
    const size_t layer = ziggurat::layer(bits);
    if (layer == 0) {
      for (;;) {
        const double x = -kZigguratInverseEdge * std::log1p(-draw());
        const double y = -std::log1p(-draw());
        if (y + y > x * x) {
          const bool negative = (ziggurat::magnitude(bits) >> 8 & 1U) != 0;
          return negative ? -(kZigguratEdge + x) : kZigguratEdge + x;
        }
      }
    }
    const double x = ziggurat::signed_value(bits);
    const double height = (kZigguratHeights[layer - 1] - kZigguratHeights[layer]) * draw() + kZigguratHeights[layer];
    if (height < std::exp(-0.5 * x * x)) return x;
    bits = step(state, increment);
    if (ziggurat::inside(bits)) return ziggurat::signed_value(bits);
  }
}

std::vector<int64_t> choose(Pcg64& stream, int64_t population, int64_t count) {
  assert(0 <= count && count <= population && population <= int64_t{1} << 32);
  const auto bounded = [&stream](int64_t max) { return to_signed(stream.bounded(static_cast<uint32_t>(max))); };
  if (population > 10000 && count > population / 50) {
    // NumPy shuffles only the last `count` places of the array, and returns these.
    std::vector<int64_t> all(to_size(population));
    std::iota(all.begin(), all.end(), int64_t{0});
    for (int64_t i = population - 1; i >= std::max<int64_t>(population - count, 1); --i) {
      std::swap(at(all, i), at(all, bounded(i)));
    }
    all.erase(all.begin(), all.end() - count);
    return all;
  }
  // Floyd's method, and then a shuffle. It leaves the set as it is, but it draws numbers, so it cannot be left out.
  std::vector<int64_t> chosen;
  chosen.reserve(to_size(count));
  std::vector<bool> is_chosen(to_size(population));
  for (int64_t j = population - count; j < population; ++j) {
    int64_t pick = bounded(j);
    if (at(is_chosen, pick)) pick = j;
    at(is_chosen, pick) = true;
    chosen.push_back(pick);
  }
  for (int64_t i = count - 1; i >= 1; --i) {
    std::swap(at(chosen, i), at(chosen, bounded(i)));
  }
  return chosen;
}

int64_t tuple_hash(int64_t a, int64_t b, int64_t c) {
  constexpr uint64_t kPrime1 = 11400714785074694791U;
  constexpr uint64_t kPrime2 = 14029467366897019727U;
  constexpr uint64_t kPrime5 = 2870177450012600261U;
  uint64_t hash = kPrime5;
  for (const int64_t value : {a, b, c}) {
    hash += static_cast<uint64_t>(value) * kPrime2;
    hash = std::rotl(hash, 31);
    hash *= kPrime1;
  }
  hash += 3U ^ (kPrime5 ^ 3527539U);
  if (hash == ~uint64_t{0}) hash = 1546275796;
  return static_cast<int64_t>(hash);
}

uint64_t environment_seed(int agent, int64_t episode) {
  // The middle element is always 0 in the official simulator.
  return (static_cast<uint64_t>(tuple_hash(agent, 0, episode)) + 1019U) & 0xffffffffU;
}

std::array<double, 2> truncation_values(int agent, int64_t episode) {
  Pcg64 stream(environment_seed(agent, episode));
  const double v1 = stream.next_double();
  const double v2 = stream.next_double();
  return {v1, v2};
}

}  // namespace genbid::numpy
