#include "softmarket/expected_score.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bidding/score.h"

namespace genbid {
namespace {

const std::vector<double> kMeans = {1e-3, 0.4, 1.0, 2.0, 7.3, 31.0, 90.0, 127.0, 400.0};
const std::vector<double> kRatios = {0.0203, 0.301, 0.703, 0.953, 1.0031,
                                     1.057,  1.307, 2.003, 6.007};  // cost / (limit x mean)

// A Poisson score is exact below 128 conversions, above it good to 1e-6 of the score (bidding/score.h).
TEST(SoftScoreTest, IsThatOfBidding) {
  for (const double mean : kMeans) {
    for (const double ratio : kRatios) {
      const double limit = 73.0;
      const double cost = ratio * limit * mean;
      const double expected = expected_score(mean, cost, limit);
      const double found =
          softmarket::expected_score(at::scalar_tensor(mean, at::kDouble), at::scalar_tensor(cost, at::kDouble),
                                     at::scalar_tensor(limit, at::kDouble))
              .item<double>();
      EXPECT_NEAR(found, expected, 2e-6 * expected + 1e-12) << mean << " " << ratio;
    }
  }
}

TEST(SoftScoreTest, NothingWonAndNothingSpent) {
  const auto score = [](double mean, double cost) {
    return softmarket::expected_score(at::scalar_tensor(mean), at::scalar_tensor(cost), at::scalar_tensor(100.0))
        .item<float>();
  };
  EXPECT_NEAR(score(0.0, 0.0), 0.0, 1e-9);
  EXPECT_NEAR(score(0.0, 50.0), 0.0, 1e-9);
  EXPECT_NEAR(score(0.0, 5e4), 0.0, 1e-9);
  EXPECT_NEAR(score(3.0, 0.0), 3.0, 1e-6);
}

// Where one conversion pays for all, each counts, the first one included.
TEST(SoftScoreTest, NothingHasASlope) {
  const at::Tensor won = at::scalar_tensor(0.0F).requires_grad_();
  softmarket::expected_score(won, at::scalar_tensor(0.0F), at::scalar_tensor(100.0F)).backward();
  EXPECT_EQ(won.grad().item<float>(), 1.0F);
}

// The slope is a number also where there is nothing, or much more than anybody wins or spends.
TEST(SoftScoreTest, SlopesAreNumbers) {
  for (const double mean : {0.0, 1e-30, 1.0, 1e6}) {
    for (const double cost : {0.0, 1e-30, 100.0, 250.0, 1e12}) {
      const at::Tensor won = at::scalar_tensor(mean).requires_grad_();
      const at::Tensor paid = at::scalar_tensor(cost).requires_grad_();
      const at::Tensor score = softmarket::expected_score(won, paid, at::scalar_tensor(100.0));
      score.backward();
      EXPECT_TRUE(std::isfinite(score.item<float>())) << mean << " " << cost;
      EXPECT_TRUE(std::isfinite(won.grad().item<float>())) << mean << " " << cost;
      EXPECT_TRUE(std::isfinite(paid.grad().item<float>())) << mean << " " << cost;
    }
  }
}

TEST(SoftScoreTest, GradientsAreDifferences) {
  const double limit = 73.0;
  for (const double mean : kMeans) {
    for (const double ratio : kRatios) {
      const at::Tensor v = at::scalar_tensor(mean, at::kDouble).requires_grad_();
      const at::Tensor c = at::scalar_tensor(ratio * limit * mean, at::kDouble).requires_grad_();
      const at::Tensor l = at::scalar_tensor(limit, at::kDouble);
      softmarket::expected_score(v, c, l).backward();
      const auto at_point = [&](double dv, double dc) {
        const at::Tensor value = at::scalar_tensor(v.item<double>() * (1.0 + dv), at::kDouble);
        const at::Tensor cost = at::scalar_tensor(c.item<double>() * (1.0 + dc), at::kDouble);
        return softmarket::expected_score(value, cost, l).item<double>();
      };
      // Differences over 2e-5 of a number lose some six of sixteen digits. The slope jumps where N is whole, which it
      // is nowhere here.
      const double h = 1e-5;
      const double tolerance = 2e-5 * (mean + 1e-3);
      EXPECT_NEAR(v.grad().item<double>() * mean, (at_point(h, 0.0) - at_point(-h, 0.0)) / (2.0 * h), tolerance)
          << mean << " " << ratio;
      EXPECT_NEAR(c.grad().item<double>() * c.item<double>(), (at_point(0.0, h) - at_point(0.0, -h)) / (2.0 * h),
                  tolerance)
          << mean << " " << ratio;
    }
  }
}

}  // namespace
}  // namespace genbid
