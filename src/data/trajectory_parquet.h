#pragma once

#include <span>
#include <string>

#include "data/raw_log_trajectories.h"
#include "data/table_output.h"

namespace genbid::data {

// Writes the rows of AuctionNet's trajectory file (data/trajectory_csv.h) as Parquet: ids, ticks and `done` as whole
// numbers, states as lists, `next_state` missing where the text has it empty.
class TrajectoryParquetWriter {
 public:
  explicit TrajectoryParquetWriter(const std::string& path);

  // The next trajectories, by period and advertiser.
  void append(std::span<const RawTrajectory> trajectories);
  void finish() { output_.finish(); }

 private:
  TableOutput output_;
};

}  // namespace genbid::data
