#include "base/random/lanes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "market/traffic/traffic.h"

namespace genbid {
namespace {

TEST(Philox, GivesTheKnownAnswer) {
  const PhiloxBits bits = philox(0, 0, 0, 0, 0, 0);
  EXPECT_EQ(bits.w0, 0x6627e8d5U);
  EXPECT_EQ(bits.w1, 0xe169c58dU);
  EXPECT_EQ(bits.w2, 0xbc57ac4cU);
  EXPECT_EQ(bits.w3, 0x9b00dbd8U);
}

TEST(Philox, AgreesWithTheNamedStreams) {
  const RandomStream stream(7, "some name");
  for (uint32_t i = 0; i < 1000; ++i) {
    const auto expected = stream.bits(i * 2654435761U, i, ~i, i << 20U);
    const PhiloxBits bits = philox(stream.key0(), stream.key1(), i * 2654435761U, i, ~i, i << 20U);
    ASSERT_EQ(bits.w0, expected[0]);
    ASSERT_EQ(bits.w1, expected[1]);
    ASSERT_EQ(bits.w2, expected[2]);
    ASSERT_EQ(bits.w3, expected[3]);
  }
}

TEST(LogLane, IsTheLogarithmToThreeInTenMillion) {
  for (float u = 0x1p-32F; u <= 1.0F; u *= 1.0007F) {
    const double exact = std::log(static_cast<double>(u));
    ASSERT_NEAR(static_cast<double>(log_lane(u)), exact, 3e-7 * std::abs(exact) + 1e-12) << u;
  }
  EXPECT_EQ(log_lane(1.0F), 0.0F);
}

TEST(NormalPair, LiesOnTheCircleThatItsBitsName) {
  for (uint32_t i = 0; i < 100000; ++i) {
    const PhiloxBits bits = philox(1, 2, i, 0, 0, 0);
    // Rounded to float as there: near 1 its logarithm is all rounding.
    const double u = static_cast<double>(static_cast<float>(bits.w0 >> 1) + 0.5F) * 0x1p-31;
    const double half_circle = static_cast<double>(bits.w1 & 0x7fffffffU) * 0x1p-30 - 1.0;
    const double angle = half_circle * std::acos(0.0);
    const double radius = std::sqrt(-2.0 * std::log(u));
    const double side = (bits.w1 >> 31) != 0 ? -1.0 : 1.0;
    const NormalPair pair = normal_pair(bits.w0, bits.w1);
    ASSERT_NEAR(static_cast<double>(pair.first), radius * std::cos(angle) * side, 5e-6);
    ASSERT_NEAR(static_cast<double>(pair.second), radius * std::sin(angle), 5e-6);
  }
}

TEST(NormalPair, IsFiniteForAllZerosAndAllOnes) {
  for (const uint32_t radius : {0U, ~0U}) {
    for (const uint32_t angle : {0U, ~0U, 0x7fffffffU, 0x80000000U}) {
      const NormalPair pair = normal_pair(radius, angle);
      EXPECT_LT(std::abs(pair.first), 6.8F);
      EXPECT_LT(std::abs(pair.second), 6.8F);
    }
  }
}

// Moments and tails of 4 million normals, each within 4.5 standard errors of the exact ones.
TEST(NormalPair, HasTheMomentsAndTailsOfANormal) {
  constexpr int kPairs = 2'000'000;
  constexpr double n = 2.0 * kPairs;
  double sum = 0.0, sum2 = 0.0, sum3 = 0.0, sum4 = 0.0, product = 0.0;
  int64_t above[5] = {};
  int64_t below[5] = {};
  for (uint32_t i = 0; i < kPairs; ++i) {
    const PhiloxBits bits = philox(11, 12, i, 0, 0, 0);
    const NormalPair pair = normal_pair(bits.w0, bits.w1);
    product += static_cast<double>(pair.first) * static_cast<double>(pair.second);
    for (const float value : {pair.first, pair.second}) {
      const auto z = static_cast<double>(value);
      sum += z;
      sum2 += z * z;
      sum3 += z * z * z;
      sum4 += z * z * z * z;
      for (int k = 0; k < 5; ++k) {
        above[k] += z > k ? 1 : 0;
        below[k] += z < -k ? 1 : 0;
      }
    }
  }
  // Variances of z, z^2, z^3, z^4 are 1, 2, 15, 96.
  EXPECT_NEAR(sum / n, 0.0, 4.5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(sum2 / n, 1.0, 4.5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(sum3 / n, 0.0, 4.5 * std::sqrt(15.0 / n));
  EXPECT_NEAR(sum4 / n, 3.0, 4.5 * std::sqrt(96.0 / n));
  EXPECT_NEAR(product / kPairs, 0.0, 4.5 / std::sqrt(static_cast<double>(kPairs)));
  for (int k = 0; k < 5; ++k) {
    const double p = 0.5 * std::erfc(k / std::sqrt(2.0));
    const double error = 4.5 * std::sqrt(n * p * (1.0 - p));
    EXPECT_NEAR(static_cast<double>(above[k]), n * p, error) << k;
    EXPECT_NEAR(static_cast<double>(below[k]), n * p, error) << k;
  }
}

TEST(UniformFine, KeepsSmallDrawsApart) {
  EXPECT_EQ(uniform_fine(0), 0.0F);
  EXPECT_EQ(uniform_fine(2), 0x1p-31F);
  EXPECT_EQ(uniform_fine(~0U), 1.0F);
}

}  // namespace
}  // namespace genbid
