#include "train/trajectory_weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "models/losses.h"
#include "train/samples.h"

namespace genbid::train {
namespace {

// Four days of 5, 5, 3 and 4 ticks, by two seats.
Dataset days() {
  LoadedStore store = test::small_store({5, 5, 3, 4}, 5);
  store.columns.advertiser = {0, 1, 0, 1};
  return {store, {7, 8}, Reward::kExpected, c10::kCPU};
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(TrajectoryWeights, AreOneOnAverage) {
  for (const char* name : {"uniform", "length", "return", "advantage"}) {
    EXPECT_NEAR(mean(trajectory_weights(days(), parse_weighing(name), 0.5, 20.0)), 1.0, 1e-12) << name;
  }
}

TEST(TrajectoryWeights, LengthCountsTicks) {
  const std::vector<double> weights = trajectory_weights(days(), Weighing::kLength, 1.0, 20.0);
  EXPECT_DOUBLE_EQ(weights[0], 5.0 / 4.25);
  EXPECT_DOUBLE_EQ(weights[2], 3.0 / 4.25);
}

// exp((r_i - r_j) / deviation / temperature) between two trajectories; at a limit of 1 all above the mean are alike.
TEST(TrajectoryWeights, ReturnsAreExponentialInStandardDeviations) {
  const Dataset data = days();
  std::vector<double> returns;
  for (int64_t m = 0; m < 4; ++m) returns.push_back(data.outcome_MO()[m][0].item<double>());
  double square = 0.0;
  for (const double r : returns) square += (r - mean(returns)) * (r - mean(returns)) / 4.0;
  const std::vector<double> weights = trajectory_weights(data, Weighing::kReturn, 0.5, 1e6);
  EXPECT_NEAR(std::log(weights[0] / weights[2]), (returns[0] - returns[2]) / std::sqrt(square) / 0.5, 1e-9);
  const std::vector<double> limited = trajectory_weights(data, Weighing::kReturn, 0.5, 1.0);
  EXPECT_DOUBLE_EQ(limited[0], limited[1]);
  EXPECT_GT(limited[0], limited[2]);
}

// Each seat has one longer and one shorter day: what its seat usually gets does not count.
TEST(TrajectoryWeights, AnAdvantageIsOverTheSeatsMean) {
  LoadedStore store = test::small_store({5, 3, 5, 3}, 5);
  store.columns.advertiser = {0, 0, 1, 1};
  store.columns.cpa = {20.0, 20.0, 40.0, 40.0};  // the second seat's par is half: twice the return
  const Dataset data(store, {7, 8}, Reward::kExpected, c10::kCPU);
  const auto ratio = [&](Weighing weighing) {
    const std::vector<double> weights = trajectory_weights(data, weighing, 1.0, 1e6);
    return std::pair(weights[2] > weights[0] && weights[3] > weights[1], weights[3] < weights[0]);
  };
  EXPECT_EQ(ratio(Weighing::kReturn), std::pair(true, false));
  EXPECT_TRUE(ratio(Weighing::kAdvantage).second);
}

TEST(TrajectoryWeights, EqualOutcomesWeighTheSame) {
  const Dataset data(test::small_store({5, 5}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  EXPECT_EQ(trajectory_weights(data, Weighing::kReturn, 1.0, 20.0), (std::vector<double>{1.0, 1.0}));
}

TEST(TrajectoryWeights, AnUnknownOptimumIsAnError) {
  try {
    trajectory_weights(days(), Weighing::kShareOfOptimum, 1.0, 20.0);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("data.weights: found share_of_optimum, and small.h5 does not know"),
              std::string::npos)
        << e.what();
  }
}

// Errors of 1 and 3 beyond the smooth part (0.1 / 2 less), weights of 3 and 1: (3 x 0.95 + 2.95) / 4.
TEST(TrajectoryWeights, ReachTheLossAndNotTheHeldOutDays) {
  Dataset data = days();
  data.weigh({3.0, 1.0, 1.0, 1.0});
  const policy::Batch batch = data.batch({{0, 0, 2}, {1, 0, 2}}, 2);
  EXPECT_TRUE(at::equal(batch.weight_B1.flatten(), at::tensor({3.0F, 1.0F})));
  const at::Tensor off_BTA = at::tensor({1.0F, 1.0F, 3.0F, 3.0F}).view({2, 2, 1});
  EXPECT_NEAR(models::action_loss(batch.label_BTA + off_BTA, batch.label_BTA, batch).value.item<double>(),
              (3 * 0.95 + 2.95) / 4, 1e-6);
  EXPECT_TRUE(at::equal(data.part({8}).batch({{0, 0, 2}}, 2).weight_B1, at::ones({1, 1})));
}

}  // namespace
}  // namespace genbid::train
