#include "market/auction/clearing.h"

#include <algorithm>

#include "base/convert.h"
#include "base/simd.h"

namespace genbid::market {

SeatBids::SeatBids(const AuctionRule& rule, int tick) : reserve(as_float(rule.lowest_reserve(tick))) {
  reserve_of.fill(reserve);
  if (rule.own_reserves.empty()) return;
  for (int seat = 0; seat < kMaxSeats; ++seat) {
    at(reserve_of, seat) = as_float(rule.reserve_of(tick, seat));
  }
  own_reserves = std::any_of(reserve_of.begin(), reserve_of.end(), [&](float one) { return one > reserve; });
}

void SeatBids::add(int seat, const BidFormula& formula, float max_value) {
  constexpr double kLargest = 1e9;
  const auto s = to_size(seat);
  value[s] = as_float(std::clamp(formula.value, -kLargest, kLargest));
  value_squared[s] = as_float(std::clamp(formula.value_squared, -kLargest, kLargest));
  if (value_squared[s] != 0.0F || value[s] * max_value > kMaxBid) special |= uint64_t{1} << seat;
  if (value[s] > 0.0F || value_squared[s] > 0.0F) {
    at(bidding, num_bidding++) = static_cast<uint8_t>(seat);
  }
}

TopFour BlockTopFour::get(int lane) const {
  TopFour top;
  for (size_t k = 0; k < 4; ++k) {
    top.bid[k] = at(bid[k], lane);
    top.seat[k] = at(seat[k], lane);
  }
  return top;
}

void BlockTopFour::set(int lane, const TopFour& top) {
  for (size_t k = 0; k < 4; ++k) {
    at(bid[k], lane) = top.bid[k];
    at(seat[k], lane) = top.seat[k];
  }
}

TopFour clear_one(const TickTraffic& traffic, int64_t pv, const SeatBids& bids, uint64_t dropped) {
  const float* values = traffic.block_values(pv / kBlockWidth) + pv % kBlockWidth;
  TopFour top;
  for (int i = 0; i < bids.num_bidding; ++i) {
    const auto seat = to_size(at(bids.bidding, i));
    if ((dropped >> seat & 1U) != 0) continue;
    const float bid =
        competing_bid(bids.value[seat], bids.value_squared[seat], values[seat * kBlockWidth], bids.reserve_of[seat]);
    if (!(bid > top.bid[3])) continue;
    size_t place = 3;
    for (; place > 0 && bid > top.bid[place - 1]; --place) {
      top.bid[place] = top.bid[place - 1];
      top.seat[place] = top.seat[place - 1];
    }
    top.bid[place] = bid;
    top.seat[place] = static_cast<uint8_t>(seat);
  }
  return top;
}

void TickSums::add(const TickSums& other) {
  for (size_t s = 0; s < seats.size(); ++s) {
    SeatSums& mine = seats[s];
    const SeatSums& its = other.seats[s];
    mine.wins += its.wins;
    mine.exposed += its.exposed;
    mine.conversions += its.conversions;
    mine.cost += its.cost;
    mine.pvalue_exposed += its.pvalue_exposed;
    mine.squared_exposed += its.squared_exposed;
    mine.cubed_exposed += its.cubed_exposed;
    mine.bid_exposed += its.bid_exposed;
  }
  least_winning_cost += other.least_winning_cost;
}

void tally(const TickContext& context, const SeatBids& bids, int64_t pv, const TopFour& top, int64_t sign,
           TickSums& sums) {
  const TickTraffic& tick = context.tick;
  const int num_shown = tick.shown(pv);
  for (int slot = 0; slot < tick.num_slots; ++slot) {
    const auto k = to_size(slot);
    const int seat = top.seat[k];
    if (seat == kNoSeat) break;
    SeatSums& sum = at(sums.seats, seat);
    sum.wins += sign;
    if (slot >= num_shown) continue;
    const float value = tick.value(pv, seat);
    sum.exposed += sign;
    sum.cost += sign * to_money(as_double(top.price(slot, at(bids.reserve_of, seat))));
    sum.pvalue_exposed += sign * to_expected(value);
    const double squared = as_double(value) * as_double(value);
    sum.squared_exposed += sign * to_power(squared);
    sum.cubed_exposed += sign * to_power(squared * as_double(value));
    if ((bids.special >> seat & 1U) != 0) sum.bid_exposed += sign * to_money(as_double(top.bid[k]));
    if (context.traffic.converts(context.factors, tick.tick, pv, seat, value, tick.draw(pv, slot))) {
      sum.conversions += sign;
    }
  }
  sums.least_winning_cost += sign * to_money(as_double(top.price(tick.num_slots - 1, bids.reserve)));
}

namespace {

// Adds up the bids of a seat one by one, since some may be negative or too large. Each of eight parts adds lanes of its
// own, so that the sum does not depend on the instructions that add it.
GENBID_SIMD_CLONES
void add_bids(float value, float value_squared, const float* pvalues, double* parts) {
  for (size_t l = 0; l < kBlockWidth; l += kSumParts) {
    for (size_t part = 0; part < kSumParts; ++part) {
      parts[part] += as_double(asked_bid(value, value_squared, pvalues[l + part]));
    }
  }
}

}  // namespace

double sum_of_exposed_bids(const TickSums& sums, const SeatBids& bids, int seat) {
  const auto s = to_size(seat);
  if ((bids.special >> seat & 1U) != 0) return from_money(sums.seats[s].bid_exposed);
  return as_double(bids.value[s]) * from_expected(sums.seats[s].pvalue_exposed);
}

double sum_of_bids(const TickTraffic& traffic, const SeatBids& bids, int seat) {
  const auto s = to_size(seat);
  const float value = bids.value[s];
  const float value_squared = bids.value_squared[s];
  if ((bids.special >> seat & 1U) == 0 && value >= 0.0F) {
    return as_double(value) * traffic.sum_value[s];
  }
  std::array<double, kSumParts> p{};
  for (int64_t block = 0; block < traffic.num_blocks; ++block) {
    add_bids(value, value_squared, traffic.block_values(block) + seat * kBlockWidth, p.data());
  }
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

}  // namespace genbid::market
