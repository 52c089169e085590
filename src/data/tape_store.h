#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/convert.h"

// The tape store (.h5): what seats of played days would have got for any bid, their own bids left out and all others'
// as they were. It is what a policy learns from when it learns in the market. Layout and meaning of every part:
// data/README.md.

namespace genbid::data {

// M days of a seat, T ticks of a day, K knots of a curve.
//
// A tick has three curves over alpha (bid = alpha x p-value): the expected value (p-values of exposed impressions), the
// expected cost (money), and the slots won, exposed or not. Knot k is at alpha = lowest x 2^(k / knots_per_octave).
// With u the distance from knot k in knots, 0 to 1, a curve between knots k and k + 1 is the cubic that has the values
// and slopes (per knot) of both; below the first knot it is proportional to alpha, beyond the last one constant.
struct TapeColumns {
  static constexpr int64_t kNumbers = 6;  // of a knot: value, its slope, cost, its slope, slots, their slope

  int64_t ticks = 0;             // T
  int64_t octaves = 0;           // of each day's grid
  int64_t knots_per_octave = 4;  // K = octaves x knots_per_octave + 1
  // One a day of a seat.
  std::vector<int64_t> period;
  std::vector<int64_t> seat;
  std::vector<double> budget;     // money, of who sat there
  std::vector<double> cpa_limit;  // money per conversion
  std::vector<float> lowest;      // alpha of the first knot
  // [M][T]
  std::vector<float> num_pv;       // impressions
  std::vector<float> mean_pvalue;  // over all of them
  std::vector<float> price;        // mean least winning cost, money, as it was played
  // [M][T][K][kNumbers]
  std::vector<float> knots;

  int64_t num_days() const { return std::ssize(period); }
  int64_t num_knots() const { return octaves * knots_per_octave + 1; }
};

}  // namespace genbid::data
