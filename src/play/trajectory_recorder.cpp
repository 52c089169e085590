#include "play/trajectory_recorder.h"

#include <cassert>

#include "base/convert.h"
#include "data/trajectory_builder.h"
#include "play/period_tables.h"

namespace genbid::play {

data::TrajectoryStoreInfo TrajectoryRecorder::info(const std::string& config_text) const {
  data::TrajectoryStoreInfo info;
  info.ticks = shape_.ticks;
  info.seats = shape_.seats;
  info.feature_set = feature_set_name(features_);
  info.features = feature_names(features_);
  info.config = config_text;
  info.labels = with_labels_;
  return info;
}

void TrajectoryRecorder::start(std::span<const market::Cell> cells) {
  cells_.assign(cells.begin(), cells.end());
  labels_.clear();
  ticks_.resize(cells.size() * to_size(shape_.seats));
  for (std::vector<data::SeatTickSums>& ticks : ticks_) ticks.clear();
}

void TrajectoryRecorder::add(size_t cell, std::span<const market::SeatTick> seats) {
  for (size_t i = 0; i < seats.size(); ++i) {
    const TickOutcome& outcome = seats[i].outcome;
    data::SeatTickSums tick;
    tick.remaining_budget = seats[i].start.remaining_budget;
    tick.is_end = is_end(seats[i].start, shape_.ticks);
    tick.means = tick_means(seats[i].start, outcome);
    tick.action = effective_alpha(outcome);
    tick.reward = as_double(outcome.num_conversions);
    tick.reward_continuous = outcome.sum_pvalue_exposed;
    tick.cost = outcome.cost;
    tick.conversions = tick.reward;
    ticks_[cell * seats.size() + i].push_back(tick);
  }
}

std::vector<data::RawTrajectory> TrajectoryRecorder::trajectories(Threads& threads) const {
  std::vector<data::RawTrajectory> all(ticks_.size());
  const auto num_seats = to_size(shape_.seats);
  threads.parallel_for(std::ssize(all), 16, [&](int64_t begin, int64_t end) {
    for (auto row = to_size(begin); row < to_size(end); ++row) {
      const market::Cell& cell = cells_[row / num_seats];
      const size_t seat = row % num_seats;
      const Advertiser& advertiser = cell.advertisers[seat];
      data::TrajectoryHead head;
      head.period = cell.period;
      head.advertiser = static_cast<int32_t>(seat);
      head.category = advertiser.category;
      head.budget = advertiser.budget;
      head.cpa = advertiser.cpa_limit;
      all[row] = data::make_trajectory(head, ticks_[row], features_, shape_.ticks);
    }
  });
  return all;
}

data::TrajectoryColumns TrajectoryRecorder::columns(std::span<const data::RawTrajectory> trajectories) const {
  assert(labels_.size() == (with_labels_ ? trajectories.size() : 0));
  data::TrajectoryColumns columns;
  for (const data::RawTrajectory& trajectory : trajectories) columns.append(trajectory.stored());
  for (const data::TrajectoryLabels& labels : labels_) columns.append(labels);
  return columns;
}

}  // namespace genbid::play
