#include "data/trajectory_store_file.h"

#include <fcntl.h>

#include <bit>
#include <cassert>
#include <type_traits>
#include <utility>

#include "base/convert.h"
#include "data/trajectory_store_layout.h"

namespace genbid::data {

static_assert(std::endian::native == std::endian::little, "rows are written as they lie in memory");

void TrajectoryStoreFile::create(const std::string& path, const TrajectoryStoreInfo& info, int64_t num_trajectories,
                                 int64_t num_rows) {
  Hdf5File file = Hdf5File::create(path);
  create_trajectory_store(file, info, num_trajectories, num_rows);
  file.close();
}

TrajectoryStoreFile::TrajectoryStoreFile(std::string path) : path_(std::move(path)) {
  {
    const TrajectoryStore store(path_);
    num_trajectories_ = store.num_trajectories();
    num_rows_ = store.num_rows();
    num_features_ = std::ssize(store.info().features);
    labels_ = store.info().labels;
  }
  const Hdf5File file = Hdf5File::open(path_);
  const auto add = [&](const std::string& name, const auto& /*column*/) { offsets_.push_back(file.offset(name)); };
  const TrajectoryColumns names;
  for_each_trajectory_column(names, add, labels_);
  for_each_tick_column(names, add, labels_);
  file_.emplace(path_, O_WRONLY);
}

void TrajectoryStoreFile::write(int64_t first_trajectory, int64_t first_row, const TrajectoryColumns& part) {
  assert(first_trajectory >= 0 && first_trajectory + part.num_trajectories() <= num_trajectories_);
  assert(first_row >= 0 && first_row + part.num_rows() <= num_rows_);
  assert(std::ssize(part.state) == part.num_rows() * num_features_);
  assert(part.num_trajectories() == 0 || part.has_labels() == labels_);
  check_finite(path_, part, first_trajectory, first_row, num_features_, labels_);
  std::vector<int64_t> first_rows = part.first_row;
  for (int64_t& row : first_rows) row += first_row;

  auto offset = offsets_.begin();
  const auto put = [&](int64_t first, int64_t width, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    const auto size = to_signed(sizeof(Value));
    file_->write_at(column.data(), column.size() * sizeof(Value), *offset++ + first * width * size);
  };
  const auto put_of_trajectories = [&](const std::string& name, const auto& column) {
    if constexpr (std::is_same_v<std::decay_t<decltype(column)>, std::vector<int64_t>>) {
      if (name == "/trajectories/first_row") return put(first_trajectory, 1, first_rows);
    }
    // Its advertisers are seats of a market.
    if (is_advertiser(name))
      return put(first_trajectory, 1, std::vector<int32_t>(part.advertiser.begin(), part.advertiser.end()));
    put(first_trajectory, 1, column);
  };
  const auto put_of_ticks = [&](const std::string& name, const auto& column) {
    put(first_row, is_state(name) ? num_features_ : 1, column);
  };
  for_each_trajectory_column(part, put_of_trajectories, labels_);
  for_each_tick_column(part, put_of_ticks, labels_);
}

}  // namespace genbid::data
