#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random/random.h"
#include "train/dataset.h"

namespace genbid::train {

// Where windows may start. `even`: also before the first tick, so that every tick lies in equally many windows.
// `inside`: at a tick, as AuctionNet's decision transformer is trained (auctionnet.md 5.7), so that the first ticks of
// a day are rare. Policies that are trained on whole days have no choice.
enum class Starts { kEven, kInside };
const std::vector<std::string>& starts_names();  // "even", "inside"
Starts parse_starts(const std::string& name);

// Draws training windows. Slot b of step s is a pure function of (seed, s, b), so a resumed run sees the batches that
// an uninterrupted one sees. A window starts anywhere in -(window - 1) .. length - 1, or in 0 .. length - 1, each place
// equally likely, and is cut at the ends of the trajectory. A trajectory is drawn in proportion to the number of such
// starts. With `whole_period` the windows are whole trajectories, and each is equally likely. Where there are several
// stores, one of them is drawn first, in proportion to the number of its starts times its weight: with equal weights
// any start of any store is equally likely, as if they were one store, and at a weight of 2 a start of it is twice as
// likely.
class WindowSampler {
 public:
  // `stream`: a name for its random numbers.
  WindowSampler(const Dataset& dataset, int64_t window, bool whole_period, int64_t seed, Starts starts = Starts::kEven,
                const std::string& stream = "train.windows");

  Window window(int64_t step, int64_t slot) const;
  // Of all windows that are drawn, those of a store.
  double share(int64_t store) const;

 private:
  const Dataset& dataset_;
  int64_t window_;
  int64_t earliest_;  // start, <= 0
  RandomStream stream_;
  std::vector<int64_t> starts_before_;  // cumulative number of starts, one a trajectory, then the total
  std::vector<double> shares_before_;   // cumulative shares of the stores, then 1
};

}  // namespace genbid::train
