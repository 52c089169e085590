#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bidding/advertiser.h"

namespace genbid::market {

// One period to be played, by one advertiser a seat. Cells of the same period meet the same traffic and draws.
struct Cell {
  int64_t period = 0;
  std::vector<Advertiser> advertisers;  // one a seat, budgets and limits already scaled
  uint64_t misled = 0;  // seats (bits) that believe other p-values than those by which conversions come (stress.h)
};

// The unit in which the rules corrected count the money of a cell, so that a market plays in any currency. It is 1
// where the highest CPA limit of the cell is at most 1024, else the lowest power of two of which 1024 reach that limit.
// The reserve (AuctionConfig) is given in this unit, and bids count as at most 256 of it (kMaxBid), which is a quarter
// of that limit or more. Above 1024, money that is multiplied by a power of two multiplies the unit, too, so a cell
// comes out the same with all its money multiplied.
double bid_unit(const Cell& cell);
// Error for a budget or CPA limit that is not a number from 0 to kMostMoney (money.h).
void check_cells(std::span<const Cell> cells);
// Under the rules corrected: Error for a cell whose unit is above 1 and above one of its CPA limits, of which those of
// 0 are none. Its highest limit is then more than 512 times that one, and a reserve that is small change to the one
// seat would shut out all bids of the other.
void check_currency(std::span<const Cell> cells);

}  // namespace genbid::market
