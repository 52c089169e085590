#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bidding/state_features.h"
#include "data/raw_log_reader.h"
#include "data/trajectory_builder.h"

namespace genbid {

// A trajectory as AuctionNet's generator makes it of a raw log (bidding/state_features.h), in double precision.
struct RawTrajectory {
  TrajectoryHead head;            // cost and conversions realised
  bool done_by_end_flag = false;  // isEnd is 1 in its last tick, as in every whole period
  std::vector<double> state;      // ticks x features
  std::vector<double> action, reward, reward_continuous;
  std::vector<uint8_t> done;

  Trajectory stored() const;  // as the store holds it
};

// Sums up ticks, which come in order for each period, and makes trajectories of them.
//
// A missing value is left out of means and sums, as pandas does, and its row still counts as an impression. A mean
// or a remaining budget of which every row is missing is 0. An action is the sum of bids over the sum of p-values.
class RawTrajectories {
 public:
  RawTrajectories();
  ~RawTrajectories();
  RawTrajectories(RawTrajectories&&) noexcept;
  RawTrajectories& operator=(RawTrajectories&&) noexcept;

  void add(const RawTick& tick);
  void clear();
  // By period and advertiser. `num_ticks`: of a period.
  std::vector<RawTrajectory> finish(FeatureSet features, int num_ticks) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid
