#include "train/sampler.h"

#include <gtest/gtest.h>

#include <map>

#include "train/samples.h"

namespace genbid::train {
namespace {

policy::Batch draw(const Dataset& data, const WindowSampler& sampler, int64_t step, int64_t slots, int64_t ticks) {
  std::vector<Window> windows;
  for (int64_t slot = 0; slot < slots; ++slot) windows.push_back(sampler.window(step, slot));
  return data.batch(windows, ticks);
}

TEST(WindowSampler, ABatchIsAFunctionOfSeedAndStep) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const WindowSampler first(data, 3, false, 1);
  const WindowSampler second(data, 3, false, 1);
  const WindowSampler other(data, 3, false, 2);
  draw(data, second, 4, 8, 3);  // no memory of earlier draws
  EXPECT_TRUE(at::equal(draw(data, first, 9, 8, 3).seen.actions_BTA, draw(data, second, 9, 8, 3).seen.actions_BTA));
  EXPECT_FALSE(at::equal(draw(data, first, 9, 8, 3).seen.actions_BTA, draw(data, first, 10, 8, 3).seen.actions_BTA));
  EXPECT_FALSE(at::equal(draw(data, first, 9, 8, 3).seen.actions_BTA, draw(data, other, 9, 8, 3).seen.actions_BTA));
}

// Actions 10 i + t name the tick. Every real tick lies in `window` of the starts, so over many batches each is read
// equally often: of 20,000 x 3 / 17 places per tick, give or take 5 standard deviations.
TEST(WindowSampler, EveryRealTickIsReadEquallyOften) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  constexpr int64_t kWindow = 3;
  const WindowSampler sampler(data, kWindow, false, 1);
  const policy::Batch batch = draw(data, sampler, 0, 20000, kWindow);
  const at::Tensor read = batch.seen.actions_BTA.squeeze(-1).masked_select(batch.seen.mask_BT.to(at::kBool));
  std::map<int, int> count;
  for (int64_t i = 0; i < read.size(0); ++i) ++count[static_cast<int>(read[i].item<float>())];
  ASSERT_EQ(count.size(), 17U);  // 5 + 5 + 3 + 4 real ticks
  const double starts = 17 + 4 * (kWindow - 1);
  const double expected = 20000.0 * kWindow / starts;
  for (const auto& [tick, times] : count) EXPECT_NEAR(times, expected, 5.0 * std::sqrt(expected)) << "action " << tick;
}

// 17 ticks are 17 places to start at: 17,000 draws, each 1,000 times, give or take 5 standard deviations. So the first
// tick of a day lies in one window alone, where others lie in up to three.
TEST(WindowSampler, InsideEveryTickIsEquallyOftenTheFirst) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const WindowSampler sampler(data, 3, false, 1, Starts::kInside);
  std::map<std::pair<int64_t, int64_t>, int> count;
  for (int64_t draw = 0; draw < 17'000; ++draw) {
    const Window window = sampler.window(draw, 0);
    EXPECT_EQ(window.count,
              std::min<int64_t>(3, data.lengths()[static_cast<size_t>(window.trajectory)] - window.start));
    ++count[{window.trajectory, window.start}];
  }
  ASSERT_EQ(count.size(), 17U);
  for (const auto& [place, times] : count) {
    EXPECT_NEAR(times, 1000, 5.0 * std::sqrt(1000.0)) << place.first << " " << place.second;
  }
}

// 3,000 draws of 4 trajectories: each 750 times, give or take 5 standard deviations of 24.
TEST(WindowSampler, WholePeriodsStartAtTickZeroEachTrajectoryEquallyOften) {
  const Dataset data(test::small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const WindowSampler sampler(data, 5, true, 1);
  const policy::Batch batch = draw(data, sampler, 0, 3000, 5);
  EXPECT_EQ(batch.seen.ticks_BT.select(1, 0).max().item<int64_t>(), 0);
  std::map<int, int> count;
  const at::Tensor first = batch.seen.actions_BTA.select(1, 0);
  for (int64_t i = 0; i < 3000; ++i) ++count[static_cast<int>(first[i].item<float>())];
  ASSERT_EQ(count.size(), 4U);
  for (const auto& [trajectory, times] : count) EXPECT_NEAR(times, 750, 120) << trajectory;
  const at::Tensor real = batch.seen.mask_BT.sum(1);
  EXPECT_EQ(real.min().item<float>(), 3.0F);
  EXPECT_EQ(real.max().item<float>(), 5.0F);
}

}  // namespace
}  // namespace genbid::train
