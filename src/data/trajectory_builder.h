#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "bidding/state_features.h"
#include "data/trajectory_file.h"

namespace genbid::data {

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

// The first number of a tick, as it was computed, that float32 cannot hold, for messages: "feature 'budget_left': found
// inf, expected a finite number (float32)". Empty where all can be stored.
std::string unstorable(FeatureSet features, std::span<const double> state, double action, double reward,
                       double reward_continuous);

// How rows are put together to trajectories.
struct BuilderOptions {
  FeatureSet features = FeatureSet::kConstraint;
  bool skip_faults = false;  // leave out what is at fault (rows, trajectories); or stop at the first
  int num_ticks = kTicksPerPeriod;
  bool ticks_are_certain = false;  // false: the rows are to tell, see other_num_ticks()
  bool refuse_other_days = true;   // a whole trajectory whose states tell of another number of ticks is at fault
};

// Puts rows, which may come in any order, into their trajectories. A trajectory is finished, which makes it
// small, as soon as it has all ticks of a period; shorter ones when all rows are there.
class TrajectoryBuilder {
 public:
  // `files` names the files for messages.
  TrajectoryBuilder(std::vector<std::string> files, const BuilderOptions& options);
  ~TrajectoryBuilder();

  // A row is at fault if its tick or its whole trajectory has come before, if its trajectory began in another file, or
  // if it contradicts its trajectory, for example by another budget.
  void add(size_t file, const TrajectoryHead& head, const TickRow& row);
  // Throws the row's message, or, where faults are to be skipped, counts it and leaves its trajectory out.
  void add_bad(const BadRow& row);
  // Finishes the trajectories that became whole since the last call.
  void finish_whole(Threads& threads);
  // Whether the rows have to be put together again: the number of ticks that all rows tell, if it is not the assumed
  // one, or if the assumed one was not certain and some rows have later ticks. The second time that number counts as
  // certain.
  std::optional<int> other_num_ticks() const;
  // Finishes the others and returns all, by period and advertiser. A trajectory that lacks ticks is at fault, and so is
  // a row with a feature that is unstorable().
  std::vector<Trajectory> finish(Threads& threads);

  int64_t num_bad_rows() const;
  // Trajectories that lack ticks or are days of another length, known after finish().
  int64_t num_incomplete() const;
  const std::vector<std::string>& bad_rows() const;  // the first of the faults
  int64_t num_left_out() const;                      // trajectories, known after finish()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
