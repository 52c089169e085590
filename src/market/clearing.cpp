#include "market/clearing.h"

#include <algorithm>

#include "market/lanes.h"

namespace genbid {

void SeatBids::add(int seat, const BidFormula& formula) {
  constexpr double kLargest = 1e9;
  const auto s = static_cast<size_t>(seat);
  value[s] = static_cast<float>(std::clamp(formula.value, -kLargest, kLargest));
  value_squared[s] = static_cast<float>(std::clamp(formula.value_squared, -kLargest, kLargest));
  if (value[s] > 0.0F || value_squared[s] > 0.0F) {
    bidding[static_cast<size_t>(num_bidding++)] = static_cast<uint8_t>(seat);
  }
}

TopFour BlockTopFour::get(int lane) const {
  TopFour top;
  for (size_t k = 0; k < 4; ++k) {
    top.bid[k] = bid[k][static_cast<size_t>(lane)];
    top.seat[k] = seat[k][static_cast<size_t>(lane)];
  }
  return top;
}

void BlockTopFour::set(int lane, const TopFour& top) {
  for (size_t k = 0; k < 4; ++k) {
    bid[k][static_cast<size_t>(lane)] = top.bid[k];
    seat[k][static_cast<size_t>(lane)] = top.seat[k];
  }
}

GENBID_SIMD_CLONES
void clear_block(const float* block_values, const SeatBids& bids, BlockTopFour& top) {
  // Stable insertion of one seat after the other into four sorted places, for all lanes alike. `above` on a
  // place is a mask: all ones where the new bid goes before the place's holder (an equal bid does not).
  alignas(64) std::array<float, kBlockWidth> m0{}, m1{}, m2{}, m3{};
  alignas(64) std::array<uint32_t, kBlockWidth> who0, who1, who2, who3;
  for (auto* who : {&who0, &who1, &who2, &who3}) who->fill(kNoSeat);
  const auto larger = [](float a, float b) { return a > b ? a : b; };
  const auto smaller = [](float a, float b) { return a < b ? a : b; };
  const auto above = [](float a, float b) { return a > b ? ~0U : 0U; };
  const auto pick = [](uint32_t mask, uint32_t a, uint32_t b) { return b ^ ((a ^ b) & mask); };
  for (int i = 0; i < bids.num_bidding; ++i) {
    const uint32_t seat = bids.bidding[static_cast<size_t>(i)];
    const float value = bids.value[seat];
    const float value_squared = bids.value_squared[seat];
    const float* pvalues = block_values + seat * kBlockWidth;
    for (size_t l = 0; l < kBlockWidth; ++l) {
      const float bid = competing_bid(value, value_squared, pvalues[l]);
      const uint32_t above0 = above(bid, m0[l]);
      const uint32_t above1 = above(bid, m1[l]);
      const uint32_t above2 = above(bid, m2[l]);
      const uint32_t above3 = above(bid, m3[l]);
      who3[l] = pick(above2, who2[l], pick(above3, seat, who3[l]));
      who2[l] = pick(above1, who1[l], pick(above2, seat, who2[l]));
      who1[l] = pick(above0, who0[l], pick(above1, seat, who1[l]));
      who0[l] = pick(above0, seat, who0[l]);
      m3[l] = larger(m3[l], smaller(bid, m2[l]));
      m2[l] = larger(m2[l], smaller(bid, m1[l]));
      m1[l] = larger(m1[l], smaller(bid, m0[l]));
      m0[l] = larger(m0[l], bid);
    }
  }
  top.bid = {m0, m1, m2, m3};
  size_t k = 0;
  for (const auto* who : {&who0, &who1, &who2, &who3}) {
    for (size_t l = 0; l < kBlockWidth; ++l) top.seat[k][l] = static_cast<uint8_t>((*who)[l]);
    ++k;
  }
}

TopFour clear_one(const TickTraffic& traffic, int64_t pv, const SeatBids& bids, uint64_t dropped) {
  const float* values = traffic.block_values(pv / kBlockWidth) + pv % kBlockWidth;
  TopFour top;
  for (int i = 0; i < bids.num_bidding; ++i) {
    const auto seat = static_cast<size_t>(bids.bidding[static_cast<size_t>(i)]);
    if ((dropped >> seat & 1U) != 0) continue;
    const float bid = competing_bid(bids.value[seat], bids.value_squared[seat], values[seat * kBlockWidth]);
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
    for (size_t slot = 0; slot < kNumSlots; ++slot) mine.wins[slot] += its.wins[slot];
    mine.exposed += its.exposed;
    mine.conversions += its.conversions;
    mine.cost += its.cost;
    mine.pvalue_exposed += its.pvalue_exposed;
    mine.bid_exposed += its.bid_exposed;
  }
  least_winning_cost += other.least_winning_cost;
}

void tally(const TickContext& context, int64_t pv, const TopFour& top, int64_t sign, TickSums& sums) {
  const TickTraffic& tick = context.tick;
  const int num_shown = tick.shown(pv);
  for (int slot = 0; slot < kNumSlots; ++slot) {
    const auto k = static_cast<size_t>(slot);
    const int seat = top.seat[k];
    if (seat == kNoSeat) break;
    SeatSums& sum = sums.seats[static_cast<size_t>(seat)];
    sum.wins[k] += sign;
    if (slot >= num_shown) continue;
    const float value = tick.value(pv, seat);
    sum.exposed += sign;
    sum.cost += sign * to_money(static_cast<double>(top.price(slot)));
    sum.pvalue_exposed += sign * to_expected(value);
    sum.bid_exposed += sign * to_money(static_cast<double>(top.bid[k]));
    if (context.traffic.converts(context.factors, tick.tick, pv, seat, value, tick.draw(pv, slot))) {
      sum.conversions += sign;
    }
  }
  sums.least_winning_cost += sign * to_money(static_cast<double>(top.price(kNumSlots - 1)));
}

double sum_of_bids(const TickTraffic& traffic, const SeatBids& bids, int seat) {
  const auto s = static_cast<size_t>(seat);
  const float value = bids.value[s];
  const float value_squared = bids.value_squared[s];
  if (value >= 0.0F && value_squared >= 0.0F && value + value_squared <= kMaxBid) {
    return static_cast<double>(value) * traffic.sum_value[s] +
           static_cast<double>(value_squared) * traffic.sum_square[s];
  }
  // Some bids may be negative or too large: one by one, in order.
  double sum = 0.0;
  for (int64_t block = 0; block < traffic.num_blocks; ++block) {
    const float* pvalues = traffic.block_values(block) + seat * kBlockWidth;
    for (size_t l = 0; l < kBlockWidth; ++l) {
      sum += static_cast<double>(asked_bid(value, value_squared, pvalues[l]));
    }
  }
  return sum;
}

}  // namespace genbid
