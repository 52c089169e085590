#pragma once

#include <array>
#include <cstdint>

#include "base/random/random.h"
#include "bidding/advertiser.h"

// The impressions of one block, drawn by the widest SIMD instructions that the processor has (Highway: AVX-512, AVX2,
// SSE4, or none). All of them give the same bits: only + - * / sqrt and integer operations, no fused multiply-add.

namespace genbid::market {

// Impressions come in blocks of this many lanes.
inline constexpr int kBlockWidth = 32;

// A tick and a seat (or another number below 256) as one word of a counter.
inline uint32_t place_of(int tick, int number) {
  return static_cast<uint32_t>(tick) << 8U | static_cast<uint32_t>(number);
}

// No conversion's probability is above 1.25 values (sigma is at most 0.3 values, the truncated normal's mean below
// 0.73), so hardly any draw needs to know more.
inline bool may_convert(float value, float draw) { return draw < 1.25F * value; }

struct BlockPlace {
  int tick;
  int64_t first_pv;
  int num_lanes;  // 1 to kBlockWidth
  int64_t period;
};

// Sums of values by seat, each in eight parts over fixed lanes.
inline constexpr size_t kSumParts = 8;
using PartialSums = std::array<std::array<double, kSumParts>, kMaxSeats>;

// Values of all seats: normals of mean and deviation (by seat) clipped to [0, 1], [seat][lane]; 0 behind num_lanes. One
// Philox call makes those of four seats at an impression. Adds them to `sums`.
void fill_values(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                 const float* deviation, float* values, PartialSums& sums);
// The same, one number at a time.
void fill_values_plain(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                       const float* deviation, float* values, PartialSums& sums);

// What decides exposure and conversion: slot 1 is always shown, slot 2 with probability 0.8, slot 3 with 0.6 if slot 2
// is. shown: [lane], at most `num_slots`; draws: [slot][lane] in [0, 1].
void fill_draws(const RandomStream& stream, const BlockPlace& place, int num_slots, uint8_t* shown, float* draws);
void fill_draws_plain(const RandomStream& stream, const BlockPlace& place, int num_slots, uint8_t* shown, float* draws);

}  // namespace genbid::market
