#include "train/stores.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/files/scratch.h"
#include "base/temporary_folder.h"
#include "bidding/state_features.h"
#include "train/dataset.h"
#include "train/sampler.h"

namespace genbid::train {
namespace {

constexpr double kPlenty = 1e15;  // bytes

struct Days {
  std::vector<int64_t> periods;
  int64_t ticks = 4;
  float action = 0.0F;  // of the first tick; each tick has one more
  bool labels = false;
  FeatureSet features = FeatureSet::kAuctionnet16;
};

// One seat; half of its budget is left all day.
std::string write(const std::string& path, const Days& days) {
  data::TrajectoryStoreInfo info;
  info.ticks = days.ticks;
  info.seats = 1;
  info.feature_set = feature_set_names().at(static_cast<size_t>(days.features));
  info.features = feature_names(days.features);
  info.labels = days.labels;
  data::TrajectoryColumns c;
  for (const int64_t period : days.periods) {
    c.period.push_back(period);
    c.advertiser.push_back(3);
    c.category.push_back(0);
    c.budget.push_back(100.0);
    c.cpa.push_back(20.0);
    c.cost.push_back(50.0);
    c.conversions.push_back(as_double(period));
    c.first_row.push_back(c.num_rows());
    data::TrajectoryLabels labels;
    labels.best_constant = 70.0;
    labels.optimum = 8.0;
    for (int64_t t = 0; t < days.ticks; ++t) {
      c.tick.push_back(static_cast<int32_t>(t));
      c.state.insert(c.state.end(), info.features.size(), 0.5F);
      c.action.push_back(days.action + static_cast<float>(t));
      c.reward.push_back(0.0F);
      c.reward_continuous.push_back(1.0F);
      c.done.push_back(t + 1 == days.ticks ? 1 : 0);
      labels.asked.push_back(200.0F);
      labels.best_rest.push_back(300.0F);
      labels.rest_constant.push_back(400.0F);
    }
    if (days.labels) c.append(labels);
  }
  data::TrajectoryStoreWriter writer(path);
  writer.begin(info, c.num_trajectories(), c.num_rows());
  writer.append(c);
  writer.finish();
  return path;
}

class Stores : public ::testing::Test {
 protected:
  std::string a(const Days& days) { return write(folder_.path() + "/a.h5", days); }
  std::string b(const Days& days) { return write(folder_.path() + "/b.h5", days); }
  static std::string error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
};

TEST_F(Stores, AreReadOneBehindTheOther) {
  const std::string first = a({{7, 8}});
  const std::string second = b({{7, 9, 10}, 4, 100.0F});
  const Dataset both(load_stores({{first}, {second}}, Labels::kLogged, 0.0, {kPlenty}), PeriodsOfStores{{{8}, {7, 10}}},
                     Reward::kExpected, c10::kCPU);
  EXPECT_EQ(both.periods(), (std::vector<int64_t>{8, 7, 10}));
  EXPECT_EQ(both.store_of(0), 0);
  EXPECT_EQ(both.store_of(2), 1);
  const Dataset alone(load_store(second), {10}, Reward::kExpected, c10::kCPU);
  const policy::Batch one = both.batch({{2, 1, 3}}, 3);
  const policy::Batch other = alone.batch({{0, 1, 3}}, 3);
  EXPECT_TRUE(at::equal(one.seen.actions_BTA, at::tensor({101.0F, 102.0F, 103.0F}).view({1, 3, 1})));
  EXPECT_TRUE(at::equal(one.seen.states_BTS, other.seen.states_BTS));
  EXPECT_TRUE(at::equal(one.next_states_BTS, other.next_states_BTS));
  EXPECT_TRUE(at::equal(one.seen.before_BTO, other.seen.before_BTO));
  EXPECT_TRUE(at::equal(one.gained_BTO, other.gained_BTO));
  EXPECT_TRUE(at::equal(one.goes_on_BT, other.goes_on_BT));
  EXPECT_NE(error_of([&] {
              both.part(PeriodsOfStores{{{8}, {8}}});
            }).find("b.h5: found periods 7, 9, 10, expected period 8"),
            std::string::npos);
}

// 4 starts a day: 4 x 2 of weight 1 and 4 x 3 of weight 4.
TEST_F(Stores, AreDrawnByWeightAndNumberOfWindows) {
  const std::string first = a({{7, 8}});
  const std::string second = b({{7, 8, 9}, 4, 100.0F});
  const Dataset days(load_stores({{first, 1.0}, {second, 4.0}}, Labels::kLogged, 0.0, {kPlenty}),
                     PeriodsOfStores{{{7, 8}, {7, 8, 9}}}, Reward::kExpected, c10::kCPU);
  const WindowSampler sampler(days, 1, false, 1);
  EXPECT_DOUBLE_EQ(sampler.share(0), 2.0 / 14.0);
  EXPECT_DOUBLE_EQ(sampler.share(1), 12.0 / 14.0);
  std::vector<int> count(5, 0);
  for (int64_t i = 0; i < 14'000; ++i) ++count[static_cast<size_t>(sampler.window(i, 0).trajectory)];
  for (size_t m = 0; m < 5; ++m) {
    const double expected = m < 2 ? 1000.0 : 4000.0;
    EXPECT_NEAR(count[m], expected, 5.0 * std::sqrt(expected)) << m;  // 5 standard deviations
  }
}

TEST_F(Stores, MustAgree) {
  const std::string first = a({{7}});
  const auto with = [&](const Days& days, Labels labels) {
    const std::string second = b(days);
    return error_of([&] { load_stores({{first}, {second}}, labels, 0.0, {kPlenty}); });
  };
  EXPECT_NE(with({{7}, 5}, Labels::kLogged).find("b.h5: found days of 5 ticks, expected 4 as in "), std::string::npos);
  EXPECT_NE(with({{7}, 4, 0.0F, false, FeatureSet::kConstraint}, Labels::kLogged)
                .find("b.h5: found the features constraint, expected auctionnet16 as in "),
            std::string::npos);
  EXPECT_NE(with({{7}, 4, 0.0F, true}, Labels::kBestRest).find("a.h5: found a store without labels"),
            std::string::npos);
}

// What a bidder asked for is its action where nothing better is known.
TEST_F(Stores, OneWithoutLabelsStandsBesideOneWithThem) {
  const std::string first = a({{7}, 4, 0.0F, true});
  const std::string second = b({{7}, 4, 100.0F});
  const Dataset days(load_stores({{first}, {second}}, Labels::kLogged, 0.0, {kPlenty}), {7}, Reward::kExpected,
                     c10::kCPU);
  const policy::Batch batch = days.batch({{0, 0, 2}, {1, 0, 2}}, 2);
  EXPECT_TRUE(at::equal(batch.label_BTA.flatten(), at::tensor({200.0F, 200.0F, 100.0F, 101.0F})));
  const auto share = static_cast<int64_t>(index_of(Outcome::kShareOfOptimum));
  EXPECT_TRUE(std::isfinite(days.outcome_MO()[0][share].item<float>()));
  EXPECT_TRUE(std::isnan(days.outcome_MO()[1][share].item<float>()));
  EXPECT_EQ(days.store_without_optima(), second);
}

TEST_F(Stores, AreKnownByTheirOwnContent) {
  const std::string first = a({{7, 8}});
  const std::string second = b({{7}, 4, 100.0F});
  int64_t clipped = 0;
  const LoadedStore both = load_stores({{first}, {second}}, Labels::kLogged, 102.0, {kPlenty}, &clipped);
  EXPECT_EQ(clipped, 1);  // 103
  ASSERT_EQ(both.parts.size(), 2U);
  LoadedStore alone = load_store(second);
  EXPECT_NE(both.parts[1].content, content_of(alone));
  clip_actions(alone, 102.0);
  EXPECT_EQ(both.parts[1].content, content_of(alone));
  EXPECT_EQ(both.parts[0].content, content_of(load_store(first)));
}

// What a training sees does not depend on where the columns lie: batches of two stores, clipped, with labels.
TEST_F(Stores, WhatDoesNotFitInMemoryLiesInFiles) {
  const std::string first = a({{7, 8}, 4, 100.0F, true});
  const std::string second = b({{9, 10, 11}, 4, 50.0F, true});
  const TrainingBytes needed = bytes_to_train({{2, 8, 16, true}, {3, 12, 16, true}}, Labels::kBestRest);
  const std::string scratch = folder_.path() + "/scratch";
  std::filesystem::create_directories(scratch);
  if (error_of([&] { Scratch here(scratch); }).find("in memory") != std::string::npos) {
    GTEST_SKIP() << "TMPDIR is in memory, expected a disk";
  }
  const auto load = [&](const StoreMemory& memory) {
    return load_stores({{first}, {second}}, Labels::kBestRest, 102.0, memory);
  };
  const auto days = [](LoadedStore store) {
    return Dataset(std::move(store), PeriodsOfStores{{{7, 8}, {9, 11}}}, Reward::kExpected, c10::kCPU,
                   Labels::kBestRest);
  };
  EXPECT_EQ(load({needed.all(), scratch}).scratch(), nullptr);
  LoadedStore in_files = load({needed.all() - 1.0, scratch});
  ASSERT_NE(in_files.scratch(), nullptr);
  EXPECT_TRUE(std::filesystem::is_empty(scratch));  // the files have no names
  LoadedStore in_memory = load({kPlenty});
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(in_files.parts[i].content, in_memory.parts[i].content);
  const Dataset here = days(std::move(in_memory));
  const Dataset there = days(std::move(in_files));
  const std::vector<Window> windows = {{0, 0, 4}, {3, 1, 3}, {2, 3, 1}};
  const policy::Batch expected = here.batch(windows, 4);
  const policy::Batch batch = there.batch(windows, 4);
  EXPECT_TRUE(batch.seen.states_BTS.equal(expected.seen.states_BTS));
  EXPECT_TRUE(batch.seen.actions_BTA.equal(expected.seen.actions_BTA));
  EXPECT_TRUE(batch.seen.before_BTO.equal(expected.seen.before_BTO));
  EXPECT_TRUE(batch.next_states_BTS.equal(expected.next_states_BTS));
  EXPECT_TRUE(batch.label_BTA.equal(expected.label_BTA));
  EXPECT_TRUE(batch.gained_BTO.equal(expected.gained_BTO));
  EXPECT_EQ(there.describe_action_outliers(), here.describe_action_outliers());

  // What there is for each day must fit, and the folder must be one.
  EXPECT_NE(error_of([&] {
              load({needed.of_days - 1.0, scratch});
            }).find(" of memory for these 5 trajectories"),
            std::string::npos);
  const std::string none = error_of([&] { load({needed.of_days, scratch + "/none"}); });
  EXPECT_EQ(none.find("data.scratch: " + scratch + "/none: cannot make a file there: "), 0U) << none;
  // Each of several processes has its share, of the disk, too.
  EXPECT_NE(load({2.0 * needed.all() - 1.0, scratch, {}, 2}).scratch(), nullptr);
  constexpr int64_t kMany = 1'000'000'000'000;
  const std::string full = error_of([&] { load({needed.of_days * as_double(kMany), scratch, {}, kMany}); });
  EXPECT_NE(full.find(" of disk in " + scratch + " for these 5 trajectories of 20 ticks, expected at most the 0.0 MB"),
            std::string::npos)
      << full;
}

// 16 features of 4 bytes and 17 bytes of other columns and 12 of the data set's, 8 ticks; see stores.cpp for days.
TEST_F(Stores, WhatDoesNotFitIsRefusedBeforeItIsRead) {
  const double one = bytes_to_train({{0, 8, 16, false}}, Labels::kLogged).all();
  EXPECT_DOUBLE_EQ(one, 8.0 * (64 + 17 + 12));
  EXPECT_DOUBLE_EQ(bytes_to_train({{0, 8, 16, true}}, Labels::kBestConstant).all(), one + 8.0 * (12 + 4));
  EXPECT_DOUBLE_EQ(bytes_to_train({{0, 8, 16, false}, {0, 4, 16, false}}, Labels::kLogged).all(),
                   1.5 * one + 8.0 * (64 + 17));

  const std::string wrong = a({{-1}, 4});
  const auto load = [&](double available) {
    return error_of([&] { load_stores({{wrong}}, Labels::kLogged, 0.0, {available}); });
  };
  EXPECT_NE(load(kPlenty).find("/trajectories/period"), std::string::npos);
  const std::string error = load(1.0);
  EXPECT_NE(error.find("data.store: a training takes 0.0 MB of memory for these 1 trajectories of 4 ticks, expected at "
                       "most the 0.0 MB that are available"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace genbid::train
