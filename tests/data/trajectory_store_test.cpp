#include "data/trajectory_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "bidding/state_features.h"
#include "data/hdf5_file.h"
#include "data/trajectory_store_layout.h"
#include "files.h"
#include "stores.h"

namespace genbid::data {
namespace {

using test::content_of;
using test::error_of;
using test::TempFolder;

TrajectoryStoreInfo info() {
  return {48, 48, "auctionnet16", feature_names(FeatureSet::kAuctionnet16), "[]", "kind: ingest\n"};
}

// Two trajectories of three and two ticks.
TrajectoryColumns columns() {
  TrajectoryColumns c;
  c.period = {7, 8};
  c.advertiser = {0, 47};
  c.category = {0, 5};
  c.budget = {2900.0, 0.1};
  c.cpa = {100.0, 120.0};
  c.cost = {2899.5, 0.0};
  c.conversions = {34.0, 0.0};
  c.first_row = {0, 3};
  c.tick = {0, 1, 2, 0, 1};
  for (int i = 0; i < 5 * 16; ++i) c.state.push_back(static_cast<float>(i) / 7.0F);
  c.action = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F};
  c.reward = {0.0F, 1.0F, 2.0F, 3.0F, 4.0F};
  c.reward_continuous = {0.5F, 1.5F, 2.5F, 3.5F, 4.5F};
  c.done = {0, 0, 1, 0, 1};
  return c;
}

// The same with labels.
TrajectoryColumns labelled() {
  TrajectoryColumns c = columns();
  c.append(TrajectoryLabels{90.5, 31.25, {1.5F, 2.0F, 0.0F}, {80.0F, 81.0F, 0.0F}, {90.0F, 91.0F, 0.0F}});
  c.append(TrajectoryLabels{0.0, 0.0, {4.0F, 5.5F}, {0.0F, 7.0F}, {8.0F, 9.0F}});
  return c;
}

TrajectoryStoreInfo info_with_labels() {
  TrajectoryStoreInfo about = info();
  about.labels = true;
  return about;
}

void write(const std::string& path, const TrajectoryStoreInfo& about, const TrajectoryColumns& all) {
  TrajectoryStoreWriter writer(path);
  writer.begin(about, all.num_trajectories(), all.num_rows());
  writer.append(all);
  writer.finish();
}

// The Error of writing, opening and reading a store whose columns were changed.
std::string error_after(const std::function<void(TrajectoryColumns&)>& change) {
  const TempFolder folder;
  TrajectoryColumns c = labelled();
  change(c);
  const std::string path = folder.file("s.h5");
  const std::string message = error_of([&] {
    write(path, info_with_labels(), c);
    TrajectoryStore(path).read();
  });
  EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
  return message.size() > path.size() + 2 ? message.substr(path.size() + 2) : message;
}

// A store as a person might write one, with the parts named left out or changed by hand.
struct HandMade {
  std::string format = "genbid-trajectories";
  int64_t version = 1;
  std::string feature_set = "auctionnet16";
  int64_t num_features = 16;
  int64_t ticks = 48;
  std::string without = {};   // an attribute or a dataset
  std::string longer = {};    // a dataset with one entry too many
  std::string as_reals = {};  // a dataset of whole numbers stored as f64
  double action = 0.0;        // of one row, stored as f64; 0: no rows
};

// Everything of the one trajectory is 0 but its action.
void fill_one_row(Hdf5File& file, double action) {
  const TrajectoryColumns types;
  for_each_trajectory_column(types, [&](const std::string& name, const auto& column) {
    const std::remove_cvref_t<decltype(column)> one(1);
    file.write_rows(name, 0, std::span(one.data(), one.size()));
  });
  for_each_tick_column(types, [&](const std::string& name, const auto& column) {
    const std::remove_cvref_t<decltype(column)> row(is_state(name) ? 16 : 1);
    file.write_rows(name, 0, std::span(row.data(), row.size()));
  });
  file.write_rows("/ticks/action", 0, std::span<const double>(&action, 1));
}

std::string error_of_hand_made(const HandMade& made) {
  const TempFolder folder;
  const std::string path = folder.file("s.h5");
  {
    Hdf5File file = Hdf5File::create(path);
    const auto attribute = [&](const std::string& name, const auto& value) {
      if (made.without != name) file.write_attribute(name, value);
    };
    attribute("format", made.format);
    attribute("version", made.version);
    attribute("ticks", made.ticks);
    attribute("seats", int64_t{48});
    attribute("feature_set", made.feature_set);
    attribute("features", feature_names(FeatureSet::kAuctionnet16));
    file.create_group("/trajectories");
    file.create_group("/ticks");
    const auto dataset = [&](const std::string& name, Hdf5Type type, int64_t size) {
      if (made.without == name) return;
      if (made.longer == name) ++size;
      const bool one_row = made.action != 0.0;
      if (one_row) ++size;
      if (one_row && name == "/ticks/action") type = Hdf5Type::kF64;
      std::vector<int64_t> shape = {size};
      if (name == "/ticks/state") shape.push_back(made.num_features);
      file.create_dataset(name, made.as_reals == name ? Hdf5Type::kF64 : type, shape);
    };
    for (const char* name : {"period", "first_row"}) {
      dataset(std::string("/trajectories/") + name, Hdf5Type::kI64, 0);
    }
    for (const char* name : {"advertiser", "category"}) {
      dataset(std::string("/trajectories/") + name, Hdf5Type::kI32, 0);
    }
    for (const char* name : {"budget", "cpa", "cost", "conversions"}) {
      dataset(std::string("/trajectories/") + name, Hdf5Type::kF64, 0);
    }
    dataset("/ticks/tick", Hdf5Type::kI32, 0);
    for (const char* name : {"state", "action", "reward", "reward_continuous"}) {
      dataset(std::string("/ticks/") + name, Hdf5Type::kF32, 0);
    }
    dataset("/ticks/done", Hdf5Type::kU8, 0);
    if (made.action != 0.0) fill_one_row(file, made.action);
    file.close();
  }
  const std::string message = error_of([&] { TrajectoryStore(path).read(); });
  return message.empty() ? message : message.substr(path.size() + 2);
}

TEST(TrajectoryStore, GivesBackWhatWasWritten) {
  const TempFolder folder;
  const std::string path = folder.file("sub/s.h5");
  write(path, info(), columns());
  const TrajectoryStore store(path);
  EXPECT_EQ(store.num_trajectories(), 2);
  EXPECT_EQ(store.num_rows(), 5);
  EXPECT_EQ(store.info().ticks, 48);
  EXPECT_EQ(store.info().seats, 48);
  EXPECT_EQ(store.info().feature_set, "auctionnet16");
  EXPECT_EQ(store.info().features, feature_names(FeatureSet::kAuctionnet16));
  EXPECT_EQ(store.info().sources, "[]");
  EXPECT_EQ(store.info().config, "kind: ingest\n");

  const TrajectoryColumns expected = columns();
  const TrajectoryColumns read = store.read();
  EXPECT_EQ(read.period, expected.period);
  EXPECT_EQ(read.advertiser, expected.advertiser);
  EXPECT_EQ(read.category, expected.category);
  EXPECT_EQ(read.budget, expected.budget);
  EXPECT_EQ(read.cpa, expected.cpa);
  EXPECT_EQ(read.cost, expected.cost);
  EXPECT_EQ(read.conversions, expected.conversions);
  EXPECT_EQ(read.first_row, expected.first_row);
  EXPECT_EQ(read.tick, expected.tick);
  EXPECT_EQ(read.state, expected.state);
  EXPECT_EQ(read.action, expected.action);
  EXPECT_EQ(read.reward, expected.reward);
  EXPECT_EQ(read.reward_continuous, expected.reward_continuous);
  EXPECT_EQ(read.done, expected.done);
}

// A store that is read may be written again as its info says.
TEST(TrajectoryStore, NumbersOfAdvertisersComeBackWhole) {
  const TempFolder folder;
  const auto large = std::numeric_limits<int64_t>::max();
  TrajectoryColumns wide = columns();
  wide.advertiser = {7, large};
  TrajectoryStoreInfo is_wide = info();
  is_wide.wide_advertisers = true;
  write(folder.file("wide.h5"), is_wide, wide);
  const TrajectoryStore store(folder.file("wide.h5"));
  write(folder.file("again.h5"), store.info(), store.read());
  EXPECT_EQ(TrajectoryStore(folder.file("again.h5")).read().advertiser, wide.advertiser);
  write(folder.file("narrow.h5"), info(), columns());
  EXPECT_FALSE(TrajectoryStore(folder.file("narrow.h5")).info().wide_advertisers);
  const std::string path = folder.file("lost.h5");
  EXPECT_EQ(error_of([&] { write(path, info(), wide); }),
            path + ": dataset '/trajectories/advertiser': row 1 is to hold " + std::to_string(large) +
                ", expected a whole number in -2147483648..2147483647");
}

TEST(TrajectoryStore, GivesBackLabels) {
  const TempFolder folder;
  write(folder.file("s.h5"), info_with_labels(), labelled());
  const TrajectoryStore store(folder.file("s.h5"));
  EXPECT_TRUE(store.info().labels);
  const TrajectoryColumns read = store.read();
  EXPECT_TRUE(read.has_labels());
  EXPECT_EQ(read.best_constant, (std::vector<double>{90.5, 0.0}));
  EXPECT_EQ(read.optimum, (std::vector<double>{31.25, 0.0}));
  EXPECT_EQ(read.asked, (LargeVector<float>{1.5F, 2.0F, 0.0F, 4.0F, 5.5F}));
  EXPECT_EQ(read.best_rest, (LargeVector<float>{80.0F, 81.0F, 0.0F, 0.0F, 7.0F}));
  EXPECT_EQ(read.rest_constant, (LargeVector<float>{90.0F, 91.0F, 0.0F, 8.0F, 9.0F}));
  EXPECT_EQ(read.action, columns().action);
}

TEST(TrajectoryStore, HasNoLabelsWhereNoneWereWritten) {
  const TempFolder folder;
  write(folder.file("s.h5"), info(), columns());
  const TrajectoryStore store(folder.file("s.h5"));
  EXPECT_FALSE(store.info().labels);
  const TrajectoryColumns read = store.read();
  EXPECT_FALSE(read.has_labels());
  EXPECT_TRUE(read.best_constant.empty() && read.optimum.empty() && read.asked.empty() && read.best_rest.empty() &&
              read.rest_constant.empty());
}

TEST(TrajectoryStore, LabelsAreThereAllOrNone) {
  for (const char* name : {"/trajectories/best_constant", "/trajectories/optimum", "/ticks/asked", "/ticks/best_rest",
                           "/ticks/rest_constant"}) {
    const TempFolder folder;
    const std::string path = folder.file("s.h5");
    write(path, info_with_labels(), labelled());
    test::remove_dataset(path, name);
    const std::string other = std::string(name) == "/ticks/rest_constant" ? "/ticks/best_rest" : "/ticks/rest_constant";
    EXPECT_EQ(error_of([&] { TrajectoryStore{path}; }),
              path + ": no dataset '" + name + "' beside '" + other + "', expected all datasets of labels or none");
  }
}

TEST(TrajectoryStore, LabelsAreFiniteAndNotBelow0) {
  EXPECT_EQ(error_after([](auto& c) { c.asked[1] = -0.5F; }),
            "dataset '/ticks/asked': row 1 holds -0.5, expected 0 or more");
  EXPECT_EQ(error_after([](auto& c) { c.best_constant[1] = -1.0; }),
            "dataset '/trajectories/best_constant': row 1 holds -1, expected 0 or more");
  EXPECT_EQ(error_after([](auto& c) { c.optimum[0] = -1.0; }),
            "dataset '/trajectories/optimum': row 0 holds -1, expected 0 or more");
  EXPECT_EQ(error_after([](auto& c) { c.best_rest[4] = std::numeric_limits<float>::quiet_NaN(); }),
            "dataset '/ticks/best_rest': row 4 holds nan, expected a finite number");
}

TEST(TrajectoryStore, LabelsHaveTheSizeOfTheirGroup) {
  const TempFolder folder;
  const std::string path = folder.file("s.h5");
  write(path, info_with_labels(), labelled());
  test::put_dataset<float>(path, "/ticks/asked", H5T_NATIVE_FLOAT, H5T_NATIVE_FLOAT, {1.0F, 2.0F});
  EXPECT_EQ(error_of([&] { TrajectoryStore{path}; }),
            path + ": dataset '/ticks/asked': found 2 entries, expected 5 as in the others of its group");
}

TEST(TrajectoryStore, PartsGiveTheSameBytesAsTheWhole) {
  const TempFolder folder;
  TrajectoryStoreWriter writer(folder.file("parts.h5"));
  writer.begin(info_with_labels(), 4, 10);
  writer.append(labelled());
  writer.append(labelled());
  writer.finish();
  TrajectoryColumns twice = labelled();
  const auto again = [](auto& column) {
    const auto copy = column;
    column.insert(column.end(), copy.begin(), copy.end());
  };
  again(twice.period), again(twice.advertiser), again(twice.category), again(twice.budget), again(twice.cpa);
  again(twice.cost), again(twice.conversions), again(twice.tick), again(twice.state), again(twice.action);
  again(twice.reward), again(twice.reward_continuous), again(twice.done);
  again(twice.best_constant), again(twice.optimum), again(twice.asked), again(twice.best_rest);
  again(twice.rest_constant);
  twice.first_row = {0, 3, 5, 8};
  write(folder.file("twice.h5"), info_with_labels(), twice);
  EXPECT_EQ(content_of(folder.file("parts.h5")), content_of(folder.file("twice.h5")));
}

TEST(TrajectoryStore, AWriterThatDoesNotFinishLeavesNothing) {
  const TempFolder folder;
  {
    TrajectoryStoreWriter writer(folder.file("s.h5"));
    writer.begin(info(), 2, 5);
    writer.append(columns());
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(TrajectoryStore, AWriterThatDoesNotFinishKeepsTheOldStore) {
  const TempFolder folder;
  write(folder.file("s.h5"), info(), columns());
  { const TrajectoryStoreWriter writer(folder.file("s.h5")); }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"s.h5"});
  EXPECT_EQ(TrajectoryStore(folder.file("s.h5")).num_rows(), 5);
}

TEST(TrajectoryStore, ATruncatedStoreIsAnErrorAtAnyLength) {
  const TempFolder folder;
  write(folder.file("s.h5"), info(), columns());
  const std::string whole = content_of(folder.file("s.h5"));
  const std::string path = folder.file("cut.h5");
  for (size_t length = 0; length < whole.size(); length += length < 3000 ? 7 : 97) {
    folder.write("cut.h5", whole.substr(0, length));
    const std::string message = error_of([&] { TrajectoryStore(path).read(); });
    ASSERT_EQ(message.substr(0, path.size() + 2), path + ": ") << length;
  }
  folder.write("cut.h5", whole.substr(0, whole.size() - 1));
  const std::string message = error_of([&] { TrajectoryStore{path}; });
  EXPECT_NE(message.find(path + ": cannot be read (HDF5: truncated file: "), std::string::npos) << message;
}

TEST(TrajectoryStore, OtherFilesAreErrors) {
  const TempFolder folder;
  const std::string none = folder.file("none.h5");
  EXPECT_EQ(error_of([&] { TrajectoryStore{none}; }), none + ": cannot be opened: No such file or directory");
  const std::string text = folder.write("text.h5", "period,advertiser\n7,0\n");
  EXPECT_EQ(error_of([&] { TrajectoryStore{text}; }), text + ": not an HDF5 file");
  EXPECT_NE(error_of([&] { TrajectoryStore{folder.file("")}; }), "");
}

TEST(TrajectoryStore, OtherFormatsAndVersionsAreErrors) {
  EXPECT_EQ(error_of_hand_made({}), "");
  EXPECT_EQ(error_of_hand_made({.version = 2}), "store of version 2, this program reads 1");
  EXPECT_EQ(error_of_hand_made({.format = "genbid-market-log"}),
            "format 'genbid-market-log', expected a trajectory store made by `genbid ingest`");
  EXPECT_EQ(error_of_hand_made({.without = "format"}),
            "an HDF5 file without the attribute 'format', expected a trajectory store made by `genbid ingest`");
  EXPECT_EQ(error_of_hand_made({.without = "features"}), "no attribute 'features'");
}

TEST(TrajectoryStore, DaysHave1To96Ticks) {
  EXPECT_EQ(error_of_hand_made({.ticks = 1}), "");
  EXPECT_EQ(error_of_hand_made({.ticks = 96}), "");
  for (const int64_t ticks : {int64_t{-1}, int64_t{0}, int64_t{97}, int64_t{1} << 40}) {
    EXPECT_EQ(error_of_hand_made({.ticks = ticks}),
              "attribute 'ticks': found " + std::to_string(ticks) + ", expected 1 to 96");
  }
}

TEST(TrajectoryStore, FeaturesMustBeThoseOfTheSet) {
  EXPECT_EQ(error_of_hand_made({.feature_set = "constraint"}),
            "attribute 'features' does not list the 22 features of the set 'constraint'");
  EXPECT_EQ(error_of_hand_made({.feature_set = "mine"}),
            "feature set 'mine', expected auctionnet16, auctionnet16_frozen or constraint");
  EXPECT_EQ(error_of_hand_made({.num_features = 22}),
            "dataset '/ticks/state': found 22 features, expected 16 as in the attribute 'features'");
}

TEST(TrajectoryStore, DatasetsMustFitEachOther) {
  EXPECT_EQ(error_of_hand_made({.without = "/ticks/action"}), "no dataset '/ticks/action'");
  EXPECT_EQ(error_of_hand_made({.longer = "/ticks/action"}),
            "dataset '/ticks/action': found 1 entries, expected 0 as in the others of its group");
  EXPECT_EQ(error_of_hand_made({.longer = "/trajectories/cpa"}),
            "dataset '/trajectories/cpa': found 1 entries, expected 0 as in the others of its group");
  EXPECT_EQ(error_of_hand_made({.as_reals = "/ticks/tick"}), "");
}

TEST(TrajectoryStore, RowsMustBelongToTrajectoriesInTickOrder) {
  EXPECT_EQ(error_after([](auto& c) {
              c.first_row = {0, 0};
            }),
            "dataset '/trajectories/first_row': trajectory 0 has rows 0..-1, expected row numbers that begin at "
            "0 and increase");
  EXPECT_EQ(error_after([](auto& c) {
              c.first_row = {1, 3};
            }),
            "dataset '/trajectories/first_row': trajectory 0 has rows 1..2, expected row numbers that begin at "
            "0 and increase");
  EXPECT_EQ(error_after([](auto& c) {
              c.first_row = {0, 6};
            }),
            "dataset '/trajectories/first_row': trajectory 0 has rows 0..5, expected row numbers that begin at "
            "0 and increase");
  EXPECT_EQ(error_after([](auto& c) { c.tick[1] = 5; }), "dataset '/ticks/tick': row 1 has tick 5, expected 1");
}

TEST(TrajectoryStore, ValuesMustBeFinite) {
  EXPECT_EQ(error_after([](auto& c) { c.state[20] = std::numeric_limits<float>::quiet_NaN(); }),
            "dataset '/ticks/state': row 1 holds nan, expected a finite number");
  EXPECT_EQ(error_after([](auto& c) { c.budget[1] = std::numeric_limits<double>::infinity(); }),
            "dataset '/trajectories/budget': row 1 holds inf, expected a finite number");
}

TEST(TrajectoryStore, AWriterRefusesWhatAReaderWould) {
  const TempFolder folder;
  {
    TrajectoryStoreWriter writer(folder.file("s.h5"));
    writer.begin(info(), 4, 10);
    writer.append(columns());
    TrajectoryColumns bad = columns();
    bad.state[20] = std::numeric_limits<float>::infinity();
    EXPECT_EQ(error_of([&] { writer.append(bad); }),
              folder.file("s.h5") + ": dataset '/ticks/state': row 6 holds inf, expected a finite number");
  }
  EXPECT_TRUE(folder.names().empty());
}

// Changed by others, who write what they like.
TEST(TrajectoryStore, AReaderRefusesWhatIsNotFinite) {
  const TempFolder folder;
  const std::string path = folder.file("s.h5");
  write(path, info(), columns());
  test::put_dataset<float>(path, "/ticks/action", H5T_NATIVE_FLOAT, H5T_NATIVE_FLOAT,
                           {1.0F, 2.0F, std::numeric_limits<float>::quiet_NaN(), 4.0F, 5.0F});
  EXPECT_EQ(error_of([&] { TrajectoryStore(path).read(); }),
            path + ": dataset '/ticks/action': row 2 holds nan, expected a finite number");
}

// Written by hand in float64, where it is a number.
TEST(TrajectoryStore, NumbersThatFloat32CannotHoldAreNamed) {
  EXPECT_EQ(error_of_hand_made({.action = 1e300}),
            "dataset '/ticks/action': row 0 holds 1e+300, expected a number that float32 can hold (up to 3.4e38)");
  EXPECT_EQ(error_of_hand_made({.action = -1e300}),
            "dataset '/ticks/action': row 0 holds -1e+300, expected a number that float32 can hold (up to 3.4e38)");
}

}  // namespace
}  // namespace genbid::data
