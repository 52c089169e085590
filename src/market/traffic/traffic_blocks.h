#pragma once

#include <array>
#include <cstdint>

#include "base/convert.h"
#include "base/random/random.h"
#include "bidding/advertiser.h"
#include "bidding/auction_rule.h"

// The impressions of one block, drawn by the widest SIMD instructions that the processor has (Highway: AVX-512, AVX2,
// SSE4, or none). All of them give the same bits: only + - * / sqrt and integer operations, no fused multiply-add.

namespace genbid::market {

// Impressions come in blocks of this many lanes.
inline constexpr int kBlockWidth = 32;

// A tick and a seat, or another number below 256, as one word of a counter.
inline uint32_t place_of(int tick, int number) { return low_word(tick) << 8U | low_word(number); }

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

// Makes the values of all seats, [seat][lane]: normals with a mean and a deviation for each seat, clipped to [0, 1],
// and 0 behind num_lanes. One Philox call makes those of four seats at an impression. Adds them to `sums`.
void fill_values(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                 const float* deviation, float* values, PartialSums& sums);
// Does what fill_values does, one number at a time: the reference.
void fill_values_plain(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                       const float* deviation, float* values, PartialSums& sums);

// A second and a third slot are shown where a draw of 31 bits is below these numbers, which are their probabilities in
// units of 2^-31.
struct ExposureDraws {
  explicit ExposureDraws(const AuctionRule& rule);
  int num_slots;
  int32_t second, third;
};
// Draws what decides exposure and conversion: `shown` [lane] is how many slots are shown, at most num_slots, and
// `draws` [slot][lane] are in [0, 1].
void fill_draws(const RandomStream& stream, const BlockPlace& place, const ExposureDraws& exposure, uint8_t* shown,
                float* draws);
void fill_draws_plain(const RandomStream& stream, const BlockPlace& place, const ExposureDraws& exposure,
                      uint8_t* shown, float* draws);

}  // namespace genbid::market
