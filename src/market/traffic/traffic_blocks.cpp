#include "market/traffic/traffic_blocks.h"

#include <algorithm>

#include "base/random/lanes.h"

#ifndef GENBID_TRAFFIC_BLOCKS_ONCE
#define GENBID_TRAFFIC_BLOCKS_ONCE
namespace genbid::market {
namespace {

int32_t in_31_bits(double probability) { return static_cast<int32_t>(std::min(probability * 0x1p31, 0x1p31 - 1.0)); }

}  // namespace

ExposureDraws::ExposureDraws(const AuctionRule& rule)
    : num_slots(rule.num_slots), second(in_31_bits(rule.exposure(1))), third(in_31_bits(rule.exposure(2))) {}

}  // namespace genbid::market
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "market/traffic/traffic_blocks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "base/convert.h"
#include "market/traffic/philox_simd.h"

HWY_BEFORE_NAMESPACE();
namespace genbid::market::HWY_NAMESPACE {

// Adds a row of 32 values to its eight parts: lane l belongs to part l mod 8, lower lanes first.
HWY_INLINE void add_row(const float* row, double* parts) {
  const F64 f64;
  const hn::Rebind<float, F64> f32;  // floats, as many lanes
  const size_t n = hn::Lanes(f64);
  for (size_t part = 0; part < kSumParts; part += n) {
    auto sum = hn::LoadU(f64, parts + part);
    for (size_t lane = part; lane < kBlockWidth; lane += kSumParts) {
      sum = hn::Add(sum, hn::PromoteTo(f64, hn::LoadU(f32, row + lane)));
    }
    hn::StoreU(sum, f64, parts + part);
  }
}

void fill_values_lanes(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                       const float* deviation, float* values, PartialSums& sums) {
  const F32 f32;
  const size_t n = hn::Lanes(f32);
  const VF32 one = hn::Set(f32, 1.0F);
  const VF32 zero = hn::Zero(f32);
  // A copy, because as far as the compiler knows the vector stores below might change `place`.
  const int64_t period = place.period;
  for (int group = 0; 4 * group < num_seats; ++group) {
    const int seat = 4 * group;
    const int in_group = std::min(4, num_seats - seat);
    float* rows = values + to_size(seat) * kBlockWidth;
    for (size_t lane = 0; lane < kBlockWidth; lane += n) {
      const Words words = philox_lanes(stream.key0(), stream.key1(), low_word(place.first_pv) + low_word(lane),
                                       place_of(place.tick, group), low_word(period), high_word(period));
      const NormalLanes first = normal_lanes(words.w0, words.w1);
      const NormalLanes second = normal_lanes(words.w2, words.w3);
      const auto put = [&](int k, VF32 normal) HWY_ATTR {
        if (k >= in_group) return;
        const VF32 value = hn::Add(hn::Set(f32, mean[seat + k]), hn::Mul(hn::Set(f32, deviation[seat + k]), normal));
        const VF32 at_least_0 = hn::IfThenElseZero(hn::Gt(value, zero), value);
        hn::StoreU(hn::Min(at_least_0, one), f32, rows + to_size(k) * kBlockWidth + lane);
      };
      put(0, first.first);
      put(1, first.second);
      put(2, second.first);
      put(3, second.second);
    }
    for (int k = 0; k < in_group; ++k) {
      float* row = rows + to_size(k) * kBlockWidth;
      if (place.num_lanes < kBlockWidth) std::fill(row + place.num_lanes, row + kBlockWidth, 0.0F);
      add_row(row, at(sums, seat + k).data());
    }
  }
}

void fill_draws_lanes(const RandomStream& stream, const BlockPlace& place, const ExposureDraws& exposure,
                      uint8_t* shown, float* draws) {
  const U32 u32;
  const F32 f32;
  const hn::Rebind<uint8_t, U32> u8;
  const I32 i32;
  const size_t n = hn::Lanes(u32);
  const auto second = hn::Set(i32, exposure.second);
  const auto third = hn::Set(i32, exposure.third);
  const auto one = hn::Set(i32, 1);
  const auto most = hn::Set(i32, exposure.num_slots);
  const int64_t period = place.period;  // a copy, as above
  for (size_t lane = 0; lane < kBlockWidth; lane += n) {
    const Words words = philox_lanes(stream.key0(), stream.key1(), low_word(place.first_pv) + low_word(lane),
                                     low_word(place.tick), low_word(period), high_word(period));
    const auto u = hn::BitCast(i32, hn::ShiftRight<1>(words.w0));
    auto count = hn::Add(one, hn::IfThenElseZero(hn::Lt(u, second), one));
    count = hn::Min(hn::Add(count, hn::IfThenElseZero(hn::Lt(u, third), one)), most);
    hn::StoreU(hn::DemoteTo(u8, count), u8, shown + lane);
    hn::StoreU(uniform_fine_lanes(words.w1), f32, draws + lane);
    hn::StoreU(uniform_fine_lanes(words.w2), f32, draws + kBlockWidth + lane);
    hn::StoreU(uniform_fine_lanes(words.w3), f32, draws + 2 * kBlockWidth + lane);
  }
}

}  // namespace genbid::market::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace genbid::market {

