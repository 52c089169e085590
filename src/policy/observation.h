#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bidding/bidder.h"
#include "bidding/seen_tick.h"
#include "policy/day.h"

namespace genbid::policy {

// What a policy sees of seats whose days are being played, row by row and tick by tick. A row's ticks lie one behind
// the other in memory with a window of zeros behind them, so what a policy is handed are views: nothing is copied, and
// what is not known yet is 0.
//
//   row r:  [tick 0][tick 1] ... [tick now][0][0] ... [0]       num_ticks + window places
//                       `------- window -------'                 history(), at tick `now`
class Observation {
 public:
  Observation(const SeenOptions& options, int64_t window);

  // To be called before tick 0, with the number of ticks of the days.
  void reset(int64_t num_rows, int64_t num_ticks);
  // To be called when a tick of these rows has begun. Takes in their state, what the day has brought so far, and what
  // the last tick's action became. Different rows may be written by different threads.
  void observe(int64_t first_row, int64_t tick, std::span<const SeatView> seats);
  // What rows [first, first + count) know at a tick: views that are good until reset().
  Ticks history(int64_t first, int64_t count, int64_t tick);

 private:
  SeenOptions options_;
  int64_t num_features_;
  int64_t window_;
  int64_t places_ = 0;  // of a row
  std::vector<float> states_;
  std::vector<float> actions_;
  std::vector<float> before_;      // of outcomes
  std::vector<float> constraint_;  // one pair a row
};

}  // namespace genbid::policy
