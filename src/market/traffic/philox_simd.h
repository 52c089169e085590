// Philox4x32-10 and standard normals in Highway vectors, bit for bit those of base/random/lanes.h. Included once for
// every instruction set, hence no ordinary include guard.
#if defined(GENBID_PHILOX_SIMD_ONCE) == defined(HWY_TARGET_TOGGLE)
#ifdef GENBID_PHILOX_SIMD_ONCE
#undef GENBID_PHILOX_SIMD_ONCE
#else
#define GENBID_PHILOX_SIMD_ONCE
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "base/convert.h"

HWY_BEFORE_NAMESPACE();
namespace genbid::market::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using U32 = hn::ScalableTag<uint32_t>;
using I32 = hn::ScalableTag<int32_t>;
using F32 = hn::ScalableTag<float>;
using U64 = hn::ScalableTag<uint64_t>;
using F64 = hn::ScalableTag<double>;
using I64 = hn::ScalableTag<int64_t>;
using VU32 = hn::Vec<U32>;
using VF32 = hn::Vec<F32>;
using VU64 = hn::Vec<U64>;

// The four words of as many calls as a vector has 32-bit lanes.
struct Words {
  VU32 w0, w1, w2, w3;
};

// Counters live in the low halves of 64-bit lanes, where one multiplication makes a whole product; what is in the high
// halves does not matter until the end.
struct Counters {
  VU64 a, b, c, d;
};

HWY_INLINE VU64 product(VU64 a, VU64 b) {
  const U32 u32;
  return hn::MulEven(hn::BitCast(u32, a), hn::BitCast(u32, b));
}

HWY_INLINE void philox_rounds(uint32_t key0, uint32_t key1, Counters& x) {
  const U64 u64;
  const VU64 multiplier0 = hn::Set(u64, 0xD2511F53U);
  const VU64 multiplier1 = hn::Set(u64, 0xCD9E8D57U);
  for (int round = 0; round < 10; ++round) {
    const VU64 product0 = product(x.a, multiplier0);
    const VU64 product1 = product(x.c, multiplier1);
    x.a = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), x.b), hn::Set(u64, key0));
    x.b = product1;
    x.c = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), x.d), hn::Set(u64, key1));
    x.d = product0;
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
}

// Calls with counters (first + lane, b, c, d).
HWY_INLINE Words philox_lanes(uint32_t key0, uint32_t key1, uint32_t first, uint32_t b, uint32_t c, uint32_t d) {
  const U64 u64;
  const U32 u32;
  const VU64 twice = hn::ShiftLeft<1>(hn::Iota(u64, 0));
  Counters even = {hn::Add(hn::Set(u64, first), twice), hn::Set(u64, b), hn::Set(u64, c), hn::Set(u64, d)};
  Counters odd = {hn::Add(hn::Set(u64, uint64_t{first} + 1), twice), even.b, even.c, even.d};
  philox_rounds(key0, key1, even);
  philox_rounds(key0, key1, odd);
  const auto merged = [&](VU64 low, VU64 high) HWY_ATTR {
    return hn::OddEven(hn::BitCast(u32, hn::ShiftLeft<32>(high)), hn::BitCast(u32, low));
  };
  return {merged(even.a, odd.a), merged(even.b, odd.b), merged(even.c, odd.c), merged(even.d, odd.d)};
}

// lanes.h: uniform_fine.
HWY_INLINE VF32 uniform_fine_lanes(VU32 bits) {
  const I32 i32;
  const F32 f32;
  return hn::Mul(hn::ConvertTo(f32, hn::BitCast(i32, hn::ShiftRight<1>(bits))), hn::Set(f32, 0x1p-31F));
}

