#include "data/tape_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "data/hdf5_file.h"
#include "data/replaceable.h"
#include "data/tape_store_file.h"
#include "data/tape_store_layout.h"
#include "files.h"

namespace genbid::data {
namespace {

using test::error_of;
using test::TempFolder;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TapeInfo info() { return {.ticks = 2, .seats = 2, .octaves = 1, .knots_per_octave = 2, .config = "kind: test\n"}; }

// A period of two seats and two ticks, whose curves have three knots.
TapeColumns period(int64_t number) {
  TapeColumns c;
  c.ticks = 2;
  c.octaves = 1;
  c.knots_per_octave = 2;
  const auto n = static_cast<float>(number);
  c.period = {number, number};
  c.seat = {0, 1};
  c.budget = {100.0, 200.0};
  c.cpa_limit = {50.0, 60.0};
  c.lowest = {8.0F, 16.0F};
  c.num_pv = {10.0F, 20.0F, 10.0F, 0.0F};
  c.mean_pvalue = {0.1F, 0.2F, 0.3F, 0.4F};
  c.price = {1.0F, 2.0F, 1.0F, n};
  for (int tick = 0; tick < 4; ++tick) {
    for (int knot = 0; knot < 3; ++knot) {
      const auto k = static_cast<float>(knot);
      for (const float x : {k + n, 0.5F, 10.0F * k, 7.0F, 2.0F, 0.0F}) c.knots.push_back(x);
    }
  }
  return c;
}

void write(const std::string& path, const TapeInfo& about, const std::vector<TapeColumns>& parts) {
  TapeStoreWriter writer(path);
  int64_t days = 0;
  for (const TapeColumns& part : parts) days += part.num_days();
  writer.begin(about, days);
  for (const TapeColumns& part : parts) writer.append(part);
  writer.finish();
}

TEST(TapeStore, GivesBackWhatWasWritten) {
  const TempFolder folder;
  write(folder.file("t.h5"), info(), {period(9), period(7)});
  const TapeStore store(folder.file("t.h5"));
  EXPECT_EQ(store.info().ticks, 2);
  EXPECT_EQ(store.info().seats, 2);
  EXPECT_EQ(store.info().num_knots(), 3);
  EXPECT_EQ(store.info().config, "kind: test\n");
  EXPECT_EQ(store.num_days(), 4);
  EXPECT_EQ(store.num_periods(), 2);
  EXPECT_EQ(store.periods(), (std::vector<int64_t>{9, 7}));
  const TapeColumns all = store.read();
  EXPECT_EQ(all.period, (std::vector<int64_t>{9, 9, 7, 7}));
  EXPECT_EQ(all.seat, (std::vector<int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(all.budget, (std::vector<double>{100.0, 200.0, 100.0, 200.0}));
  EXPECT_EQ(all.lowest, (std::vector<float>{8.0F, 16.0F, 8.0F, 16.0F}));
  EXPECT_EQ(all.num_knots(), 3);
  ASSERT_EQ(all.knots.size(), 4U * 2 * 3 * 6);
  EXPECT_EQ(all.knots[0], 9.0F);
  EXPECT_EQ(all.knots[72], 7.0F);
  EXPECT_EQ(all.price[7], 7.0F);
}

TEST(TapeStore, ReadsTheGivenPeriodsInTheirOrder) {
  const TempFolder folder;
  write(folder.file("t.h5"), info(), {period(9), period(7), period(8)});
  const TapeStore store(folder.file("t.h5"));
  const TapeColumns some = store.read(std::vector<int64_t>{8, 9});
  EXPECT_EQ(some.period, (std::vector<int64_t>{8, 8, 9, 9}));
  EXPECT_EQ(some.knots[0], 8.0F);
  EXPECT_EQ(some.knots[72], 9.0F);
  EXPECT_EQ(some.price, (std::vector<float>{1, 2, 1, 8, 1, 2, 1, 9}));
  EXPECT_EQ(store.read(std::vector<int64_t>{}).num_days(), 0);
  EXPECT_EQ(error_of([&] {
              store.read(std::vector<int64_t>{7, 10});
            }),
            folder.file("t.h5") + ": no period 10, expected one of its 3 from 7 on");
}

TEST(TapeStore, IsThereWholeOrNotAtAll) {
  const TempFolder folder;
  {
    TapeStoreWriter writer(folder.file("t.h5"));
    writer.begin(info(), 4);
    writer.append(period(1));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

// The Error of opening and reading a tape whose columns were changed.
std::string error_after(const std::function<void(TapeColumns&)>& change) {
  const TempFolder folder;
  TapeColumns second = period(8);
  change(second);
  const std::string path = folder.file("t.h5");
  write(path, info(), {period(7), second});
  const std::string message = error_of([&] { TapeStore(path).read(); });
  EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
  return message.size() > path.size() + 2 ? message.substr(path.size() + 2) : message;
}

TEST(TapeStore, ImpossibleNumbersAreErrors) {
  EXPECT_EQ(error_after([](TapeColumns& c) { c.seat[1] = 2; }),
            "dataset '/days/seat': row 3 holds 2, expected 1: seats of a period in order");
  EXPECT_EQ(error_after([](TapeColumns& c) {
              c.period = {-8, -8};
            }),
            "dataset '/days/period': row 2 holds -8, expected 0 or more");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.period[1] = 9; }),
            "dataset '/days/period': row 3 holds 9, expected 8 for all seats of that period");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.budget[0] = 0.0; }),
            "dataset '/days/budget': row 2 holds 0, expected a finite number above 0");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.cpa_limit[1] = -1.0; }),
            "dataset '/days/cpa_limit': row 3 holds -1, expected a finite number above 0");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.lowest[1] = kNan; }).substr(0, 33), "dataset '/days/lowest': row 3 hol");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.num_pv[3] = -4.0F; }),
            "dataset '/ticks/num_pv': row 3 holds -4, expected a finite number of 0 or more");
  EXPECT_EQ(error_after([](TapeColumns& c) { c.knots[1] = -0.5F; }),
            "dataset '/ticks/knots': row 2 holds -0.5, expected a finite number of 0 or more");
  EXPECT_NE(error_after([](TapeColumns& c) { c.knots[5] = std::numeric_limits<float>::infinity(); }).find("finite"),
            std::string::npos);
}

