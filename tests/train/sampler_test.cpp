#include "train/sampler.h"

#include <gtest/gtest.h>

#include <map>

#include "train/samples.h"

namespace genbid::train {
namespace {

TEST(WindowSampler, ABatchIsAFunctionOfSeedAndStep) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const WindowSampler first(data, 3, false, 8, 1);
  const WindowSampler second(data, 3, false, 8, 1);
  const WindowSampler other(data, 3, false, 8, 2);
  second.batch(4);  // no memory of earlier draws
  EXPECT_TRUE(at::equal(first.batch(9).actions_BTA, second.batch(9).actions_BTA));
  EXPECT_FALSE(at::equal(first.batch(9).actions_BTA, first.batch(10).actions_BTA));
  EXPECT_FALSE(at::equal(first.batch(9).actions_BTA, other.batch(9).actions_BTA));
}

// Actions 10 i + t name the tick. Every real tick lies in `window` of the starts, so over many batches each is read
// equally often: of 20,000 x 3 / 17 places per tick, give or take 5 standard deviations.
TEST(WindowSampler, EveryRealTickIsReadEquallyOften) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  constexpr int64_t kWindow = 3;
  const WindowSampler sampler(data, kWindow, false, 20000, 1);
  const policy::Batch batch = sampler.batch(0);
  const at::Tensor read = batch.actions_BTA.squeeze(-1).masked_select(batch.mask_BT.to(at::kBool));
  std::map<int, int> count;
  for (int64_t i = 0; i < read.size(0); ++i) ++count[static_cast<int>(read[i].item<float>())];
  ASSERT_EQ(count.size(), 17U);  // 5 + 5 + 3 + 4 real ticks
  const double starts = 17 + 4 * (kWindow - 1);
  const double expected = 20000.0 * kWindow / starts;
  for (const auto& [tick, times] : count) EXPECT_NEAR(times, expected, 5.0 * std::sqrt(expected)) << "action " << tick;
}

// 3,000 draws of 4 trajectories: each 750 times, give or take 5 standard deviations of 24.
TEST(WindowSampler, WholePeriodsStartAtTickZeroEachTrajectoryEquallyOften) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const WindowSampler sampler(data, 5, true, 3000, 1);
  const policy::Batch batch = sampler.batch(0);
  EXPECT_EQ(batch.ticks_BT.select(1, 0).max().item<int64_t>(), 0);
  std::map<int, int> count;
  const at::Tensor first = batch.actions_BTA.select(1, 0);
  for (int64_t i = 0; i < 3000; ++i) ++count[static_cast<int>(first[i].item<float>())];
  ASSERT_EQ(count.size(), 4U);
  for (const auto& [trajectory, times] : count) EXPECT_NEAR(times, 750, 120) << trajectory;
  const at::Tensor real = batch.mask_BT.sum(1);
  EXPECT_EQ(real.min().item<float>(), 3.0F);
  EXPECT_EQ(real.max().item<float>(), 5.0F);
}

}  // namespace
}  // namespace genbid::train
