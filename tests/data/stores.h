#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

#include "bidding/state_features.h"
#include "data/hdf5_file.h"
#include "data/market_log.h"
#include "data/trajectory_store.h"
#include "files.h"

// Small stores for the tests of this folder, and ways to bend them into what other programs write.
namespace genbid::test {

// Two trajectories of three and two ticks.
inline data::TrajectoryColumns small_columns() {
  data::TrajectoryColumns c;
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

inline std::string write_small_store(const TempFolder& folder, const data::TrajectoryColumns& columns = small_columns(),
                                     bool wide_advertisers = false) {
  data::TrajectoryStoreInfo info{
      48, 48, "auctionnet16", feature_names(FeatureSet::kAuctionnet16), "[]", "kind: ingest\n"};
  info.wide_advertisers = wide_advertisers;
  data::TrajectoryStoreWriter writer(folder.file("s.h5"));
  writer.begin(info, columns.num_trajectories(), columns.num_rows());
  writer.append(columns);
  writer.finish();
  return folder.file("s.h5");
}

// A period of two ticks, of two and one impressions, and two seats.
inline std::string write_small_market_log(const TempFolder& folder, const std::vector<data::MarketLogSeat>& seats = {
                                                                        {0, 0, 10.0, 1.0}, {1, 0, 20.0, 2.0}}) {
  data::MarketLogWriter writer(folder.file("m.h5"), data::MarketLogPrecision::kFloat64);
  writer.begin_period(7, seats);
  const std::vector<float> bids = {3, 2, 0, 0, 3, 2, 0, 0};
  const std::vector<uint8_t> who = {0, 1, kNoSeat, kNoSeat, 1, 0, kNoSeat, kNoSeat};
  writer.add_tick(std::vector{0.1, 0.2, 0.3, 0.4}, std::vector<double>(4, 0.01), bids, who, std::vector{1.5, 2.5});
  writer.add_tick(std::vector{0.5, 0.6}, std::vector<double>(2, 0.01), std::span(bids).first(4),
                  std::span(who).first(4), std::vector{3.5});
  writer.end_period();
  data::MarketLogInfo info;
  info.ticks = 2;
  info.seats = 2;
  writer.finish(info);
  return folder.file("m.h5");
}

// Puts a dataset of any type in a dataset's place.
template <typename T>
void put_dataset(const std::string& path, const std::string& name, hid_t file_type, hid_t memory_type,
                 const std::vector<T>& values, std::vector<hsize_t> shape = {}) {
  if (shape.empty()) shape = {values.size()};
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  if (H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0) H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t set = H5Dcreate2(file, name.c_str(), file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_GE(H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
}

// Puts a dataset of reals in a dataset's place that nobody wrote to, made with these settings.
inline void put_unwritten(const std::string& path, const std::string& name, hsize_t size, hid_t settings) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t set = H5Dcreate2(file, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, settings, H5P_DEFAULT);
  EXPECT_GE(set, 0) << name;
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
}

inline void remove_dataset(const std::string& path, const std::string& name) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  EXPECT_GE(H5Ldelete(file, name.c_str(), H5P_DEFAULT), 0) << name;
  H5Fclose(file);
}

// Puts an attribute of any type, alone (no shape) or as a list, in an attribute's place.
template <typename T>
void put_attribute(const std::string& path, const std::string& name, hid_t type, const std::vector<T>& values,
                   const std::vector<hsize_t>& shape = {}) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  if (H5Aexists(file, name.c_str()) > 0) H5Adelete(file, name.c_str());
  const hid_t space =
      shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t attribute = H5Acreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_GE(H5Awrite(attribute, type, values.data()), 0) << name;
  H5Aclose(attribute);
  H5Sclose(space);
  H5Fclose(file);
}

// As h5py writes NumPy's booleans.
inline hid_t h5py_boolean() {
  const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
  int8_t value = 0;
  H5Tenum_insert(type, "FALSE", &value);
  value = 1;
  H5Tenum_insert(type, "TRUE", &value);
  return type;
}

// Text of a fixed length, as h5py writes np.bytes_ (filled up with 0) and Fortran programs write theirs (with spaces).
inline hid_t fixed_text(size_t width, H5T_str_t padding = H5T_STR_NULLPAD) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, width);
  H5Tset_strpad(type, padding);
  return type;
}

}  // namespace genbid::test
