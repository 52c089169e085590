#include "numpy/truncated_normal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden.h"
#include "numpy/numpy_random.h"
#include "npy.h"

namespace genbid::numpy {
namespace {

// SciPy works with logarithms of probabilities, so its last bits are its own.
TEST(TruncatedNormal, IsScipysToTwoAndAHalfInAQuadrillion) {
  GENBID_VECTOR(path, "primitives/truncnorm_std_ep0_seed1_200x48.npy");
  const test::Npy expected = test::read_npy(path);
  Pcg64 stream(1);
  for (int64_t row = 0; row < 200; ++row) {
    for (int agent = 0; agent < 48; ++agent) {
      const auto [v1, v2] = truncation_values(agent, 0);
      const TruncatedNormal normal(-2.0 * v1, 2.0 * v2);
      ASSERT_NEAR(normal.quantile(stream.next_double()), expected.at(row, agent), 2.5e-15);
    }
  }
}

TEST(TruncatedNormal, ScalesThenShifts) {
  const TruncatedNormal normal(-1.0, 0.5);
  const volatile double product = normal.quantile(0.25) * 3e-4;
  EXPECT_EQ(normal.sample(0.25, 1e-3, 3e-4), product + 1e-3);
}

TEST(TruncatedNormal, StartsAndEndsAtItsBounds) {
  const TruncatedNormal normal(-1.75, 0.25);
  EXPECT_NEAR(normal.quantile(0.0), -1.75, 1e-15);
  EXPECT_NEAR(normal.quantile(1.0), 0.25, 1e-15);
}

TEST(NormalCdf, HasTextbookValues) {
  EXPECT_EQ(normal_cdf(0.0), 0.5);
  EXPECT_DOUBLE_EQ(normal_cdf(1.0), 0.84134474606854294859);
  EXPECT_DOUBLE_EQ(normal_cdf(-2.0), 0.022750131948179207200);
  EXPECT_NEAR(normal_cdf(-10.0) / 7.6198530241605260660e-24, 1.0, 2e-14);
}

// In the tail a relative error of x grows by x^2 on its way to the probability: some 1e-16 each of cdf, quantile and
// cdf.
TEST(NormalQuantile, InvertsTheCdfInItsThreeRegions) {
  for (double x = -37.0; x <= 5.0; x += 0.001) {
    const double p = normal_cdf(x);
    ASSERT_NEAR(normal_cdf(normal_quantile(p)) / p, 1.0, 1e-15 * (2.0 + x * x)) << x;
  }
}

TEST(NormalQuantile, IsOdd) {
  for (double p = 0x1p-10; p < 0.5; p += 0x1p-10) EXPECT_EQ(normal_quantile(p), -normal_quantile(1.0 - p)) << p;
  EXPECT_EQ(normal_quantile(0.5), 0.0);
}

}  // namespace
}  // namespace genbid::numpy
