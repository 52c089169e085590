#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files/raw_file.h"
#include "data/tape_store.h"

namespace genbid::data {

// A tape store of known size that is filled in place by a process that may be killed at any moment, as
// trajectory_store_file.h does it for trajectories.
class TapeStoreFile {
 public:
  // A new file, the same bytes as TapeStoreWriter's but for the days, of which only seats are written: the rest is 0.
  static void create(const std::string& path, const TapeInfo& info, int64_t num_days);
  // Opens a file that create() made.
  explicit TapeStoreFile(std::string path);

  // Writes days to the places behind the given number of them.
  void write(int64_t first_day, const TapeColumns& part);
  void sync() { file_->sync_data(); }  // what was written is on disk

 private:
  std::string path_;
  TapeInfo info_;
  std::vector<int64_t> offsets_;  // of the datasets in the order of tape_store_layout.h
  int64_t num_days_ = 0;
  std::optional<RawFile> file_;
};

}  // namespace genbid::data
