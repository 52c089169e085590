#pragma once

#include <vector>

#include "market/auction/clearing.h"

namespace genbid::market {

// 32 impressions of a cell's tick: what every seat's value is, [seat][lane], and the four highest final bids,
// over-spending considered. Lanes from num_lanes on are none.
struct LadderBlock {
  const float* values = nullptr;
  const BlockTopFour* top = nullptr;
  int num_lanes = 0;
};

// A cell's tick as its highest bids, in impression order.
struct TickLadder {
  std::vector<BlockTopFour> tops;
  AlignedVector<float> own_values;  // where the market keeps none in blocks
  std::vector<LadderBlock> blocks;
};

}  // namespace genbid::market
