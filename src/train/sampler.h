#pragma once

#include <cstdint>
#include <vector>

#include "base/random/random.h"
#include "train/dataset.h"

namespace genbid::train {

// Draws training windows. Slot b of step s is a pure function of (seed, s, b), so a resumed run and any number of
// processes see the same batches. Starts are uniform over -(window - 1) .. length - 1 and cut at the trajectory's
// ends, trajectories in proportion to the number of such starts: every tick lies in equally many windows. With
// `whole_period` windows are whole trajectories, each equally often.
class WindowSampler {
 public:
  WindowSampler(const Dataset& dataset, int64_t window, bool whole_period, int64_t batch_size, int64_t seed);

  policy::Batch batch(int64_t step) const;

 private:
  const Dataset& dataset_;
  int64_t window_;
  int64_t earliest_;  // start, <= 0
  int64_t batch_size_;
  RandomStream stream_;
  std::vector<int64_t> starts_before_;  // cumulative number of starts, one a trajectory, then the total
};

}  // namespace genbid::train
