#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/convert.h"
#include "base/random/random.h"
#include "base/simd.h"

// Philox4x32-10 and standard normals for many counters at once: plain loops over lanes without branches or
// library calls, which g++ -O3 turns into SIMD code (base/simd.h). Only + - * / sqrt and integer operations, so the
// bits are the same on every machine (no fused multiply-add: the whole project is built with -ffp-contract=off).

namespace genbid {

struct PhiloxBits {
  uint32_t w0, w1, w2, w3;
};

// The same words as RandomStream::bits with key (key0, key1) and counter (a, b, c, d).
inline PhiloxBits philox(uint32_t key0, uint32_t key1, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53U;
  constexpr uint32_t kMultiplier1 = 0xCD9E8D57U;
  constexpr uint32_t kBump0 = 0x9E3779B9U;
  constexpr uint32_t kBump1 = 0xBB67AE85U;
  const auto round = [&a, &b, &c, &d](uint32_t k0, uint32_t k1) {
    const uint64_t product0 = uint64_t{a} * kMultiplier0;
    const uint64_t product1 = uint64_t{c} * kMultiplier1;
    a = high_word(product1) ^ b ^ k0;
    b = low_word(product1);
    c = high_word(product0) ^ d ^ k1;
    d = low_word(product0);
  };
  // The rounds are written out because the vectoriser takes a loop over lanes only if its body has no loop of its own.
  round(key0, key1);
  round(key0 + 1 * kBump0, key1 + 1 * kBump1);
  round(key0 + 2 * kBump0, key1 + 2 * kBump1);
  round(key0 + 3 * kBump0, key1 + 3 * kBump1);
  round(key0 + 4 * kBump0, key1 + 4 * kBump1);
  round(key0 + 5 * kBump0, key1 + 5 * kBump1);
  round(key0 + 6 * kBump0, key1 + 6 * kBump1);
  round(key0 + 7 * kBump0, key1 + 7 * kBump1);
  round(key0 + 8 * kBump0, key1 + 8 * kBump1);
  round(key0 + 9 * kBump0, key1 + 9 * kBump1);
  return {a, b, c, d};
}

// In [0, 1], 31 bits rounded to float. Near 0 the steps are fine, and there small probabilities are compared with it.
inline float uniform_fine(uint32_t bits) { return as_float(static_cast<int32_t>(bits >> 1)) * 0x1p-31F; }

// Natural logarithm of a positive normal float, relative error below 3e-7: u = 2^k (1 + f) with 1 + f in
// [sqrt(1/2), sqrt(2)), and log(1 + f) = 2 atanh(f / (2 + f)) as its series.
inline float log_lane(float u) {
  constexpr uint32_t kSqrtHalf = 0x3f3504f3U;  // bits of sqrt(1/2)
  const uint32_t bits = std::bit_cast<uint32_t>(u) + (0x3f800000U - kSqrtHalf);
  const auto exponent = as_float(static_cast<int32_t>(bits >> 23) - 127);
  const float f = std::bit_cast<float>((bits & 0x007fffffU) + kSqrtHalf) - 1.0F;
  const float s = f / (2.0F + f);
  const float z = s * s;
  const float series = 1.0F + z * (1.0F / 3 + z * (1.0F / 5 + z * (1.0F / 7 + z * (1.0F / 9))));
  return exponent * 0.69314718F + 2.0F * s * series;
}

struct NormalPair {
  float first, second;
};

// Two independent standard normals from 64 random bits (Box and Muller). |z| stays below 6.7.
inline NormalPair normal_pair(uint32_t radius_bits, uint32_t angle_bits) {
  // u in (0, 1].
  const float u = (as_float(static_cast<int32_t>(radius_bits >> 1)) + 0.5F) * 0x1p-31F;
  const float radius = std::sqrt(-2.0F * log_lane(u));

  // The angle is y * pi/2 with y in [-1, 1], a half circle; the top bit mirrors it to the other half. Sine
  // and cosine of half the angle (|x| <= pi/4) are short series; then the double-angle formulas.
  constexpr double kX1 = 0.78539816339744831;  // pi / 4
  constexpr double kX2 = kX1 * kX1;
  const float y = as_float(static_cast<int32_t>(angle_bits & 0x7fffffffU)) * 0x1p-30F - 1.0F;
  const float t = y * y;
  const float sine =
      y * (as_float(kX1) - t * (as_float(kX1 * kX2 / 6) -
                                t * (as_float(kX1 * kX2 * kX2 / 120) - t * as_float(kX1 * kX2 * kX2 * kX2 / 5040))));
  const float cosine = 1.0F - t * (as_float(kX2 / 2) -
                                   t * (as_float(kX2 * kX2 / 24) - t * (as_float(kX2 * kX2 * kX2 / 720) -
                                                                        t * as_float(kX2 * kX2 * kX2 * kX2 / 40320))));
  const float sine_of_angle = 2.0F * sine * cosine;
  const float cosine_of_angle = 1.0F - 2.0F * sine * sine;
  const float mirrored = std::bit_cast<float>(std::bit_cast<uint32_t>(cosine_of_angle) ^ (angle_bits & 0x80000000U));
  return {radius * mirrored, radius * sine_of_angle};
}

}  // namespace genbid
