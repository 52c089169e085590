#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace genbid::bidders {

// What the bidder `planner` knows of a market beside its own day: how much a bid brings, by tick and by the level of
// the bid, and what past days were like. It is fitted from response tapes (play/planner_fit.h).
//
// The level of a bid is the mean bid of a tick, alpha x mean p-value, in money: so one curve serves all seats, whatever
// their p-values are that day.
//
// T ticks of a day, J levels, F days.
struct PlannerKnowledge {
  std::string name;              // for messages
  std::vector<int64_t> periods;  // that it was fitted on; none where they are not known

  int64_t num_ticks = 0;  // T
  // Level j is lowest_level x 2^(j / levels_per_octave). Below the first one curves go on along their slope (in
  // logarithms), above the last one they are flat.
  double lowest_level = 0.0;  // money
  int64_t levels_per_octave = 4;
  int64_t num_levels = 0;  // J
  // [T][J]: the share of a tick's offered value (sum of p-values) that is won and exposed, and what an impression of
  // the tick costs, won or not, in money. Both rise with the level.
  std::vector<float> value_share;
  std::vector<float> cost;
  std::vector<float> price;  // [T], mean least winning cost, money

  // [F][T], days of seats.
  std::vector<float> num_pv;
  std::vector<float> mean_pvalue;
  // How much of a deviation from the usual that tick t shows is still there at tick t': [T][T], of the logarithms of
  // impressions, mean p-values and prices.
  std::vector<float> num_pv_stays;
  std::vector<float> mean_pvalue_stays;
  std::vector<float> price_stays;
  double volume_spread = 0.0;  // standard deviation of the logarithm of a day's impressions

  int64_t num_days() const { return num_ticks == 0 ? 0 : static_cast<int64_t>(num_pv.size()) / num_ticks; }
  // Error, naming the part, where sizes do not agree or a number is not one.
  void check() const;
};

}  // namespace genbid::bidders
