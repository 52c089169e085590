#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "bidding/state_features.h"
#include "data/raw_log_trajectories.h"
#include "data/trajectory_store.h"
#include "market/market.h"

namespace genbid::play {

// Turns the ticks of cells that are being played into trajectories, one a cell and seat, in this order.
class TrajectoryRecorder {
 public:
  TrajectoryRecorder(FeatureSet features, const market::MarketShape& shape, bool with_labels)
      : features_(features), shape_(shape), with_labels_(with_labels) {}

  // What a store of so many periods says of itself; its trajectories and rows.
  data::TrajectoryStoreInfo info(const std::string& config_text) const;
  int64_t num_trajectories(int64_t num_periods) const { return num_periods * shape_.seats; }
  int64_t num_rows(int64_t num_periods) const { return num_trajectories(num_periods) * shape_.ticks; }

  // To be called with the cells about to be played; those of the group before are forgotten.
  void start(std::span<const market::Cell> cells);
  void add(size_t cell, std::span<const market::SeatTick> seats);
  // To be called once all ticks are played.
  std::vector<data::RawTrajectory> trajectories(Threads& threads) const;
  // Takes the labels of these trajectories, where there are labels.
  void label(std::vector<data::TrajectoryLabels> labels) { labels_ = std::move(labels); }
  // Trajectories and labels together, as a store has them.
  data::TrajectoryColumns columns(std::span<const data::RawTrajectory> trajectories) const;

 private:
  FeatureSet features_;
  market::MarketShape shape_;
  bool with_labels_;
  std::vector<market::Cell> cells_;
  std::vector<std::vector<data::SeatTickSums>> ticks_;  // by cell and seat
  std::vector<data::TrajectoryLabels> labels_;          // likewise
};

}  // namespace genbid::play
