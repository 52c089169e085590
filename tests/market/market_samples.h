#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "market/corrected/cell_tick.h"
#include "market/market.h"
#include "market/traffic/traffic.h"

namespace genbid::test {

// A tick made by hand: values_of_pv[pv] lists (seat, value). All slots are shown, and nothing converts.
struct SeatValue {
  int seat;
  float value;
};

inline void set_value(market::TickTraffic& tick, int64_t pv, int seat, float value) {
  tick.values[static_cast<size_t>((pv / market::kBlockWidth * kNumSeats + seat) * market::kBlockWidth +
                                  pv % market::kBlockWidth)] = value;
}
inline void set_draw(market::TickTraffic& tick, int64_t pv, int slot, float draw) {
  tick.conversion_draw[static_cast<size_t>((pv / market::kBlockWidth * 3 + slot) * market::kBlockWidth +
                                           pv % market::kBlockWidth)] = draw;
}

inline market::TickTraffic make_tick(const std::vector<std::vector<SeatValue>>& values_of_pv) {
  market::TickTraffic tick;
  tick.num_pv = static_cast<int64_t>(values_of_pv.size());
  tick.num_blocks = (tick.num_pv + market::kBlockWidth - 1) / market::kBlockWidth;
  tick.num_chunks = (tick.num_blocks + market::kBlocksPerChunk - 1) / market::kBlocksPerChunk;
  const auto lanes = static_cast<size_t>(tick.num_blocks * market::kBlockWidth);
  tick.own_values.assign(lanes * kNumSeats, 0.0F);
  tick.values = tick.own_values;
  tick.max_value.fill(1.0F);
  tick.num_shown.assign(lanes, 3);
  tick.conversion_draw.assign(lanes * 3, 1.0F);
  for (size_t pv = 0; pv < values_of_pv.size(); ++pv) {
    for (const SeatValue& one : values_of_pv[pv]) {
      set_value(tick, static_cast<int64_t>(pv), one.seat, one.value);
      tick.sum_value[static_cast<size_t>(one.seat)] += static_cast<double>(one.value);
    }
  }
  return tick;
}

inline market::TickTraffic generated_tick(const market::Traffic& traffic, const market::PeriodFactors& factors,
                                          int tick) {
  market::TickTraffic out;
  traffic.begin_tick(factors, tick, out);
  for (int64_t chunk = 0; chunk < out.num_chunks; ++chunk) traffic.fill_chunk(factors, chunk, out);
  traffic.end_tick(out);
  return out;
}

inline market::SeatBids bids_of(const BidFormula& everybody) {
  market::SeatBids bids;
  for (int seat = 0; seat < kNumSeats; ++seat) bids.add(seat, everybody);
  return bids;
}

// A cell with the official advertisers.
inline market::Cell official_cell(int64_t period, double budget_scale = 1.0) {
  market::Cell cell;
  cell.period = period;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    cell.advertisers.push_back(official_advertiser(seat));
    cell.advertisers.back().budget *= budget_scale;
  }
  return cell;
}

// Keeps all ticks of all cells.
struct Recorder : market::PeriodSink {
  std::vector<std::vector<std::vector<market::SeatTick>>> ticks;  // [cell][tick][seat]
  explicit Recorder(size_t num_cells) : ticks(num_cells) {}
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override {
    auto& played = ticks[static_cast<size_t>(cell)];
    if (played.size() == static_cast<size_t>(tick)) played.emplace_back(seats.begin(), seats.end());
  }
};

// Compares every field, bit for bit.
inline bool same(const market::SeatTick& a, const market::SeatTick& b) {
  const auto same_bits = [](double x, double y) { return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y); };
  const TickOutcome& p = a.outcome;
  const TickOutcome& q = b.outcome;
  return a.start.tick == b.start.tick && a.start.num_pv == b.start.num_pv &&
         same_bits(a.start.mean_pvalue, b.start.mean_pvalue) &&
         same_bits(a.start.remaining_budget, b.start.remaining_budget) && a.may_bid == b.may_bid &&
         same_bits(a.bid.value, b.bid.value) && same_bits(a.bid.value_squared, b.bid.value_squared) &&
         a.num_clearings == b.num_clearings && same_bits(p.sum_pvalue, q.sum_pvalue) &&
         same_bits(p.sum_bid, q.sum_bid) && same_bits(p.mean_least_winning_cost, q.mean_least_winning_cost) &&
         p.num_wins == q.num_wins && p.num_exposed == q.num_exposed && p.num_conversions == q.num_conversions &&
         same_bits(p.sum_pvalue_exposed, q.sum_pvalue_exposed) &&
         same_bits(p.sum_pvalue_squared_exposed, q.sum_pvalue_squared_exposed) &&
         same_bits(p.sum_pvalue_cubed_exposed, q.sum_pvalue_cubed_exposed) &&
         same_bits(p.sum_bid_exposed, q.sum_bid_exposed) && same_bits(p.cost, q.cost);
}

inline bool same(const std::vector<std::vector<market::SeatTick>>& a,
                 const std::vector<std::vector<market::SeatTick>>& b) {
  if (a.size() != b.size()) return false;
  for (size_t tick = 0; tick < a.size(); ++tick) {
    for (size_t seat = 0; seat < a[tick].size(); ++seat) {
      if (!same(a[tick][seat], b[tick][seat])) return false;
    }
  }
  return true;
}

}  // namespace genbid::test
