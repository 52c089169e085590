#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bidding/state_features.h"
#include "bidding/tick_history.h"
#include "data/raw_log_reader.h"
#include "data/trajectory_builder.h"

namespace genbid::data {

// A trajectory as AuctionNet's generator makes it of a raw log (bidding/state_features.h), in double precision.
struct RawTrajectory {
  TrajectoryHead head;            // cost and conversions realised
  bool done_by_end_flag = false;  // isEnd is 1 in its last tick, as in every whole period
  std::vector<double> state;      // ticks x features
  std::vector<double> action, reward, reward_continuous;
  std::vector<uint8_t> done;

  Trajectory stored() const;  // as the store holds it
};

// A tick of a seat, summed up.
struct SeatTickSums {
  double remaining_budget = 0.0;  // money before the tick
  bool is_end = false;
  TickMeans means;
  double action = 0.0;  // sum of bids over sum of p-values
  double reward = 0.0;
  double reward_continuous = 0.0;
  double cost = 0.0;
  double conversions = 0.0;  // exposed or not
};

// The trajectory of ticks 0, 1, 2, ... of a period of `num_ticks`. Of the head, cost and conversions are set here.
RawTrajectory make_trajectory(const TrajectoryHead& head, std::span<const SeatTickSums> ticks, FeatureSet features,
                              int num_ticks);

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
  // The trajectories come by period and advertiser; a period has `num_ticks` ticks.
  std::vector<RawTrajectory> finish(FeatureSet features, int num_ticks) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
