#include "data/campaign_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

#include "campaign_days.h"
#include "data/hdf5_file.h"
#include "data/replaceable.h"

namespace genbid::data {
namespace {

using campaigns::CampaignLaws;
using campaigns::ClickDay;
using campaigns::MadeSamples;
using campaigns::Sample;
using campaigns::SetOfSamples;
using test::error_of;
using test::expect_equal;
using test::small_day;
using test::TempFolder;
using test::write_small_days;

TEST(CampaignStore, GivesBackWhatWasWrittenInTheOrderOfSamples) {
  const TempFolder folder;
  const StoredSamples store(write_small_days(folder));
  EXPECT_EQ(store.num_slots(), 4);
  EXPECT_EQ(store.num_days(), 6);
  EXPECT_EQ(store.num_impressions(), 6 * 12);
  EXPECT_EQ(store.info().sources, "[]");
  EXPECT_EQ(store.info().config, "kind: test\n");
  ASSERT_EQ(store.all().size(), 3U);
  const Sample& first = store.all()[0];
  EXPECT_EQ(first.set, SetOfSamples::kTrain);
  EXPECT_EQ(first.campaign, 3);
  EXPECT_EQ(first.day, 9);
  EXPECT_EQ(first.limits.budget, 0.1);
  EXPECT_EQ(first.limits.ppc, 1e-3);
  EXPECT_EQ(first.days_before, 1);
  EXPECT_EQ(store.all()[1].campaign, 4'000'000'000);
  EXPECT_EQ(store.all()[2].campaign, 5);
  EXPECT_EQ(store.range(SetOfSamples::kTrain), std::pair(int64_t{0}, int64_t{2}));
  EXPECT_EQ(store.range(SetOfSamples::kValidation), std::pair(int64_t{2}, int64_t{2}));
  EXPECT_EQ(store.range(SetOfSamples::kTest), std::pair(int64_t{2}, int64_t{3}));
  for (int64_t i = 0; i < 3; ++i) {
    const Sample& one = at(store.all(), i);
    for (int64_t back = 0; back <= one.days_before; ++back) {
      expect_equal(store.day(i, back), small_day(one.campaign, one.day - back));
    }
  }
}

TEST(CampaignStore, DaysWithoutImpressionsAreDays) {
  const TempFolder folder;
  CampaignStoreWriter writer(folder.file("days.h5"), 2);
  const ClickDay none{{0, 0, 0}, {}, {}, {}};
  writer.add_day(none);
  writer.add_sample({SetOfSamples::kTrain, 1, 0, {1.0, 1.0}, 0});
  writer.finish({});
  expect_equal(StoredSamples(folder.file("days.h5")).day(0, 0), none);
}

CampaignLaws small_laws() {
  CampaignLaws laws;
  laws.volume = {200.0, 1500.0};
  laws.cold_start_share = 0.3;
  return laws;
}

// All samples of the laws with up to two days before them, by so many threads, through so much memory.
std::string write_made(const TempFolder& folder, const std::string& name, const MadeSamples& made, int num_threads,
                       int64_t memory_bytes) {
  Threads threads(num_threads);
  CampaignStoreWriter writer(folder.file(name), made.num_slots(), memory_bytes);
  int64_t last = 0;
  add_samples(made, 2, threads, writer, [&last](int64_t done) {
    EXPECT_EQ(done, last + 1);
    last = done;
  });
  EXPECT_EQ(last, std::ssize(made.all()));
  writer.finish({});
  return folder.file(name);
}

TEST(CampaignStore, DaysOfTheLawsAreStoredBitForBitForAnyNumberOfThreads) {
  const TempFolder folder;
  Threads threads(1);
  const MadeSamples made(small_laws(), {10, 4, 3, 7}, threads);
  const std::string path = write_made(folder, "one.h5", made, 1, 1 << 30);
  const StoredSamples store(path);
  EXPECT_EQ(store.num_slots(), 96);
  ASSERT_EQ(store.all().size(), made.all().size());
  int64_t cold = 0;
  for (int64_t i = 0; i < std::ssize(store.all()); ++i) {
    const Sample& one = at(store.all(), i);
    EXPECT_EQ(one.set, at(made.all(), i).set);
    EXPECT_EQ(one.campaign, at(made.all(), i).campaign);
    EXPECT_EQ(one.limits.budget, at(made.all(), i).limits.budget);
    EXPECT_EQ(one.days_before, at(made.all(), i).days_before == 0 ? 0 : 2);
    cold += one.days_before == 0 ? 1 : 0;
    for (int64_t back = 0; back <= one.days_before; ++back) expect_equal(store.day(i, back), made.day(i, back));
  }
  EXPECT_GT(cold, 0);
  EXPECT_LT(cold, 17);
  EXPECT_EQ(store.num_days(), 3 * 17 - 2 * cold);
  // Nor does it matter what goes through the scratch file.
  const std::string other = write_made(folder, "three.h5", made, 3, 0);
  EXPECT_TRUE(test::content_of(path) == test::content_of(other));
}

// Threads read other places in turn, from the same moment on: a place in the file that they share would be seen.
TEST(CampaignStore, IsReadByManyThreadsAtOnce) {
  constexpr int kThreads = 4;
  constexpr int64_t kTurns = 10'000;
  const TempFolder folder;
  const StoredSamples store(write_small_days(folder));
  std::vector<ClickDay> expected;
  for (const Sample& one : store.all()) expected.push_back(small_day(one.campaign, one.day));
  std::atomic<int> ready = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      for (++ready; ready < kThreads;) std::this_thread::yield();
      for (int64_t turn = 0; turn < kTurns; ++turn) {
        const int64_t sample = (turn + number) % 3;
        try {
          if (store.day(sample, 0).cost != at(expected, sample).cost) ++wrong;
        } catch (const Error&) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(CampaignStore, IsThereWholeOrNotAtAll) {
  const TempFolder folder;
  {
    CampaignStoreWriter writer(folder.file("days.h5"), 4);
    writer.add_day(small_day(1, 1));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

TEST(CampaignStore, AStoreThatIsOpenStaysWhatItWas) {
  const TempFolder folder;
  const StoredSamples store(write_small_days(folder));
  CampaignStoreWriter writer(folder.file("days.h5"), 4);
  writer.add_day(small_day(77, 1));
  writer.add_sample({SetOfSamples::kTrain, 77, 1, {1.0, 1.0}, 0});
  writer.finish({});
  expect_equal(store.day(0, 0), small_day(3, 9));
  EXPECT_EQ(StoredSamples(folder.file("days.h5")).all()[0].campaign, 77);
}

TEST(CampaignStore, IsRecognised) {
  const TempFolder folder;
  EXPECT_TRUE(is_campaign_store(write_small_days(folder)));
  EXPECT_FALSE(is_tape(folder.file("days.h5")));
  EXPECT_FALSE(is_campaign_store(folder.write("a.h5", "text")));
}

// A store of one sample with one day before it, of two slots and an impression in each, as another program might write
// it: what is wrong with it is up to a test.
struct HandMade {
  std::string format = kCampaignStoreFormat;
  int64_t version = 1;
  int64_t slots = 2;
  std::string without = {};  // an attribute or a dataset
  std::string longer = {};   // a dataset with one row too many
  std::string real = {};     // a dataset of reals of 64 bits
  std::vector<uint8_t> set = {0, 2};
  std::vector<uint32_t> campaign = {4, 3};
  std::vector<int64_t> day = {8, 8};
  std::vector<double> budget = {10.0, 20.0};
  std::vector<double> ppc = {1.0, 2.0};
  std::vector<int64_t> days_before = {1, 0};
  std::vector<int64_t> stored_day = {1, 2};
  std::vector<int64_t> begin = {0, 2, 4, 6};
  std::vector<int64_t> slot_begins = {0, 1, 2, 0, 1, 2, 0, 1, 2};
  std::vector<float> value = {1, 2, 3, 4, 5, 6};
  std::vector<float> ctr = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
  std::vector<float> cost = {1, 1, 1, 1, 1, 1};
};

std::string write(const TempFolder& folder, const HandMade& made) {
  const std::string path = folder.file("days.h5");
  Hdf5File file = Hdf5File::create(path);
  const auto attribute = [&](const std::string& name, const auto& value) {
    if (name != made.without) file.write_attribute(name, value);
  };
  attribute("format", made.format);
  attribute("version", made.version);
  attribute("slots", made.slots);
  for (const char* group : {"/samples", "/days", "/impressions"}) file.create_group(group);
  const auto column = [&](const std::string& name, auto values, int64_t width = 0) {
    using Value = typename decltype(values)::value_type;
    if (name == made.without) return;
    if (name == made.longer) values.resize(values.size() + to_size(std::max<int64_t>(width, 1)));
    std::vector<int64_t> shape = {std::ssize(values) / std::max<int64_t>(width, 1)};
    if (width > 0) shape.push_back(width);
    if (name == made.real) {
      file.create_dataset(name, Hdf5Type::kF64, shape);
      return;
    }
    file.create_dataset(name, kHdf5TypeOf<Value>, shape);
    file.write_rows(name, 0, std::span<const Value>(values));
  };
  column("/samples/set", made.set);
  column("/samples/campaign", made.campaign);
  column("/samples/day", made.day);
  column("/samples/budget", made.budget);
  column("/samples/ppc", made.ppc);
  column("/samples/days_before", made.days_before);
  column("/samples/stored_day", made.stored_day);
  column("/days/begin", made.begin);
  column("/days/slot_begins", made.slot_begins, 3);
  column("/impressions/value", made.value);
  column("/impressions/ctr", made.ctr);
  column("/impressions/cost", made.cost);
  file.close();
  return path;
}

// The Error of opening such a store, or of reading the last sample's day, without the file's name.
std::string error_of_hand_made(const HandMade& made) {
  const TempFolder folder;
  const std::string path = write(folder, made);
  const std::string message = error_of([&] {
    const StoredSamples store(path);
    static_cast<void>(store.day(std::ssize(store.all()) - 1, 0));
  });
  if (message.empty()) return {};
  EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
  return message.substr(path.size() + 2);
}

TEST(CampaignStore, OneMadeByHandIsRead) {
  const TempFolder folder;
  const StoredSamples store(write(folder, {}));
  EXPECT_EQ(store.day(0, 1).value, (std::vector<float>{1, 2}));
  EXPECT_EQ(store.day(0, 0).value, (std::vector<float>{3, 4}));
  EXPECT_EQ(store.day(1, 0).value, (std::vector<float>{5, 6}));
}

TEST(CampaignStore, OtherFormsAreErrors) {
  const std::string expected =
      ", expected a store of campaigns' days made by `genbid simulate` or `genbid ingest` (protocol: campaigns)";
  EXPECT_EQ(error_of_hand_made({.without = "format"}), "an HDF5 file without the attribute 'format'" + expected);
  EXPECT_EQ(error_of_hand_made({.format = "genbid-tape"}), "format 'genbid-tape'" + expected);
  EXPECT_EQ(error_of_hand_made({.without = "version"}), "no attribute 'version'" + expected);
  EXPECT_EQ(error_of_hand_made({.version = 2}), "store of campaigns' days of version 2, this program reads 1");
  EXPECT_EQ(error_of_hand_made({.without = "slots"}), "no attribute 'slots'" + expected);
  EXPECT_EQ(error_of_hand_made({.slots = 0}), "attribute 'slots': found 0, expected 1 to 1440");
  const TempFolder folder;
  EXPECT_EQ(error_of([&] { StoredSamples store(folder.write("a.h5", "text")); }),
            folder.file("a.h5") + ": not an HDF5 file");
  EXPECT_NE(error_of([&] { StoredSamples store(folder.file("nowhere.h5")); }).find("nowhere.h5"), std::string::npos);
}

TEST(CampaignStore, OtherShapesAreErrors) {
  for (const std::string name : {"/samples/campaign", "/samples/day", "/samples/budget", "/samples/ppc",
                                 "/samples/days_before", "/samples/stored_day"}) {
    EXPECT_EQ(error_of_hand_made({.without = name}), "no dataset '" + name + "'");
    EXPECT_EQ(error_of_hand_made({.longer = name}), "dataset '" + name + "': found the shape [3], expected [2]");
  }
  for (const std::string name : {"/samples/set", "/days/begin", "/days/slot_begins", "/impressions/value"}) {
    EXPECT_EQ(error_of_hand_made({.without = name}), "no dataset '" + name + "'");
  }
  EXPECT_EQ(error_of_hand_made({.set = {}}),
            "dataset '/samples/set': found the shape [0], expected a list of one number or more");
  EXPECT_EQ(error_of_hand_made({.slots = 3}), "dataset '/days/slot_begins': found the shape [3, 3], expected [3, 4]");
  EXPECT_EQ(error_of_hand_made({.longer = "/days/slot_begins"}),
            "dataset '/days/slot_begins': found the shape [4, 3], expected [3, 3]");
  EXPECT_EQ(error_of_hand_made({.longer = "/impressions/ctr"}),
            "dataset '/impressions/ctr': found the shape [7], expected [6]");
  EXPECT_EQ(error_of_hand_made({.real = "/samples/day"}),
            "dataset '/samples/day': found 64-bit real numbers, expected whole numbers");
  EXPECT_EQ(error_of_hand_made({.real = "/impressions/cost"}),
            "dataset '/impressions/cost': found 64-bit real numbers, expected little-endian 32-bit real numbers");
}

TEST(CampaignStore, ImpossibleSamplesAreErrors) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(error_of_hand_made({.set = {0, 3}}),
            "dataset '/samples/set': row 1 holds 3, expected 0, 1 or 2 (train, validation, test)");
  EXPECT_EQ(error_of_hand_made({.day = {8, -1}}), "dataset '/samples/day': row 1 holds -1, expected 0 to 2147483647");
  EXPECT_EQ(error_of_hand_made({.budget = {0.0, 1.0}}),
            "dataset '/samples/budget': row 0 holds 0, expected a finite number above 0");
  EXPECT_EQ(error_of_hand_made({.ppc = {1.0, kInfinity}}),
            "dataset '/samples/ppc': row 1 holds inf, expected a finite number above 0");
  EXPECT_EQ(error_of_hand_made({.days_before = {9, 0}}),
            "dataset '/samples/days_before': row 0 holds 9, expected 0 to 8");
  EXPECT_EQ(error_of_hand_made({.stored_day = {0, 2}}),
            "dataset '/samples/stored_day': row 0 holds 0, expected 1 to 2");
  EXPECT_EQ(error_of_hand_made({.stored_day = {1, 3}}),
            "dataset '/samples/stored_day': row 1 holds 3, expected 0 to 2");
  for (const HandMade& made :
       {HandMade{.set = {2, 0}}, HandMade{.set = {0, 0}}, HandMade{.set = {2, 2}, .campaign = {4, 4}}}) {
    EXPECT_EQ(
        error_of_hand_made(made),
        "samples: row 1 does not stand behind the row before, expected each sample once, ordered by set, campaign "
        "and day");
  }
}

TEST(CampaignStore, ImpossibleDaysAreErrors) {
  EXPECT_EQ(error_of_hand_made({.begin = {1, 2, 4, 6}}), "dataset '/days/begin': row 0 holds 1, expected 0");
  EXPECT_EQ(error_of_hand_made({.begin = {0, 5, 4, 6}}),
            "dataset '/days/begin': row 2 holds 4, expected at least the 5 of the row before");
  const std::string place = "campaign 3, day 8: ";
  EXPECT_EQ(error_of_hand_made({.slot_begins = {0, 1, 2, 0, 1, 2, 0, 3, 2}}),
            place +
                "found slots out of order, expected each to begin where the one before ends, and all 2 impressions "
                "in them");
  EXPECT_EQ(error_of_hand_made({.value = {1, 2, 3, 4, 5, -6}}),
            place + "impression 1, value: found -6.000000, expected 0 or more");
  EXPECT_EQ(error_of_hand_made({.ctr = {0.5, 0.5, 0.5, 0.5, 1.5, 0.5}}),
            place + "impression 0, ctr: found 1.500000, expected above 0, at most 1");
  EXPECT_EQ(error_of_hand_made({.cost = {1, 1, 1, 1, 0, 1}}),
            place + "impression 0, cost: found 0.000000, expected above 0");
}

// A cut at any length, and any byte changed, is an Error or leaves days that check_day accepts.
TEST(CampaignStore, DamagedFilesAreErrors) {
  const TempFolder folder;
  const std::string whole = test::content_of(write_small_days(folder));
  const auto read_all = [&] {
    const StoredSamples store(folder.file("bad.h5"));
    for (int64_t i = 0; i < std::ssize(store.all()); ++i) {
      for (int64_t back = 0; back <= at(store.all(), i).days_before; ++back) static_cast<void>(store.day(i, back));
    }
  };
  const size_t step = whole.size() / 20;
  for (size_t size = 0; size < whole.size(); size += step) {
    folder.write("bad.h5", whole.substr(0, size));
    EXPECT_NE(error_of(read_all), "") << size;
  }
  int errors = 0;
  for (size_t place = 3; place < whole.size(); place += step) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ 0xFF);
    folder.write("bad.h5", changed);
    errors += error_of(read_all).empty() ? 0 : 1;
  }
  EXPECT_GT(errors, 0);
}

TEST(CampaignStore, AFileThatIsCutOffLaterIsAnError) {
  const TempFolder folder;
  const std::string path = write_small_days(folder);
  const StoredSamples store(path);
  std::filesystem::resize_file(path, 100);
  EXPECT_EQ(error_of([&] { static_cast<void>(store.day(0, 0)); }).substr(0, path.size() + 7), path + ": ends ");
}

}  // namespace
}  // namespace genbid::data
