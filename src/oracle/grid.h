#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/convert.h"

namespace genbid::oracle {

// The alphas at which responses are known: all floats from `lowest` on whose mantissa ends after its first 8 bits, 256
// an octave, 0.2 to 0.4 % apart. The same numbers serve as prices of a unit of value (1 / multiplier of the cost).
//
// At point 0 of a grid nothing is bought, and points 1..num_alphas stand for alpha(point). What is bought above a
// threshold t joins at the first point whose alpha exceeds t.
struct AlphaGrid {
  float lowest = 16.0F;  // a power of two; best alphas lie near the CPA limit, officially 60 to 130
  int octaves = 6;
  int bits = 8;  // of the mantissa: 2^bits alphas an octave

  int num_alphas() const { return octaves << bits; }
  size_t num_points() const { return to_size(num_alphas()) + 1; }
  float alpha(size_t point) const {
    if (point == 0) return 0.0F;
    const auto step = static_cast<uint32_t>(point - 1) << shift();
    return std::bit_cast<float>(std::bit_cast<uint32_t>(lowest) + step);
  }
  // The result is at most num_points(), which stands for "at no alpha of the grid".
  int first_point_above(float threshold) const {
    const int32_t steps = (std::bit_cast<int32_t>(threshold) - std::bit_cast<int32_t>(lowest)) >> shift();
    return std::clamp(steps + 2, 1, num_alphas() + 1);
  }
  int shift() const { return 23 - bits; }
};

// A grid for CPA limits in [low, high]: what a unit of value is worth paying lies near the limit (0.5 to 2 times it in
// AuctionNet's market, headroom.md); the grid begins at least `octaves` octaves below the lowest limit and ends as many
// above the highest, within 2^-100 to 2^92. What is cheaper than its beginning is bought in one go.
inline AlphaGrid grid_around(double low, double high, int octaves) {
  AlphaGrid grid;
  const int first = std::clamp(std::ilogb(low) - octaves, -100, 90);
  grid.lowest = std::ldexp(1.0F, first);
  grid.octaves = std::clamp(std::ilogb(high) + 1 + octaves, first + 1, 92) - first;
  return grid;
}

}  // namespace genbid::oracle
