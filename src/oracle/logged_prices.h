#pragma once

#include <algorithm>

#include "base/convert.h"
#include "oracle/responses.h"

// How a replay of a log sells: one slot, without a reserve, which is always shown and costs the least winning cost. To
// the oracle this is the highest bid, and it is nobody's.

namespace genbid::oracle {

inline Auction auction_at_logged_prices() {
  Auction auction;
  auction.rule.num_slots = 1;
  auction.rule.reserve = 0.0;
  return auction;
}

// A price of the log may be more than a float holds. Nobody can pay that much, so it is cut.
inline float logged_price(double least_winning_cost) { return as_float(std::min(least_winning_cost, 1e30)); }

}  // namespace genbid::oracle