TEST(TapeStore, CurvesThatFallAreErrors) {
  // Day 3 is seat 1; its tick 1 begins at 54, and the value of knot 2 is 12 numbers on.
  EXPECT_EQ(error_after([](TapeColumns& c) { c.knots[54 + 12] = 8.5F; }),
            "dataset '/ticks/knots': row 3, tick 1: found the value 8.5 at knot 2, expected at least that of the knot "
            "before, 9");
  EXPECT_NE(error_after([](TapeColumns& c) { c.knots[2] = 11.0F; }).find("row 2, tick 0: found the cost 10 at knot 1"),
            std::string::npos);
  EXPECT_NE(error_after([](TapeColumns& c) { c.knots[4] = 3.0F; }).find("found the slots 2 at knot 1"),
            std::string::npos);
  // Between the knots: slopes are what lies behind a value, and rises of values are 1.
  EXPECT_EQ(error_after([](TapeColumns& c) { c.knots[54 + 1] = 3.5F; }),
            "dataset '/ticks/knots': row 3, tick 1: found the slope of the value 3.5 at knot 0, expected at most three "
            "times the rise to the next knot on either side, 3");
  EXPECT_NE(error_after([](TapeColumns& c) { c.knots[54 + 13] = 3.5F; }).find("the value 3.5 at knot 2, expected"),
            std::string::npos);
  EXPECT_NE(error_after([](TapeColumns& c) { c.knots[11] = 0.5F; }).find("slope of the slots 0.5 at knot 1"),
            std::string::npos);
}

struct HandMade {
  std::string format = kTapeFormat;
  int64_t version = 1;
  int64_t seats = 2;
  std::string without = {};  // an attribute or a dataset
  std::string longer = {};   // a dataset with one day too many
  int64_t days = 2;
};

