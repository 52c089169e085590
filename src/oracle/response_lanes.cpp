#include "oracle/response_lanes.h"

#include <bit>
#include <cassert>

#include "base/convert.h"
#include "base/simd.h"

namespace genbid::oracle {
namespace {

constexpr int kWidth = ImpressionBlock::kWidth;
constexpr float kNever = 1e36F;   // the price of an impression that is never bought
constexpr float kBought = 1e28F;  // the price of a unit of value is lower wherever something may be bought
constexpr float kUnits = 0x1p30F;
constexpr float kUnbeatable = 4e36F;  // the price of an impression where no bid wins the slot

// First point of a grid whose alpha exceeds a threshold.
inline int32_t point_above(const LaneConstants& k, float threshold) {
  const int32_t found = ((std::bit_cast<int32_t>(threshold) - k.lowest_bits) >> k.shift) + 2;
  const int32_t low = found < 1 ? 1 : found;
  const int32_t beyond = threshold < kBought ? k.last_point : k.last_point + 1;
  return low < k.last_point ? low : beyond;
}

// The marginal price of a slot is its marginal cost times this. A slot that is shown no more often than the one below
// it costs more and brings nothing, so its price is out of reach, or 0 where it costs no more either. Infinity would
// not do, for want of a number for 0 times infinity.
float inverse(float width) { return width > 0.0F ? 1.0F / width : 1e30F; }

using Prices = std::array<float, kWidth>;

// A rival at the cap with a lower seat holds its slot against any bid. Such rivals are the first of their impression,
// before the seat itself, so that the slot of each is its place among all bids.
GENBID_SIMD_CLONES
void close_slots(const ImpressionBlock& block, int seat, float cap, Prices& r1, Prices& r2, Prices& r3) {
  const auto self = static_cast<uint8_t>(seat);
  const float* bid = block.top_bid;
  const uint8_t* top_seat = block.top_seat;
  for (size_t i = 0; i < kWidth; ++i) {
    const bool closed1 = (bid[i] >= cap) & (top_seat[i] < self);
    const bool closed2 = (bid[kWidth + i] >= cap) & (top_seat[kWidth + i] < self);
    const bool closed3 = (bid[2 * kWidth + i] >= cap) & (top_seat[2 * kWidth + i] < self);
    r1[i] = closed1 ? kUnbeatable : r1[i];
    r2[i] = closed2 ? kUnbeatable : r2[i];
    r3[i] = closed3 ? kUnbeatable : r3[i];
  }
}

// What cannot be won adds nothing anywhere, so it must not count as left out either (Responses::left_out). What is won
// at the cap is won by a bid equal to the cap.
void settle_cap(const LaneConstants& k, const float* values, const Prices& price, size_t step, LaneSteps& steps) {
  for (size_t i = 0; i < kWidth; ++i) {
    if (price[i] == kUnbeatable) {
      steps.value[step][i] = steps.bid_cost[step][i] = steps.slot_cost[step][i] = 0;
    } else if (price[i] == k.bid_cap) {
      const auto below = std::bit_cast<float>(std::bit_cast<int32_t>(price[i] * (1.0F / values[i])) - 1);
      steps.bid_point[step][i] = point_above(k, below);
    }
  }
}

}  // namespace

LaneConstants::LaneConstants(const Auction& auction, const AlphaGrid& grid)
    : num_slots(auction.rule.num_slots),
      reserve(as_float(auction.rule.reserve)),
      max_price(auction.max_price),
      bid_cap(as_float(auction.rule.highest_bid)) {
  assert(num_slots >= 1 && num_slots <= 3);
  exposure.fill(1.0F);
  width.fill(0.0F);
  float below = 0.0F;
  for (int step = 0; step < num_slots; ++step) {
    const auto s = to_size(step);
    exposure[s] = as_float(auction.rule.exposure(num_slots - 1 - step));
    width[s] = exposure[s] - below;
    below = exposure[s];
  }
  inverse_width1 = num_slots > 1 ? inverse(width[1]) : 1.0F;
  inverse_width2 = num_slots > 2 ? inverse(width[2]) : 1.0F;
  inverse_width12 = num_slots > 2 ? inverse(exposure[2] - exposure[0]) : 1.0F;
  value_scale = kUnits / auction.max_value;
  cost_scale = kUnits / auction.max_price;
  lowest_bits = std::bit_cast<int32_t>(grid.lowest);
  shift = grid.shift();
  last_point = grid.num_alphas() + 1;
}

GENBID_SIMD_CLONES
int32_t highest_bits(const float* values, int count) {
  int32_t highest = 0;
  for (int i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<int32_t>(values[i]);
    highest = highest < bits ? bits : highest;
  }
  return highest;
}

// The slots' marginal prices rise in the order of the slots if the (cost, value) points of an impression are concave;
// where they are not, the middle one is skipped and both upper steps have their common slope. The first step is always
// concave: average prices r3 <= r2 <= r1 rise. So what a multiplier picks is sorted by these prices alone.
GENBID_SIMD_CLONES
void find_steps(const LaneConstants& constants, const ImpressionBlock& block, int seat, LaneSteps& steps) {
  const LaneConstants k = constants;
  const float* values = block.values + to_size(seat) * kWidth;
  const float* bid = block.top_bid;
  const uint8_t* top_seat = block.top_seat;
  const auto self = static_cast<uint8_t>(seat);

  // Prices by slot, best slot first: the rivals' bids.
  Prices r1, r2, r3;
  for (size_t i = 0; i < kWidth; ++i) {
    const bool in1 = top_seat[i] == self;
    const bool in2 = in1 | (top_seat[kWidth + i] == self);
    const bool in3 = in2 | (top_seat[2 * kWidth + i] == self);
    const float b1 = in1 ? bid[kWidth + i] : bid[i];
    const float b2 = in2 ? bid[2 * kWidth + i] : bid[kWidth + i];
    const float b3 = in3 ? bid[3 * kWidth + i] : bid[2 * kWidth + i];
    const float p1 = slot_price(b1, k.reserve);
    const float p2 = slot_price(b2, k.reserve);
    const float p3 = slot_price(b3, k.reserve);
    r1[i] = p1 < k.max_price ? p1 : kNever;
    r2[i] = p2 < k.max_price ? p2 : kNever;
    r3[i] = p3 < k.max_price ? p3 : kNever;
  }
  if (k.reaches_cap) close_slots(block, seat, k.bid_cap, r1, r2, r3);
  if (k.num_slots == 2) {
    r3 = r2;
    r2 = r1;
    r1.fill(kNever);
  } else if (k.num_slots == 1) {
    r3 = r1;
    r2.fill(kNever);
    r1.fill(kNever);
  }

  const auto point = [&k](float threshold) { return point_above(k, threshold); };
  // Only what is never bought lies beyond kUnits.
  const auto rounded = [](float scaled) {
    const float capped = scaled < kUnits ? scaled : kUnits;
    return static_cast<int32_t>(capped + 0.5F);
  };
  for (size_t i = 0; i < kWidth; ++i) {
    const float value = values[i];
    const float inverse = 1.0F / value;
    const float cost0 = k.exposure[0] * r3[i];
    const float cost1 = k.exposure[1] * r2[i];
    const float cost2 = k.exposure[2] * r1[i];
    const float price1 = (cost1 - cost0) * k.inverse_width1;
    const float price2 = (cost2 - cost1) * k.inverse_width2;
    const float price12 = (cost2 - cost0) * k.inverse_width12;
    const float slot1 = price1 < price12 ? price1 : price12;
    const float slot2 = price2 > price12 ? price2 : price12;
    steps.value[0][i] = rounded(value * k.width[0] * k.value_scale);
    steps.value[1][i] = rounded(value * k.width[1] * k.value_scale);
    steps.value[2][i] = rounded(value * k.width[2] * k.value_scale);
    steps.bid_point[0][i] = point(r3[i] * inverse);
    steps.bid_point[1][i] = point(r2[i] * inverse);
    steps.bid_point[2][i] = point(r1[i] * inverse);
    steps.bid_cost[0][i] = rounded(cost0 * k.cost_scale);
    steps.bid_cost[1][i] = rounded((cost1 - cost0) * k.cost_scale);
    steps.bid_cost[2][i] = rounded((cost2 - cost1) * k.cost_scale);
    steps.slot_point[1][i] = point(slot1 * inverse);
    steps.slot_point[2][i] = point(slot2 * inverse);
    steps.slot_cost[1][i] = rounded(slot1 * k.width[1] * k.cost_scale);
    steps.slot_cost[2][i] = rounded(slot2 * k.width[2] * k.cost_scale);
  }
  if (!k.reaches_cap) return;
  settle_cap(k, values, r3, 0, steps);
  settle_cap(k, values, r2, 1, steps);
  settle_cap(k, values, r1, 2, steps);
}

}  // namespace genbid::oracle
