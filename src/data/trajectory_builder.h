#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "bidding/state_features.h"
#include "data/trajectory_file.h"

namespace genbid {

// Where a row was read: the number of its file in the order given, and its line.
struct Place {
  size_t file = 0;
  int64_t line = 0;

  bool operator<(const Place& other) const { return std::pair(file, line) < std::pair(other.file, other.line); }
};

// A finished trajectory: checked, in tick order, values as they are stored.
struct Trajectory {
  TrajectoryHead head;
  Place first;  // the row that came first
  int num_ticks = 0;
  std::vector<float> state;  // num_ticks x features
  std::vector<float> action, reward, reward_continuous;
  std::vector<uint8_t> done;

  int64_t num_nan = 0;
  int64_t features_checked = 0;  // rows; none where values are missing
  int64_t features_different = 0;
  Place first_difference;
  size_t first_difference_feature = 0;
  int64_t next_states_checked = 0;  // rows with a row behind them
  int64_t next_states_different = 0;
};

// Puts rows, which may come in any order, into their trajectories. A trajectory is finished, which makes it
// small, as soon as it has all ticks of a period; shorter ones when all rows are there.
class TrajectoryBuilder {
 public:
  // `files` names the files for messages.
  TrajectoryBuilder(std::vector<std::string> files, FeatureSet features, bool skip_bad_rows);
  ~TrajectoryBuilder();

  // Error for a tick or a trajectory that comes a second time. A row that contradicts its trajectory (another
  // budget) is a bad row.
  void add(size_t file, const TrajectoryHead& head, const TickRow& row);
  // Throws the row's message, or, where bad rows are to be skipped, counts it and leaves its trajectory out.
  void add_bad(const BadRow& row);
  // Finishes the trajectories that became whole since the last call.
  void finish_whole(Threads& threads);
  // Finishes the others and returns all, by period and advertiser. Error if ticks are missing.
  std::vector<Trajectory> finish(Threads& threads);

  int64_t num_bad_rows() const;
  const std::vector<std::string>& bad_rows() const;  // the first of them
  int64_t num_left_out() const;                      // trajectories, known after finish()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid
