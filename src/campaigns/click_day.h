#pragma once

#include <cstdint>
#include <string>
#include <vector>

// A day of a campaign that pays by the click (PerBid, KDD 2023, section 3; docs/perbid.md). Clicks and values are
// counted by their expectation, as the paper does: a won impression is worth `value` and brings `ctr` clicks, each of
// which costs what the first rival behind bids for one.

namespace genbid::campaigns {

// Impressions in the order in which they come, one column a number.
struct ClickDay {
  std::vector<int64_t>
      slot_begins;           // slots + 1 places: slot t has the impressions [slot_begins[t], slot_begins[t + 1])
  std::vector<float> value;  // expected value of a win, 0 or more
  std::vector<float> ctr;    // clicks of a win, in (0, 1]
  std::vector<float> cost;   // expected cost of a win: ctr times the price of a click; above 0

  int64_t num_slots() const { return std::ssize(slot_begins) - 1; }
  int64_t num_impressions() const { return std::ssize(value); }
};

// Error with `place` in front where a column has another length, slots are out of order, or a number is not one that
// its comment allows.
void check_day(const ClickDay& day, const std::string& place);

// What a campaign asks of a day: it may spend `budget`, and pay `ppc` for a click in the mean of the day.
struct ClickLimits {
  double budget = 0.0;
  double ppc = 0.0;
};

inline constexpr int64_t kMostDaySlots = 1440;  // of a minute

// Alphas that agents know.
inline constexpr double kLeastAlpha = 1e-6;
inline constexpr double kMostAlpha = 1e6;

// How a campaign bids: alpha * value + beta * ppc * ctr for an impression, which it wins where that reaches the cost.
struct ClickBid {
  double alpha = 0.0;  // money for a value of 1
  double beta = 0.0;   // share of the limit, 0 to 1 at the optimum
};

}  // namespace genbid::campaigns
