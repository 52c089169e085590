#include "oracle/responses.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <numeric>

#include "base/convert.h"
#include "oracle/response_lanes.h"

namespace genbid::oracle {
namespace {

// Raises a maximum that others may be raising, too. It comes out the same for any order of calls.
void raise(int32_t& highest, int32_t found) {
  const std::atomic_ref shared(highest);
  for (int32_t now = shared.load(std::memory_order_relaxed); now < found;) {
    if (shared.compare_exchange_weak(now, found, std::memory_order_relaxed)) return;
  }
}

}  // namespace

Responses::Responses(int num_seats, int num_ticks, const Auction& auction, const AlphaGrid& grid, bool slots, bool wins)
    : Responses(num_ticks, auction, std::vector<AlphaGrid>(to_size(num_seats), grid), slots, wins) {}

Responses::Responses(int num_ticks, const Auction& auction, std::vector<AlphaGrid> grids, bool slots, bool wins)
    : num_ticks_(num_ticks), auction_(auction), grids_(std::move(grids)) {
  assert(!grids_.empty());
  assert(std::all_of(grids_.begin(), grids_.end(), [&](const AlphaGrid& grid) {
    return grid.octaves == grids_.front().octaves && grid.bits == grids_.front().bits;
  }));
  bid_sums_.resize(grids_.size() * to_size(num_ticks) * stride());
  if (slots) slot_sums_.resize(grids_.size() * stride());
  if (wins) wins_.resize(bid_sums_.size());
}

void Responses::clear() {
  impressions_ = 0;
  highest_bid_ = highest_value_ = 0;
  std::fill(bid_sums_.begin(), bid_sums_.end(), Sum{});
  std::fill(slot_sums_.begin(), slot_sums_.end(), Sum{});
  std::fill(wins_.begin(), wins_.end(), 0);
}

Responses::Sum* Responses::bid_sums(int seat, int tick) { return bid_sums_.data() + first_place(seat, tick); }
const Responses::Sum* Responses::bid_sums(int seat, int tick) const {
  return bid_sums_.data() + first_place(seat, tick);
}

void Responses::add(int tick, std::span<const ImpressionBlock> blocks, int first_seat, int last_seat) {
  assert(tick >= 0 && tick < num_ticks_ && first_seat >= 0 && last_seat <= num_seats());
  LaneConstants constants(auction_, grids_.front());
  LaneSteps steps{};
  std::vector<Sum> slots(stride());
  const auto num_steps = to_size(auction_.rule.num_slots);
  int64_t impressions = 0;
  int32_t bid = 0;
  for (const ImpressionBlock& block : blocks) {
    impressions += block.num_lanes;
    bid = std::max(bid, highest_bits(block.top_bid, block.num_lanes));
  }
  constants.reaches_cap = std::bit_cast<float>(bid) >= constants.bid_cap;
  if (first_seat == 0) {
    std::atomic_ref(impressions_).fetch_add(impressions, std::memory_order_relaxed);
    raise(highest_bid_, bid);
  }
  int32_t highest = 0;
  // A seat's sums stay in the first cache while its blocks pass.
  for (int seat = first_seat; seat < last_seat; ++seat) {
    constants.lowest_bits = std::bit_cast<int32_t>(grid(seat).lowest);
    constants.reserve = as_float(auction_.rule.reserve_of(tick, seat));
    Sum* const bids = bid_sums(seat, tick);
    int32_t* const wins = has_wins() ? wins_.data() + first_place(seat, tick) : nullptr;
    slots.assign(stride(), {});
    for (const ImpressionBlock& block : blocks) {
      find_steps(constants, block, seat, steps);
      const float* values = block.values + to_size(seat) * ImpressionBlock::kWidth;
      highest = std::max(highest, highest_bits(values, block.num_lanes));
      const auto num_lanes = to_size(block.num_lanes);
      const auto put = [num_lanes](Sum* sums, const LaneSteps::Lanes& point, const LaneSteps::Lanes& value,
                                   const LaneSteps::Lanes& cost) {
        for (size_t i = 0; i < num_lanes; ++i) {
          Sum& sum = sums[point[i]];
          sum.value += value[i];
          sum.cost += cost[i];
        }
      };
      for (size_t s = 0; s < num_steps; ++s) put(bids, steps.bid_point[s], steps.value[s], steps.bid_cost[s]);
      // A bid that wins any slot wins the lowest one or a better one.
      for (size_t i = 0; wins != nullptr && i < num_lanes; ++i) ++wins[steps.bid_point[0][i]];
      if (!has_slots()) continue;
      put(slots.data(), steps.bid_point[0], steps.value[0], steps.bid_cost[0]);
      for (size_t s = 1; s < num_steps; ++s) {
        put(slots.data(), steps.slot_point[s], steps.value[s], steps.slot_cost[s]);
      }
    }
    if (!has_slots()) continue;
    // Atomic, since another thread may be adding another tick to the same day.
    Sum* const day = slot_sums_.data() + to_size(seat) * stride();
    for (size_t p = 0; p + 1 < stride(); ++p) {
      if (slots[p].value == 0 && slots[p].cost == 0) continue;
      std::atomic_ref(day[p].value).fetch_add(slots[p].value, std::memory_order_relaxed);
      std::atomic_ref(day[p].cost).fetch_add(slots[p].cost, std::memory_order_relaxed);
    }
  }
  raise(highest_value_, highest);
}

Point Responses::in_money(const Sum& sum) const {
  const double value_unit = 0x1p-30 * as_double(auction_.max_value);
  const double cost_unit = 0x1p-30 * as_double(auction_.max_price);
  return {as_double(sum.value) * value_unit, as_double(sum.cost) * cost_unit};
}

Responses::Sum Responses::at_place(int seat, size_t place) const {
  Sum sum;
  for (int tick = 0; tick < num_ticks_; ++tick) {
    sum.value += bid_sums(seat, tick)[place].value;
    sum.cost += bid_sums(seat, tick)[place].cost;
  }
  return sum;
}

Point Responses::beyond(int seat) const { return in_money(at_place(seat, stride() - 2)); }
double Responses::left_out(int seat) const { return in_money(at_place(seat, stride() - 1)).value; }

Responses::Seen Responses::seen() const {
  return {impressions_, std::bit_cast<float>(highest_bid_), std::bit_cast<float>(highest_value_)};
}

Curve Responses::cumulated(const Sum* sums) const {
  Curve curve(grids_.front().num_points());
  Sum total;
  for (size_t p = 0; p < curve.size(); ++p) {
    total.value += sums[p].value;
    total.cost += sums[p].cost;
    curve[p] = in_money(total);
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

std::vector<int64_t> Responses::win_curve(int seat, int tick) const {
  assert(has_wins());
  std::vector<int64_t> curve(grid(seat).num_points());
  const int32_t* const joining = wins_.data() + first_place(seat, tick);
  std::partial_sum(joining, joining + curve.size(), curve.begin(),
                   [](int64_t sum, int64_t next) { return sum + next; });
  return curve;
}

Curve Responses::slot_curve(int seat) const {
  assert(has_slots());
  const Sum* const first = slot_sums_.data() + to_size(seat) * stride();
  std::vector<Sum> sums(first, first + stride());
  const size_t last = stride() - 3;
  sums[last].value += sums[last + 1].value;
  sums[last].cost += sums[last + 1].cost;
  return cumulated(sums.data());
}

}  // namespace genbid::oracle
