#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files/raw_file.h"
#include "data/trajectory_store.h"

namespace genbid::data {

// A trajectory store of known size that is filled in place, piece by piece, by a process that may be killed at any
// moment. HDF5 is used only in create(), which gives every dataset its place in the file. From then on rows are written
// straight to these places. So no kill finds the structure of the file half changed, and writing the same rows again
// changes nothing. Whoever fills the file keeps account of what is written, and gives it its name once it is whole.
class TrajectoryStoreFile {
 public:
  // A new file, the same bytes as TrajectoryStoreWriter's but for the rows.
  static void create(const std::string& path, const TrajectoryStoreInfo& info, int64_t num_trajectories,
                     int64_t num_rows);
  // Opens a file that create() made.
  explicit TrajectoryStoreFile(std::string path);

  // Writes whole trajectories to the places behind the given numbers of trajectories and rows. Their advertisers are
  // seats, so their numbers have 32 bits. Error for numbers that are not finite, which no store holds.
  void write(int64_t first_trajectory, int64_t first_row, const TrajectoryColumns& part);
  void sync() { file_->sync_data(); }  // what was written is on disk

 private:
  std::string path_;
  std::vector<int64_t> offsets_;  // of the datasets in the order of trajectory_store_layout.h
  int64_t num_trajectories_ = 0;
  int64_t num_rows_ = 0;
  int64_t num_features_ = 0;
  bool labels_ = false;
  std::optional<RawFile> file_;
};

}  // namespace genbid::data
