#pragma once

#include <cstdint>

namespace genbid {

inline constexpr int kTicksPerPeriod = 48;
inline constexpr int kNumSeats = 48;
inline constexpr int kSeatsPerCategory = 8;
inline constexpr int kNumSlots = 3;
// Own scenarios may have more than AuctionNet.
inline constexpr int kMaxSeats = 64;
inline constexpr int kMaxTicks = 96;
inline constexpr uint8_t kNoSeat = 255;  // where a list of seats has fewer
// A seat with less money than this may not bid (auctionnet.md 2.5).
inline constexpr double kMinRemainingBudget = 0.1;

// One campaign in one period.
struct Advertiser {
  double budget = 0.0;     // money for the period
  double cpa_limit = 0.0;  // money per conversion
  int category = 0;
};

// The official budget and CPA limit of a seat, 0..47 (auctionnet.md 2.7); category = seat / 8.
Advertiser official_advertiser(int seat);

// bid = value * v + value_squared * v^2 for an impression of predicted conversion value v. Negative bids
// count as none. Every known policy bids a formula, so no market ever needs a matrix of bids.
struct BidFormula {
  double value = 0.0;          // alpha
  double value_squared = 0.0;  // ABid-shaped bids
};

}  // namespace genbid
