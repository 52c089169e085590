#pragma once

#include <cstdint>
#include <vector>

#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

namespace genbid {

// A seat's day by ticks, for plots: what was asked and what came.
struct CellDay {
  std::vector<float> alpha;   // asked; of a formula with a square the effective one; 0 where the seat may not bid
  std::vector<float> cost;    // money
  std::vector<float> value;   // p-values of exposed impressions
  std::vector<float> price;   // mean least winning cost, money
  std::vector<int32_t> wins;  // slots

  // The next tick; `bid` is null where the seat may not bid.
  void add(const BidFormula* bid, const TickOutcome& outcome);
};

}  // namespace genbid
