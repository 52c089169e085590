#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "golden.h"
#include "stores.h"

// Stores as other programs write them: widths of numbers, booleans, texts, and what of it is refused.

namespace genbid::data {
namespace {

using test::error_of;
using test::fixed_text;
using test::h5py_boolean;
using test::put_attribute;
using test::put_dataset;
using test::put_unwritten;
using test::small_columns;
using test::TempFolder;
using test::write_small_market_log;
using test::write_small_store;

// The error of reading a store, without its name.
std::string store_error(const std::string& path) {
  const std::string message = error_of([&] { TrajectoryStore(path).read(); });
  return message.empty() ? message : message.substr(path.size() + 2);
}

// The error after a dataset has been put in place of another.
template <typename T>
std::string error_with(const std::string& name, hid_t file_type, hid_t memory_type, const std::vector<T>& values,
                       const std::vector<hsize_t>& shape = {}) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  put_dataset(path, name, file_type, memory_type, values, shape);
  return store_error(path);
}

std::string log_error(const std::string& path) {
  const std::string message = error_of([&] {
    const MarketLog log(path);
    MarketLogTick<double> tick;
    for (int t = 0; t < 2; ++t) log.read_tick(log.periods()[0], t, tick);
  });
  return message.empty() ? message : message.substr(path.size() + 2);
}

TEST(StoreForms, WholeNumbersOfAnyWidth) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  const std::vector<int64_t> small = {1, 2};
  put_dataset(path, "/trajectories/period", H5T_STD_U8LE, H5T_NATIVE_INT64, small);
  put_dataset(path, "/trajectories/advertiser", H5T_STD_U64BE, H5T_NATIVE_INT64, small);
  put_dataset(path, "/trajectories/category", H5T_STD_I64LE, H5T_NATIVE_INT64, small);
  put_dataset(path, "/ticks/tick", H5T_STD_I16BE, H5T_NATIVE_INT64, std::vector<int64_t>{0, 1, 2, 0, 1});
  put_dataset(path, "/ticks/done", H5T_STD_I64LE, H5T_NATIVE_INT64, std::vector<int64_t>{0, 0, 1, 0, 1});
  put_dataset(path, "/ticks/reward", H5T_STD_I32LE, H5T_NATIVE_INT64, std::vector<int64_t>{0, 1, 2, 3, 4});
  const TrajectoryColumns read = TrajectoryStore(path).read();
  EXPECT_EQ(read.period, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(read.advertiser, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(read.category, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(read.tick, small_columns().tick);
  EXPECT_EQ(read.done, small_columns().done);
  EXPECT_EQ(read.reward, small_columns().reward);
}

TEST(StoreForms, RealsThatAreWholeAreWholeNumbers) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  put_dataset(path, "/trajectories/advertiser", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, std::vector{3.0, 0x1p53});
  put_dataset(path, "/ticks/done", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, std::vector{0.0, 0.0, 1.0, 0.0, 1.0});
  const TrajectoryColumns read = TrajectoryStore(path).read();
  EXPECT_EQ(read.advertiser, (std::vector<int64_t>{3, 9007199254740992}));
  EXPECT_EQ(read.done, small_columns().done);
}

TEST(StoreForms, BooleansAsH5pyAndPyTablesWriteThem) {
  for (const hid_t type : {h5py_boolean(), H5Tcopy(H5T_NATIVE_B8)}) {
    const TempFolder folder;
    const std::string path = write_small_store(folder);
    put_dataset(path, "/ticks/done", type, type, std::vector<uint8_t>{0, 0, 1, 0, 1});
    EXPECT_EQ(TrajectoryStore(path).read().done, small_columns().done);
    H5Tclose(type);
  }
}

// In the header in place of a piece of its own.
TEST(StoreForms, CompactDatasets) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "/ticks/done", H5P_DEFAULT);
  const hsize_t size = 5;
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t settings = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(settings, H5D_COMPACT);
  const hid_t set = H5Dcreate2(file, "/ticks/done", H5T_STD_U8LE, space, H5P_DEFAULT, settings, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, small_columns().done.data());
  H5Dclose(set);
  H5Pclose(settings);
  H5Sclose(space);
  H5Fclose(file);
  EXPECT_EQ(TrajectoryStore(path).read().done, small_columns().done);
}

