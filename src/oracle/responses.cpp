#include "oracle/responses.h"

#include <algorithm>
#include <atomic>
#include <cassert>

#include "oracle/response_lanes.h"

namespace genbid::oracle {

Responses::Responses(int num_seats, int num_ticks, const Auction& auction, const AlphaGrid& grid, bool slots)
    : num_seats_(num_seats), num_ticks_(num_ticks), auction_(auction), grid_(grid) {
  bid_sums_.resize(static_cast<size_t>(num_seats) * static_cast<size_t>(num_ticks) * stride());
  if (slots) slot_sums_.resize(static_cast<size_t>(num_seats) * stride());
}

void Responses::clear() {
  std::fill(bid_sums_.begin(), bid_sums_.end(), Sum{});
  std::fill(slot_sums_.begin(), slot_sums_.end(), Sum{});
}

Responses::Sum* Responses::bid_sums(int seat, int tick) {
  return bid_sums_.data() + static_cast<size_t>(seat * num_ticks_ + tick) * stride();
}
const Responses::Sum* Responses::bid_sums(int seat, int tick) const {
  return bid_sums_.data() + static_cast<size_t>(seat * num_ticks_ + tick) * stride();
}

void Responses::add(int tick, std::span<const ImpressionBlock> blocks, int first_seat, int last_seat) {
  assert(tick >= 0 && tick < num_ticks_ && first_seat >= 0 && last_seat <= num_seats_);
  const LaneConstants constants(auction_, grid_);
  LaneSteps steps{};
  std::vector<Sum> slots(stride());
  const auto num_steps = static_cast<size_t>(auction_.num_slots);
  // A seat's sums stay in the first cache while its blocks pass.
  for (int seat = first_seat; seat < last_seat; ++seat) {
    Sum* const bids = bid_sums(seat, tick);
    slots.assign(stride(), {});
    for (const ImpressionBlock& block : blocks) {
      find_steps(constants, block, seat, steps);
      const auto num_lanes = static_cast<size_t>(block.num_lanes);
      const auto put = [num_lanes](Sum* sums, const LaneSteps::Lanes& point, const LaneSteps::Lanes& value,
                                   const LaneSteps::Lanes& cost) {
        for (size_t i = 0; i < num_lanes; ++i) {
          Sum& sum = sums[static_cast<size_t>(point[i])];
          sum.value += value[i];
          sum.cost += cost[i];
        }
      };
      for (size_t s = 0; s < num_steps; ++s) put(bids, steps.bid_point[s], steps.value[s], steps.bid_cost[s]);
      if (!has_slots()) continue;
      put(slots.data(), steps.bid_point[0], steps.value[0], steps.bid_cost[0]);
      for (size_t s = 1; s < num_steps; ++s) {
        put(slots.data(), steps.slot_point[s], steps.value[s], steps.slot_cost[s]);
      }
    }
    if (!has_slots()) continue;
    // Another tick may be adding to the same day.
    Sum* const day = slot_sums_.data() + static_cast<size_t>(seat) * stride();
    for (size_t p = 0; p <= grid_.num_points(); ++p) {
      if (slots[p].value == 0 && slots[p].cost == 0) continue;
      std::atomic_ref(day[p].value).fetch_add(slots[p].value, std::memory_order_relaxed);
      std::atomic_ref(day[p].cost).fetch_add(slots[p].cost, std::memory_order_relaxed);
    }
  }
}

Curve Responses::cumulated(const Sum* sums) const {
  const double value_unit = 0x1p-30 * static_cast<double>(auction_.max_value);
  const double cost_unit = 0x1p-30 * static_cast<double>(auction_.max_price);
  Curve curve(grid_.num_points());
  Sum total;
  for (size_t p = 0; p < curve.size(); ++p) {
    total.value += sums[p].value;
    total.cost += sums[p].cost;
    curve[p] = {static_cast<double>(total.value) * value_unit, static_cast<double>(total.cost) * cost_unit};
  }
  return curve;
}

Curve Responses::bid_curve(int seat, int tick) const { return cumulated(bid_sums(seat, tick)); }

Curve Responses::bid_curve(int seat) const {
  std::vector<Sum> day(stride());
  for (int tick = 0; tick < num_ticks_; ++tick) {
    const Sum* const sums = bid_sums(seat, tick);
    for (size_t p = 0; p < day.size(); ++p) {
      day[p].value += sums[p].value;
      day[p].cost += sums[p].cost;
    }
  }
  return cumulated(day.data());
}

Curve Responses::slot_curve(int seat) const {
  assert(has_slots());
  const Sum* const first = slot_sums_.data() + static_cast<size_t>(seat) * stride();
  std::vector<Sum> sums(first, first + stride());
  const size_t last = grid_.num_points() - 1;
  sums[last].value += sums[last + 1].value;
  sums[last].cost += sums[last + 1].cost;
  return cumulated(sums.data());
}

}  // namespace genbid::oracle
