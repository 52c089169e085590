#pragma once

#include <array>
#include <cstdint>

#include "oracle/responses.h"

// 32 impressions of one seat: where on the grid each further slot is bought, and what it adds.

namespace genbid::oracle {

// The constants of an auction, and of a grid, as the loops over lanes need them. Steps 0, 1, 2 go from the lowest slot
// to the best one; with fewer than three slots the last steps are never taken.
struct LaneConstants {
  LaneConstants(const Auction& auction, const AlphaGrid& grid);

  int num_slots;
  float reserve;  // of the seat in the tick
  float max_price, bid_cap;
  bool reaches_cap = true;        // false: no bid reaches it, so none is looked for
  std::array<float, 3> exposure;  // of the slot that a step reaches
  std::array<float, 3> width;     // by how much a step raises exposure
  float inverse_width1, inverse_width2, inverse_width12;
  float value_scale, cost_scale;  // to the integers of the sums
  int32_t lowest_bits, shift, last_point;
};

struct LaneSteps {
  using Lanes = std::array<int32_t, ImpressionBlock::kWidth>;
  std::array<Lanes, 3> value;      // of a step
  std::array<Lanes, 3> bid_point;  // first alpha that takes it
  std::array<Lanes, 3> bid_cost;
  std::array<Lanes, 3> slot_point;  // first price of value at which it pays; that of step 0 is bid_point[0]
  std::array<Lanes, 3> slot_cost;
};

// The bits of the highest of `count` floats from 0 on; 0 if there are none.
int32_t highest_bits(const float* values, int count);

void find_steps(const LaneConstants& constants, const ImpressionBlock& block, int seat, LaneSteps& steps);

}  // namespace genbid::oracle