std::string error_of_hand_made(const HandMade& made) {
  const TempFolder folder;
  const std::string path = folder.file("t.h5");
  Hdf5File file = Hdf5File::create(path);
  const auto attribute = [&](const std::string& name, const auto& value) {
    if (name != made.without) file.write_attribute(name, value);
  };
  attribute("format", made.format);
  attribute("version", made.version);
  attribute("ticks", int64_t{2});
  attribute("seats", made.seats);
  attribute("octaves", int64_t{1});
  attribute("knots_per_octave", int64_t{2});
  file.create_group("/days");
  file.create_group("/ticks");
  const TapeColumns types;
  for_each_tape_column(types, [&](const std::string& name, const auto& column) {
    if (name == made.without) return;
    using Value = typename std::decay_t<decltype(column)>::value_type;
    std::vector<int64_t> shape = tape_day_shape(name, info());
    shape.insert(shape.begin(), made.days + (name == made.longer ? 1 : 0));
    file.create_dataset(name, kHdf5TypeOf<Value>, shape);
  });
  file.close();
  const std::string message = error_of([&] { TapeStore(path).read(); });
  return message.size() > path.size() + 2 ? message.substr(path.size() + 2) : message;
}

TEST(TapeStore, OtherFormsAreErrors) {
  const std::string expected =
      ", expected a tape made by `genbid simulate` (output.tape=true) or `genbid ingest` (output_tape)";
  EXPECT_EQ(error_of_hand_made({.without = "format"}), "an HDF5 file without the attribute 'format'" + expected);
  EXPECT_EQ(error_of_hand_made({.format = "genbid-trajectories"}), "format 'genbid-trajectories'" + expected);
  EXPECT_EQ(error_of_hand_made({.without = "version"}), "no attribute 'version'" + expected);
  EXPECT_EQ(error_of_hand_made({.version = 2}), "tape of version 2, this program reads 1");
  EXPECT_EQ(error_of_hand_made({.without = "octaves"}), "no attribute 'octaves'");
  EXPECT_EQ(error_of_hand_made({.seats = 65}), "attribute 'seats': found 65, expected 1 to 64");
  EXPECT_EQ(error_of_hand_made({.without = "/ticks/price"}), "no dataset '/ticks/price'");
  EXPECT_EQ(error_of_hand_made({.longer = "/ticks/knots"}),
            "dataset '/ticks/knots': found the shape 3 x 2 x 3 x 6, expected 2 x 2 x 3 x 6");
  EXPECT_EQ(error_of_hand_made({.days = 3}), "found 3 days of seats, expected a multiple of the 2 seats of a period");
  const TempFolder folder;
  EXPECT_EQ(error_of([&] { TapeStore store(folder.write("a.h5", "text")); }),
            folder.file("a.h5") + ": not an HDF5 file");
}

TEST(TapeStoreFile, FilledInAnyOrderItHasTheBytesOfTheWriter) {
  const TempFolder folder;
  write(folder.file("a.h5"), info(), {period(7), period(8), period(9)});
  TapeStoreFile::create(folder.file("b.h5"), info(), 6);
  {
    TapeStoreFile file(folder.file("b.h5"));
    file.write(4, period(9));
    file.write(0, period(5));  // overwritten below
  }
  TapeStoreFile file(folder.file("b.h5"));
  file.write(0, period(7));
  file.write(2, period(8));
  file.sync();
  EXPECT_TRUE(test::content_of(folder.file("a.h5")) == test::content_of(folder.file("b.h5")));
}

TEST(TapeStore, IsRecognised) {
  const TempFolder folder;
  write(folder.file("t.h5"), info(), {period(7)});
  EXPECT_TRUE(is_tape(folder.file("t.h5")));
  EXPECT_FALSE(is_trajectory_store(folder.file("t.h5")));
  EXPECT_FALSE(is_tape(folder.write("a.h5", "text")));
}

}  // namespace
}  // namespace genbid::data
