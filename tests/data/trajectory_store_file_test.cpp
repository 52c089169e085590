#include "data/trajectory_store_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "bidding/state_features.h"
#include "files.h"

namespace genbid::data {
namespace {

using test::TempFolder;

TrajectoryStoreInfo info() {
  TrajectoryStoreInfo info;
  info.ticks = 2;
  info.seats = 2;
  info.feature_set = "auctionnet16";
  info.features = feature_names(FeatureSet::kAuctionnet16);
  info.config = "kind: test\n";
  info.labels = true;
  return info;
}

// Two trajectories of one period, of two ticks each.
TrajectoryColumns period(int64_t number) {
  const auto value = static_cast<double>(number);
  TrajectoryColumns columns;
  columns.period = {number, number};
  columns.advertiser = {0, 1};
  columns.category = {0, 0};
  columns.budget = {value + 1.0, value + 2.0};
  columns.cpa = {50.0, 60.0};
  columns.cost = {0.5, value};
  columns.conversions = {1.0, 0.0};
  columns.first_row = {0, 2};
  columns.tick = {0, 1, 0, 1};
  columns.state.assign(4 * 16, static_cast<float>(number));
  columns.action = {1.0F, 2.0F, 3.0F, static_cast<float>(number)};
  columns.reward = {0.0F, 1.0F, 0.0F, 0.0F};
  columns.reward_continuous = {0.1F, 0.2F, 0.3F, 0.4F};
  columns.done = {0, 1, 0, 1};
  columns.append(data::TrajectoryLabels{value, value + 0.5, {1.0F, 2.0F}, {3.0F, 4.0F}, {8.0F, 9.0F}});
  columns.append(data::TrajectoryLabels{80.0, 20.0, {5.0F, 6.0F}, {7.0F, static_cast<float>(number)}, {10.0F, 11.0F}});
  return columns;
}

TEST(TrajectoryStoreFile, FilledInAnyOrderItHasTheBytesOfTheWriter) {
  const TempFolder folder;
  TrajectoryStoreWriter writer(folder.file("a.h5"));
  writer.begin(info(), 6, 12);
  for (const int64_t number : {7, 8, 9}) writer.append(period(number));
  writer.finish();

  TrajectoryStoreFile::create(folder.file("b.h5"), info(), 6, 12);
  {
    TrajectoryStoreFile file(folder.file("b.h5"));
    file.write(4, 8, period(9));
    file.write(0, 0, period(5));  // overwritten below
  }
  TrajectoryStoreFile file(folder.file("b.h5"));
  file.write(0, 0, period(7));
  file.write(2, 4, period(8));
  file.sync();
  EXPECT_TRUE(test::content_of(folder.file("a.h5")) == test::content_of(folder.file("b.h5")));
  const TrajectoryColumns read = TrajectoryStore(folder.file("b.h5")).read();
  EXPECT_EQ(read.first_row, (std::vector<int64_t>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(read.action.back(), 9.0F);
  EXPECT_EQ(read.best_constant, (std::vector<double>{7.0, 80.0, 8.0, 80.0, 9.0, 80.0}));
  EXPECT_EQ(read.best_rest.back(), 9.0F);
}

TEST(TrajectoryStoreFile, WhatIsNotFiniteIsAnError) {
  const TempFolder folder;
  TrajectoryStoreFile::create(folder.file("a.h5"), info(), 4, 8);
  TrajectoryStoreFile file(folder.file("a.h5"));
  TrajectoryColumns bad = period(7);
  bad.action[1] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(test::error_of([&] { file.write(2, 4, bad); }),
            folder.file("a.h5") + ": dataset '/ticks/action': row 5 holds inf, expected a finite number");
}

TEST(TrajectoryStoreFile, AnotherFileIsAnError) {
  const TempFolder folder;
  TrajectoryStoreFile::create(folder.file("empty.h5"), info(), 0, 0);
  EXPECT_EQ(test::error_of([&] { TrajectoryStoreFile file(folder.file("empty.h5")); }),
            folder.file("empty.h5") + ": dataset '/trajectories/period' does not lie in one piece");
  folder.write("a.h5", "text");
  EXPECT_EQ(test::error_of([&] { TrajectoryStoreFile file(folder.file("a.h5")); }),
            folder.file("a.h5") + ": not an HDF5 file");
}

}  // namespace
}  // namespace genbid::data
