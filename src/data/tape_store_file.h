#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
  ~TapeStoreFile();
  TapeStoreFile(const TapeStoreFile&) = delete;
  TapeStoreFile& operator=(const TapeStoreFile&) = delete;

  // Writes days to the places behind the given number of them.
  void write(int64_t first_day, const TapeColumns& part);
  void sync();  // what was written is on disk

 private:
  void write_bytes(const void* values, int64_t size, int64_t offset);

  std::string path_;
  TapeInfo info_;
  std::vector<int64_t> offsets_;  // of the datasets in the order of tape_store_layout.h
  int64_t num_days_ = 0;
  int file_ = -1;
};

}  // namespace genbid::data
