#pragma once

#include <cstdint>
#include <string>

#include "data/hdf5_file.h"
#include "data/trajectory_store.h"

// Names and order of a trajectory store's parts, for those who write and read it. Private to data.

namespace genbid::data {

inline constexpr const char* kTrajectoryStoreFormat = "genbid-trajectories";

// Calls a visitor with each dataset's name and column, first those of trajectories and then those of ticks. The names
// stand here and nowhere else.
template <typename Columns, typename Visit>
void for_each_trajectory_column(Columns& columns, const Visit& visit) {
  visit("/trajectories/period", columns.period);
  visit("/trajectories/advertiser", columns.advertiser);
  visit("/trajectories/category", columns.category);
  visit("/trajectories/budget", columns.budget);
  visit("/trajectories/cpa", columns.cpa);
  visit("/trajectories/cost", columns.cost);
  visit("/trajectories/conversions", columns.conversions);
  visit("/trajectories/first_row", columns.first_row);
}

template <typename Columns, typename Visit>
void for_each_tick_column(Columns& columns, const Visit& visit) {
  visit("/ticks/tick", columns.tick);
  visit("/ticks/state", columns.state);
  visit("/ticks/action", columns.action);
  visit("/ticks/reward", columns.reward);
  visit("/ticks/reward_continuous", columns.reward_continuous);
  visit("/ticks/done", columns.done);
}

// These are stored with 32 bits where that suffices.
inline bool is_advertiser(const std::string& name) { return name == "/trajectories/advertiser"; }

inline bool is_state(const std::string& name) { return name == "/ticks/state"; }

// Attributes, and datasets without content.
void create_trajectory_store(Hdf5File& file, const TrajectoryStoreInfo& info, int64_t num_trajectories,
                             int64_t num_rows);

}  // namespace genbid::data
