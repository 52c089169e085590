#include "data/joined_columns.h"

#include <string>
#include <type_traits>
#include <vector>

#include "base/convert.h"
#include "data/trajectory_store_layout.h"

namespace genbid::data {
namespace {

template <typename Values>
void move_behind(Values& all, Values& part) {
  all.insert(all.end(), part.begin(), part.end());
  Values().swap(part);
}

// Calls fn(name, column) for every column.
template <typename Fn>
void for_each_column(TrajectoryColumns& columns, const Fn& fn) {
  for_each_trajectory_column(columns, fn, /*with_labels=*/true);
  for_each_tick_column(columns, fn, /*with_labels=*/true);
}

}  // namespace

void reserve(TrajectoryColumns& columns, int64_t num_trajectories, int64_t num_rows, int64_t num_features,
             bool labels) {
  for_each_column(columns, [&](const std::string& name, auto& column) {
    if (is_label(name) && !labels) return;
    const int64_t of_ticks = is_state(name) ? num_rows * num_features : num_rows;
    column.reserve(to_size(name.starts_with("/trajectories/") ? num_trajectories : of_ticks));
  });
}

void append(TrajectoryColumns& all, TrajectoryColumns part) {
  for (int64_t& row : part.first_row) row += all.num_rows();
  for_each_column(part, [&](const std::string& name, auto& from) {
    for_each_column(all, [&](const std::string& other, auto& to) {
      if constexpr (std::is_same_v<decltype(to), decltype(from)>) {
        if (name == other) move_behind(to, from);
      }
    });
  });
}

}  // namespace genbid::data
