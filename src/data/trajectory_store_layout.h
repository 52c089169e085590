#pragma once

#include <cstdint>
#include <string>

#include "data/hdf5_file.h"
#include "data/trajectory_store.h"

// Names and order of a trajectory store's parts, for those who write and read it. Private to data.

namespace genbid::data {

inline constexpr const char* kTrajectoryStoreFormat = "genbid-trajectories";

// Calls a visitor with each dataset's name and column, first those of trajectories and then those of ticks. The names
// stand here and nowhere else. Those of labels, which a store has all of or none of, are visited `with_labels`.
template <typename Columns, typename Visit>
void for_each_trajectory_column(Columns& columns, const Visit& visit, bool with_labels = false) {
  visit("/trajectories/period", columns.period);
  visit("/trajectories/advertiser", columns.advertiser);
  visit("/trajectories/category", columns.category);
  visit("/trajectories/budget", columns.budget);
  visit("/trajectories/cpa", columns.cpa);
  visit("/trajectories/cost", columns.cost);
  visit("/trajectories/conversions", columns.conversions);
  visit("/trajectories/first_row", columns.first_row);
  if (!with_labels) return;
  visit("/trajectories/best_constant", columns.best_constant);
  visit("/trajectories/optimum", columns.optimum);
}

template <typename Columns, typename Visit>
void for_each_tick_column(Columns& columns, const Visit& visit, bool with_labels = false) {
  visit("/ticks/tick", columns.tick);
  visit("/ticks/state", columns.state);
  visit("/ticks/action", columns.action);
  visit("/ticks/reward", columns.reward);
  visit("/ticks/reward_continuous", columns.reward_continuous);
  visit("/ticks/done", columns.done);
  if (!with_labels) return;
  visit("/ticks/asked", columns.asked);
  visit("/ticks/best_rest", columns.best_rest);
  visit("/ticks/rest_constant", columns.rest_constant);
}

// These are stored with 32 bits where that suffices.
inline bool is_advertiser(const std::string& name) { return name == "/trajectories/advertiser"; }

// Whether it holds labels, none of which is below 0.
inline bool is_label(const std::string& name) {
  return name == "/trajectories/best_constant" || name == "/trajectories/optimum" || name == "/ticks/asked" ||
         name == "/ticks/best_rest" || name == "/ticks/rest_constant";
}

inline bool is_state(const std::string& name) { return name == "/ticks/state"; }

// Error for a number that is not finite, which readers refuse: it names the store at `path`, the dataset, and the row,
// where the part's rows lie behind `first_trajectory` and `first_row` others.
void check_finite(const std::string& path, const TrajectoryColumns& part, int64_t first_trajectory, int64_t first_row,
                  int64_t num_features, bool with_labels);

// Attributes, and datasets without content.
void create_trajectory_store(Hdf5File& file, const TrajectoryStoreInfo& info, int64_t num_trajectories,
                             int64_t num_rows);

}  // namespace genbid::data
