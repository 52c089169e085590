#pragma once

#include "data/trajectory_store.h"

namespace genbid::data {

// Room for so many trajectories, rows and features of a state, and for their labels, so that no column grows by copying
// itself.
void reserve(TrajectoryColumns& columns, int64_t num_trajectories, int64_t num_rows, int64_t num_features, bool labels);

// Puts trajectories behind those that are there. Columns are moved one after another, and each is freed when it is.
void append(TrajectoryColumns& all, TrajectoryColumns part);

}  // namespace genbid::data
