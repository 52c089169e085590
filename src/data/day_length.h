#pragma once

#include <array>
#include <cstdint>

#include "bidding/advertiser.h"

// How many ticks the days of trajectory files have. No column says so, but the rows' `time_left` does.

namespace genbid::data {

// The number of ticks of a day in which `time_left` is what is left of it at the beginning of tick `tick`; 0 where that
// cannot be told: in tick 0, where all of any day is left, and where the feature is something else.
int day_length_by(int tick, double time_left);

// What all rows of some files together tell about the length of their days.
struct DayLengths {
  std::array<int64_t, kMaxTicks + 1> rows = {};  // by day_length_by()
  int longest = 0;                               // ticks of the longest trajectory without a gap
  int highest = 0;                               // the highest tick, plus 1
  bool all_end = true;                           // every trajectory has `longest` ticks, and ends with done

  // The length that most rows tell, if a trajectory of `longest` ticks fits into it. Where it does not, it is `longest`
  // if that is more than AuctionNet's 48, or if all trajectories end there; otherwise it is 48, and all trajectories
  // are only the beginning of their days.
  int ticks() const;
};

}  // namespace genbid::data