// lanes.h: log_lane.
HWY_INLINE VF32 log_lanes(VF32 u) {
  const U32 u32;
  const I32 i32;
  const F32 f32;
  constexpr uint32_t kSqrtHalf = 0x3f3504f3U;
  const VU32 bits = hn::Add(hn::BitCast(u32, u), hn::Set(u32, 0x3f800000U - kSqrtHalf));
  const VF32 exponent = hn::ConvertTo(f32, hn::Sub(hn::BitCast(i32, hn::ShiftRight<23>(bits)), hn::Set(i32, 127)));
  const VF32 one = hn::Set(f32, 1.0F);
  const VF32 f =
      hn::Sub(hn::BitCast(f32, hn::Add(hn::And(bits, hn::Set(u32, 0x007fffffU)), hn::Set(u32, kSqrtHalf))), one);
  const VF32 s = hn::Div(f, hn::Add(hn::Set(f32, 2.0F), f));
  const VF32 z = hn::Mul(s, s);
  VF32 series = hn::Add(hn::Set(f32, 1.0F / 7), hn::Mul(z, hn::Set(f32, 1.0F / 9)));
  series = hn::Add(hn::Set(f32, 1.0F / 5), hn::Mul(z, series));
  series = hn::Add(hn::Set(f32, 1.0F / 3), hn::Mul(z, series));
  series = hn::Add(one, hn::Mul(z, series));
  return hn::Add(hn::Mul(exponent, hn::Set(f32, 0.69314718F)), hn::Mul(hn::Mul(hn::Set(f32, 2.0F), s), series));
}

struct NormalLanes {
  VF32 first, second;
};

// lanes.h: normal_pair.
HWY_INLINE NormalLanes normal_lanes(VU32 radius_bits, VU32 angle_bits) {
  const U32 u32;
  const I32 i32;
  const F32 f32;
  const auto number = [&](VU32 bits) HWY_ATTR { return hn::ConvertTo(f32, hn::BitCast(i32, bits)); };
  const auto constant = [&](double value) HWY_ATTR { return hn::Set(f32, as_float(value)); };
  const VF32 u = hn::Mul(hn::Add(number(hn::ShiftRight<1>(radius_bits)), hn::Set(f32, 0.5F)), hn::Set(f32, 0x1p-31F));
  const VF32 radius = hn::Sqrt(hn::Mul(hn::Set(f32, -2.0F), log_lanes(u)));

  constexpr double kX1 = 0.78539816339744831;  // pi / 4
  constexpr double kX2 = kX1 * kX1;
  const VF32 y = hn::Sub(hn::Mul(number(hn::And(angle_bits, hn::Set(u32, 0x7fffffffU))), hn::Set(f32, 0x1p-30F)),
                         hn::Set(f32, 1.0F));
  const VF32 t = hn::Mul(y, y);
  VF32 sine = hn::Sub(constant(kX1 * kX2 * kX2 / 120), hn::Mul(t, constant(kX1 * kX2 * kX2 * kX2 / 5040)));
  sine = hn::Sub(constant(kX1 * kX2 / 6), hn::Mul(t, sine));
  sine = hn::Mul(y, hn::Sub(constant(kX1), hn::Mul(t, sine)));
  VF32 cosine = hn::Sub(constant(kX2 * kX2 * kX2 / 720), hn::Mul(t, constant(kX2 * kX2 * kX2 * kX2 / 40320)));
  cosine = hn::Sub(constant(kX2 * kX2 / 24), hn::Mul(t, cosine));
  cosine = hn::Sub(constant(kX2 / 2), hn::Mul(t, cosine));
  cosine = hn::Sub(hn::Set(f32, 1.0F), hn::Mul(t, cosine));
  const VF32 twice_sine = hn::Mul(hn::Set(f32, 2.0F), sine);
  const VF32 sine_of_angle = hn::Mul(twice_sine, cosine);
  const VF32 cosine_of_angle = hn::Sub(hn::Set(f32, 1.0F), hn::Mul(twice_sine, sine));
  const VF32 mirrored =
      hn::BitCast(f32, hn::Xor(hn::BitCast(u32, cosine_of_angle), hn::And(angle_bits, hn::Set(u32, 0x80000000U))));
  return {hn::Mul(radius, mirrored), hn::Mul(radius, sine_of_angle)};
}

}  // namespace genbid::market::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
