#pragma once

#include <array>
#include <cstdint>

#include "bidding/advertiser.h"

// How many ticks the days of trajectory files have. No column says so; rows do.

namespace genbid::data {

// The number of ticks of a day in which `time_left` is what is left of it at the beginning of tick `tick`; 0 where that
// cannot be told: in tick 0, where all of any day is left, and where the feature is something else.
int day_length_by(int tick, double time_left);

// What all rows of some files tell.
struct DayLengths {
  std::array<int64_t, kMaxTicks + 1> rows = {};  // by day_length_by()
  int longest = 0;                               // ticks of the longest trajectory without a gap
  int highest = 0;                               // the highest tick, plus 1
  bool all_end = true;                           // every trajectory has `longest` ticks, and ends with done

  // The length that most rows tell, if a trajectory of `longest` ticks fits into it. Else `longest` where it is more
  // than AuctionNet's 48, or where no trajectory goes on after it; else 48, of which all trajectories are the
  // beginning.
  int ticks() const;
};

}  // namespace genbid::data