TEST(StoreForms, AdvertisersOf64BitsAreKept) {
  TrajectoryColumns columns = small_columns();
  columns.advertiser = {10'000'000'000, 9'223'372'036'854'775'807};
  const TempFolder folder;
  const std::string path = write_small_store(folder, columns, /*wide_advertisers=*/true);
  EXPECT_EQ(TrajectoryStore(path).read().advertiser, columns.advertiser);
}

TEST(StoreForms, WholeNumbersOutOfRangeAreErrors) {
  EXPECT_EQ(
      error_with("/trajectories/category", H5T_STD_I64LE, H5T_NATIVE_INT64, std::vector<int64_t>{0, 10'000'000'000}),
      "dataset '/trajectories/category': row 1 holds 10000000000, expected a whole number in "
      "-2147483648..2147483647");
  EXPECT_EQ(error_with("/trajectories/advertiser", H5T_STD_U64LE, H5T_NATIVE_UINT64,
                       std::vector<uint64_t>{0, 18'446'744'073'709'551'615U}),
            "dataset '/trajectories/advertiser': row 1 holds 18446744073709551615, expected a whole number in "
            "-9223372036854775808..9223372036854775807");
  EXPECT_EQ(error_with("/trajectories/advertiser", H5T_STD_I32LE, H5T_NATIVE_INT32, std::vector<int32_t>{-1, 0}),
            "dataset '/trajectories/advertiser': row 0 holds -1, expected a whole number in 0..9223372036854775807");
  EXPECT_EQ(error_with("/ticks/done", H5T_STD_I64LE, H5T_NATIVE_INT64, std::vector<int64_t>{0, 0, 256, 0, 1}),
            "dataset '/ticks/done': row 2 holds 256, expected a whole number in 0..255");
  EXPECT_EQ(error_with("/ticks/done", H5T_STD_U8LE, H5T_NATIVE_UINT8, std::vector<uint8_t>{0, 0, 2, 0, 1}),
            "dataset '/ticks/done': row 2 holds 2, expected a whole number in 0..1");
}

TEST(StoreForms, RealsThatAreNotWholeAreNoWholeNumbers) {
  EXPECT_EQ(error_with("/trajectories/period", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, std::vector{7.0, 8.5}),
            "dataset '/trajectories/period': row 1 holds 8.5, expected a whole number in "
            "-9223372036854775808..9223372036854775807");
  EXPECT_EQ(error_with("/ticks/tick", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, std::vector<double>{0.0, NAN, 2.0, 0.0, 1.0}),
            "dataset '/ticks/tick': row 1 holds nan, expected a whole number in -2147483648..2147483647");
}

TEST(StoreForms, OtherTypesAreErrorsThatSayWhatWasFound) {
  const hid_t text = fixed_text(1);
  EXPECT_EQ(error_with("/ticks/done", text, text, std::vector<char>(5, '0')),
            "dataset '/ticks/done': found texts, expected whole numbers");
  EXPECT_EQ(error_with("/ticks/action", text, text, std::vector<char>(5, '0')),
            "dataset '/ticks/action': found texts, expected numbers");
  H5Tclose(text);
  const hid_t boolean = h5py_boolean();
  EXPECT_EQ(error_with("/ticks/action", boolean, boolean, std::vector<int8_t>(5, 0)),
            "dataset '/ticks/action': found booleans, expected numbers");
  H5Tclose(boolean);
  const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(pair, "re", 0, H5T_NATIVE_FLOAT);
  EXPECT_EQ(error_with("/ticks/reward", pair, pair, std::vector<double>(5, 0.0)),
            "dataset '/ticks/reward': found records, expected numbers");
  H5Tclose(pair);
  EXPECT_EQ(error_with("/ticks/action", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, std::vector<float>(5, 0.0F), {5, 1}),
            "dataset '/ticks/action': found 2 dimensions, expected 1");
  EXPECT_EQ(error_with("/ticks/state", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, std::vector<float>(80, 0.0F)),
            "dataset '/ticks/state': found 1 dimensions, expected 2");
}

TEST(StoreForms, AttributesAsH5pyWritesThem) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  put_attribute(path, "version", H5T_NATIVE_UINT8, std::vector<uint8_t>{1});
  put_attribute(path, "ticks", H5T_NATIVE_DOUBLE, std::vector{48.0});
  put_attribute(path, "seats", H5T_NATIVE_UINT64, std::vector<uint64_t>{48}, {1});
  hid_t type = fixed_text(24);
  std::vector<char> text(24, '\0');
  std::memcpy(text.data(), "genbid-trajectories", 19);
  put_attribute(path, "format", type, text, {1});
  H5Tclose(type);
  type = fixed_text(16, H5T_STR_SPACEPAD);
  text.assign(16, ' ');
  std::memcpy(text.data(), "auctionnet16", 12);
  put_attribute(path, "feature_set", type, text);
  H5Tclose(type);
  type = fixed_text(40);
  const std::vector<std::string> names = feature_names(FeatureSet::kAuctionnet16);
  text.assign(40 * names.size(), '\0');
  for (size_t i = 0; i < names.size(); ++i) std::memcpy(text.data() + 40 * i, names[i].data(), names[i].size());
  put_attribute(path, "features", type, text, {names.size()});
  H5Tclose(type);
  const TrajectoryStore store(path);
  EXPECT_EQ(store.info().ticks, 48);
  EXPECT_EQ(store.info().seats, 48);
  EXPECT_EQ(store.info().feature_set, "auctionnet16");
  EXPECT_EQ(store.info().features, names);
  EXPECT_EQ(store.read().action, small_columns().action);
}

TEST(StoreForms, OtherAttributesAreErrorsThatSayWhatWasFound) {
  const auto error = [](const std::string& name, hid_t type, const auto& values,
                        const std::vector<hsize_t>& shape = {}) {
    const TempFolder folder;
    const std::string path = write_small_store(folder);
    put_attribute(path, name, type, values, shape);
    return store_error(path);
  };
  const hid_t text = fixed_text(2);
  EXPECT_EQ(error("ticks", text, std::vector<char>{'4', '8'}),
            "attribute 'ticks': found texts, expected one whole number");
  H5Tclose(text);
  EXPECT_EQ(error("ticks", H5T_NATIVE_DOUBLE, std::vector{48.5}),
            "attribute 'ticks': found 48.5, expected one whole number");
  EXPECT_EQ(error("ticks", H5T_NATIVE_INT, std::vector<int>{48, 48}, {2}),
            "attribute 'ticks': found 2 numbers, expected one whole number");
  EXPECT_EQ(error("seats", H5T_NATIVE_UINT64, std::vector<uint64_t>{~uint64_t{0}}),
            "attribute 'seats': found 18446744073709551615, expected one whole number");
  EXPECT_EQ(error("format", H5T_NATIVE_INT, std::vector<int>{1}),
            "attribute 'format': found 32-bit whole numbers, expected text");
}

TEST(StoreForms, MarketLogsOfOtherWidths) {
  const TempFolder folder;
  const std::string path = write_small_market_log(folder);
  put_dataset(path, "/period-7/tick_first", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, std::vector{0.0, 2.0, 3.0});
  put_dataset(path, "/period-7/advertiser", H5T_STD_I64LE, H5T_NATIVE_INT64,
              std::vector<int64_t>{10'000'000'000, 10'000'000'001});
  put_dataset(path, "/period-7/top_seat", H5T_STD_I64LE, H5T_NATIVE_INT64,
              std::vector<int64_t>{0, 1, 255, 255, 1, 0, 255, 255, 0, 1, 255, 255}, {3, 4});
  EXPECT_EQ(MarketLog(path).period(7).tick_first, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(MarketLog(path).period(7).advertiser, (std::vector<int64_t>{10'000'000'000, 10'000'000'001}));
  EXPECT_EQ(log_error(path), "");
  put_dataset(path, "/period-7/top_seat", H5T_STD_I64LE, H5T_NATIVE_INT64,
              std::vector<int64_t>{0, 1, 255, 255, 256, 0, 255, 255, 0, 1, 255, 255}, {3, 4});
  EXPECT_EQ(log_error(path), "dataset '/period-7/top_seat': row 1 holds 256, expected a whole number in 0..255");
}

TEST(StoreForms, MarketLogsKeepAdvertisersOf64Bits) {
  const TempFolder folder;
  const std::string path = write_small_market_log(folder, {{5, 0, 10.0, 1.0}, {10'000'000'000, 0, 20.0, 2.0}});
  EXPECT_EQ(MarketLog(path).period(7).advertiser, (std::vector<int64_t>{5, 10'000'000'000}));
}

TEST(StoreForms, MarketLogValuesOutOfRangeAreErrors) {
  const auto error = [](const std::string& name, std::vector<double> values, const std::vector<hsize_t>& shape) {
    const TempFolder folder;
    const std::string path = write_small_market_log(folder);
    put_dataset(path, "/period-7/" + name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values, shape);
    return log_error(path);
  };
  EXPECT_EQ(error("pvalue", {0, 1, 0, 0, 0, 1.25}, {3, 2}),
            "dataset '/period-7/pvalue': impression 2 holds 1.250000, expected a probability in [0, 1]");
  EXPECT_EQ(error("pvalue", {0, 1, 0, -0.25, 0, 1}, {3, 2}),
            "dataset '/period-7/pvalue': impression 1 holds -0.250000, expected a finite number, at least 0");
  EXPECT_EQ(error("sigma", {0, 0, 0, 0, 0, -1}, {3, 2}),
            "dataset '/period-7/sigma': impression 2 holds -1.000000, expected a finite number, at least 0");
  EXPECT_EQ(error("least_winning_cost", {0, INFINITY, 0}, {3}),
            "dataset '/period-7/least_winning_cost': impression 1 holds inf, expected a finite number, at least 0");
  EXPECT_EQ(error("cpa", {1, NAN}, {2}), "dataset '/period-7/cpa': seat 1 has nan, expected numbers above 0");
  EXPECT_EQ(error("advertiser", {-1, 0}, {2}),
            "dataset '/period-7/advertiser': found -1, expected whole numbers from 0 on");
}

TEST(StoreForms, AShapeBeyondTheFilesSizeIsAnError) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  // A dataset in pieces of which none has been written takes no room, whatever its shape.
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "/ticks/action", H5P_DEFAULT);
  const hsize_t size = hsize_t{1} << 40;
  const hsize_t chunk = 1024;
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t settings = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(settings, 1, &chunk);
  H5Dclose(H5Dcreate2(file, "/ticks/action", H5T_IEEE_F32LE, space, H5P_DEFAULT, settings, H5P_DEFAULT));
  H5Pclose(settings);
  H5Sclose(space);
  H5Fclose(file);
  const std::string message = store_error(path);
  EXPECT_EQ(message, "damaged: dataset '/ticks/action' has the shape [1099511627776], more than the file has room for");
}

// The library gives zeros for what is not there.
TEST(StoreForms, NumbersThatAreNotInTheFile) {
  const auto error_of_reward = [](const std::function<void(hid_t)>& set_up) {
    const TempFolder folder;
    const std::string path = write_small_store(folder);
    const hid_t settings = H5Pcreate(H5P_DATASET_CREATE);
    set_up(settings);
    put_unwritten(path, "/ticks/reward", 5, settings);
    H5Pclose(settings);
    return store_error(path);
  };
  const std::string dataset = "dataset '/ticks/reward': ";
  const std::string no_end = ", zeros too: perhaps whoever made the file did not come to its end";
  const hsize_t size = 5;
  const hsize_t piece = 2;
  EXPECT_EQ(error_of_reward([](hid_t /*settings*/) {}), dataset + "found nothing written, expected 5 rows" + no_end);
  EXPECT_EQ(error_of_reward([&](hid_t settings) { H5Pset_chunk(settings, 1, &piece); }),
            dataset + "found 0 of 3 pieces written, expected all" + no_end);
  const std::string elsewhere = dataset + "found numbers that lie in other files, expected them in this one";
  EXPECT_TRUE(error_of_reward([&](hid_t settings) {
                const hid_t space = H5Screate_simple(1, &size, nullptr);
                H5Pset_virtual(settings, space, "none.h5", "/reward", space);
                H5Sclose(space);
              }).starts_with(elsewhere));
  EXPECT_TRUE(
      error_of_reward([&](hid_t settings) { H5Pset_external(settings, "none.raw", 0, 20); }).starts_with(elsewhere));
}

// LZF, say, which h5py brings with it. An optional filter that a writer lacks is left out, its name stays.
TEST(StoreForms, FiltersThatTheLibraryLacks) {
  const TempFolder folder;
  const std::string path = write_small_store(folder);
  const hid_t settings = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t piece = 5;
  H5Pset_chunk(settings, 1, &piece);
  H5Pset_filter(settings, 32000, H5Z_FLAG_OPTIONAL, 0, nullptr);
  put_unwritten(path, "/ticks/reward", 5, settings);
  H5Pclose(settings);
  EXPECT_EQ(store_error(path),
            "dataset '/ticks/reward': found it packed by filter 32000, expected gzip or no packing (h5py: "
            "compression='gzip')");
}

// Made with h5py of the project's sample.
TEST(StoreForms, BooleansAndLongNumbersOfH5py) {
  GENBID_VECTOR(booleans, "02-hdf5_bool_done.h5")
  GENBID_VECTOR(long_numbers, "02-hdf5_adv_int64_big.h5")
  const TrajectoryColumns read = TrajectoryStore(booleans).read();
  EXPECT_EQ(read.advertiser, (std::vector<int64_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(read.done[46], 0);
  EXPECT_EQ(read.done[47], 1);
  std::vector<int64_t> expected = read.advertiser;
  for (int64_t& advertiser : expected) advertiser += 10'000'000'000;
  EXPECT_EQ(TrajectoryStore(long_numbers).read().advertiser, expected);
}

TEST(StoreForms, ProbabilitiesAboveOneOfACampaign) {
  GENBID_VECTOR(campaign, "10-campaign_value_gt1.h5")
  const MarketLog log(campaign);
  MarketLogTick<double> tick;
  const std::string message = error_of([&] { log.read_tick(log.periods()[0], 0, tick); });
  EXPECT_EQ(message, campaign +
                         ": dataset '/period-0/pvalue': impression 0 holds 5.170066, expected a probability in "
                         "[0, 1]");
}

}  // namespace
}  // namespace genbid::data
