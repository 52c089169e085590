#pragma once

#include <vector>

#include "market/auction/clearing.h"

namespace genbid::market {

// 32 impressions of a cell's tick: what every seat's value is, [seat][lane], and the four highest final bids, without
// those that over-spending took. Lanes from num_lanes on stand for no impression.
struct LadderBlock {
  const float* values = nullptr;
  const BlockTopFour* top = nullptr;
  int num_lanes = 0;
};

// A cell's tick as its highest bids, in impression order.
struct TickLadder {
  std::vector<BlockTopFour> tops;
  AlignedVector<float> own_values;  // where the market itself does not keep values in blocks
  std::vector<LadderBlock> blocks;
};

}  // namespace genbid::market