HWY_EXPORT(fill_values_lanes);
HWY_EXPORT(fill_draws_lanes);

void fill_values(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                 const float* deviation, float* values, PartialSums& sums) {
  HWY_DYNAMIC_DISPATCH(fill_values_lanes)(stream, place, num_seats, mean, deviation, values, sums);
}

void fill_draws(const RandomStream& stream, const BlockPlace& place, const ExposureDraws& exposure, uint8_t* shown,
                float* draws) {
  HWY_DYNAMIC_DISPATCH(fill_draws_lanes)(stream, place, exposure, shown, draws);
}

void fill_values_plain(const RandomStream& stream, const BlockPlace& place, int num_seats, const float* mean,
                       const float* deviation, float* values, PartialSums& sums) {
  for (int lane = 0; lane < kBlockWidth; ++lane) {
    for (int group = 0; 4 * group < num_seats; ++group) {
      const PhiloxBits bits = philox(stream.key0(), stream.key1(), low_word(place.first_pv + lane),
                                     place_of(place.tick, group), low_word(place.period), high_word(place.period));
      const NormalPair first = normal_pair(bits.w0, bits.w1);
      const NormalPair second = normal_pair(bits.w2, bits.w3);
      const float normals[4] = {first.first, first.second, second.first, second.second};
      for (int seat = 4 * group; seat < std::min(4 * group + 4, num_seats); ++seat) {
        const float value = mean[seat] + deviation[seat] * normals[seat % 4];
        const float clipped = std::min(value > 0.0F ? value : 0.0F, 1.0F);
        const float kept = lane < place.num_lanes ? clipped : 0.0F;
        values[seat * kBlockWidth + lane] = kept;
        at(sums, seat)[to_size(lane) % kSumParts] += as_double(kept);
      }
    }
  }
}

void fill_draws_plain(const RandomStream& stream, const BlockPlace& place, const ExposureDraws& exposure,
                      uint8_t* shown, float* draws) {
  for (int lane = 0; lane < kBlockWidth; ++lane) {
    const PhiloxBits bits = philox(stream.key0(), stream.key1(), low_word(place.first_pv + lane), low_word(place.tick),
                                   low_word(place.period), high_word(place.period));
    const auto u = static_cast<int32_t>(bits.w0 >> 1);
    const int count = 1 + (u < exposure.second ? 1 : 0) + (u < exposure.third ? 1 : 0);
    shown[lane] = static_cast<uint8_t>(std::min(count, exposure.num_slots));
    draws[lane] = uniform_fine(bits.w1);
    draws[kBlockWidth + lane] = uniform_fine(bits.w2);
    draws[2 * kBlockWidth + lane] = uniform_fine(bits.w3);
  }
}

}  // namespace genbid::market
#endif  // HWY_ONCE
