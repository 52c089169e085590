#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/convert.h"
#include "data/trajectory_store.h"
#include "policy/batch.h"

// M trajectories, N rows (ticks), S features.

namespace genbid::train {

// What counts as won in returns: the sum of p-values of exposed impressions, or conversions.
enum class Reward { kExpected, kRealised };
const std::vector<std::string>& reward_names();  // "expected", "realised"
Reward parse_reward(const std::string& name);

// Ticks start .. start + count - 1 of a trajectory.
struct Window {
  int64_t trajectory = 0;
  int64_t start = 0;
  int64_t count = 0;
};

// A whole store in memory. `path` names it in messages.
struct LoadedStore {
  std::string path;
  data::TrajectoryStoreInfo info;
  data::TrajectoryColumns columns;
};
// A hash of what a policy learns from: the columns and the names of the features. It does not depend on what the file
// and its sources are called.
std::string content_of(const LoadedStore& store);
LoadedStore load_store(const std::string& path);

// Lowers actions to `max_action`. Returns how many were above it.
int64_t clip_actions(LoadedStore& store, double max_action);

// The trajectories of some periods as tensors on the device.
class Dataset {
 public:
  // Error for a period that the store does not hold.
  Dataset(const LoadedStore& store, const std::vector<int64_t>& periods, Reward reward, c10::Device device);

  int64_t num_trajectories() const { return std::ssize(lengths_); }
  int64_t num_features() const { return num_features_; }
  int64_t num_rows() const { return num_rows_; }
  c10::Device device() const { return device_; }
  // How many ticks of each trajectory count: those in which the seat bid, up to the one that spent the last of its
  // budget. Later ones are masked.
  const std::vector<int64_t>& lengths() const { return lengths_; }
  const std::vector<int64_t>& periods() const { return periods_; }  // one a trajectory
  const std::vector<int64_t>& seats() const { return seats_; }      // one a trajectory

  // Right-padded to `padded_ticks`. Windows must lie within their trajectory's length.
  policy::Batch batch(const std::vector<Window>& windows, int64_t padded_ticks) const;

  // The rows that count, for normalisation constants.
  policy::TrainingColumns training_columns() const;

  int64_t ticks() const { return ticks_; }                                // of a whole period
  const std::vector<std::string>& features() const { return features_; }  // names, in the state's order
  const at::Tensor& returns_M() const { return returns_M_; }              // par units
  const at::Tensor& constraint_MC() const { return constraint_MC_; }      // budget, CPA limit
  const at::Tensor& earned_N() const { return earned_N_; }                // return before the tick, par units
  const at::Tensor& actions_NA() const { return actions_NA_; }
  // Names actions that are faults of a log rather than decisions (data/action_outliers.h); empty: there are none.
  std::string describe_action_outliers() const;
  int64_t first_row(int64_t trajectory) const { return at(first_rows_, trajectory); }

 private:
  c10::Device device_;
  int64_t num_features_ = 0;
  int64_t num_rows_ = 0;
  int64_t ticks_ = 0;
  std::vector<std::string> features_;
  std::vector<int64_t> lengths_;
  std::vector<int64_t> periods_;
  std::vector<int64_t> first_rows_;
  std::vector<int64_t> seats_;
  at::Tensor states_NS_;
  at::Tensor next_rows_N_;  // the row of the next tick; a trajectory's last row points at itself
  at::Tensor actions_NA_;
  at::Tensor earned_N_;
  at::Tensor ticks_N_;
  at::Tensor returns_M_;
  at::Tensor constraint_MC_;
  at::Tensor cpa_ratios_M_;
};

}  // namespace genbid::train
