#pragma once

#include <cstdint>

#include "campaigns/click_day.h"
#include "campaigns/click_sums.h"

namespace genbid::campaigns {

// What a stretch of a day brought. The stretch ends the day (`out_of_money`) at the first win that the money left does
// not cover; that impression is lost, and so are all behind it.
struct ClickOutcome {
  ClickSums sums;
  bool out_of_money = false;
};

// Plays slots [first, end) with one bid and so much money. By the day's columns, 12 bytes an impression.
ClickOutcome play_slots(const ClickDay& day, int64_t first, int64_t end, const ClickBid& bid, double ppc, double money);

// The cost of a click, over what it may cost: above 1 the limit is broken. 0 where nothing was bought.
double ppc_ratio(const ClickSums& sums, double ppc);

// How good a day was: min(value / optimum, 1) less the penalty for clicks that cost too much,
// 20^max(0, ratio - 1) - 1 (USCB, KDD 2021; PerBid writes it the same way). 0 where the optimum is 0. Not below
// kWorstRes, where the papers have no bound: a click at 240 times its limit would make every mean infinite.
inline constexpr double kWorstRes = -1000.0;
double res(const ClickSums& sums, double optimum, double ppc);

}  // namespace genbid::campaigns
