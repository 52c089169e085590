#pragma once

#include <memory>
#include <span>
#include <string>

#include "data/raw_log_trajectories.h"

// Writes AuctionNet's trajectory file (`*-rlData.csv`) as its generator does under NumPy 1: states as Python tuples of
// plain numbers in quotes, floats as Python prints them, `next_state` empty where `done` is 1.

namespace genbid::data {

// The 16 features of a tick, which are AuctionNet's in the feature sets `auctionnet16` and `constraint`.
std::span<const double> auctionnet_state(const RawTrajectory& trajectory, size_t tick);
// Whether a row has its next state: not where the day ends or the money is gone.
bool tells_next_state(const RawTrajectory& trajectory, size_t tick);

// It writes under a temporary name, so that the file is there whole after finish() and not at all before.
class TrajectoryCsvWriter {
 public:
  explicit TrajectoryCsvWriter(const std::string& path);
  ~TrajectoryCsvWriter();

  // The next trajectories, by period and advertiser.
  void append(std::span<const RawTrajectory> trajectories);
  // Those of another such file, as they stand there.
  void append_file(const std::string& path);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
