#include "market/cell_tick.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>

#include "market/lanes.h"

namespace genbid {
namespace {

// Impressions to be cleared again, side by side.
struct Affected {
  alignas(64) std::array<float, kMaxSeats * kBlockWidth> values;
  alignas(64) std::array<float, kNumSlots * kBlockWidth> draws;
  std::array<uint8_t, kBlockWidth> shown;
  std::array<int64_t, kBlockWidth> pvs;
  BlockTopFour top;
  int count = 0;

  void add(const TickTraffic& tick, int64_t pv, const PackedBids& bids, const TopFour& holders) {
    const auto lane = static_cast<size_t>(count++);
    const float* from = tick.block_values(pv / kBlockWidth) + pv % kBlockWidth;
    for (size_t place = 0; place < static_cast<size_t>(bids.num_places); ++place) {
      const auto row = static_cast<size_t>(bids.row[place]);
      values[row + lane] = from[row];
    }
    for (int slot = 0; slot < kNumSlots; ++slot) {
      draws[static_cast<size_t>(slot) * kBlockWidth + lane] = tick.draw(pv, slot);
    }
    shown[lane] = static_cast<uint8_t>(tick.shown(pv));
    pvs[lane] = pv;
    top.set(static_cast<int>(lane), holders);
  }
  BlockView view() const { return {values.data(), shown.data(), draws.data(), pvs.data(), 0, count}; }
};

}  // namespace

TopFour CellTick::top(int64_t pv) const {
  return tops_[static_cast<size_t>(pv / kBlockWidth)].get(static_cast<int>(pv % kBlockWidth));
}

int CellTick::play(const TickContext& context, const SeatBids& bids, std::span<const int64_t> money, Threads* threads) {
  lost_bids_.fill(0);
  any_lost_ = false;
  clear_all(context, bids, threads);
  int num_passes = 1;
  for (; drop_wins(context, money); ++num_passes) clear_again(context, bids);
  return num_passes;
}

void CellTick::clear_all(const TickContext& context, const SeatBids& bids, Threads* threads) {
  const TickTraffic& tick = context.tick;
  if (tops_.size() < static_cast<size_t>(tick.num_blocks)) {
    tops_.resize(static_cast<size_t>(tick.num_blocks));
  }
  sums_ = {};
  const PackedBids packed(bids);
  std::mutex mutex;
  const auto clear_chunks = [&](int64_t first_chunk, int64_t last_chunk) {
    TickSums sums;
    for (int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      BlockSums block_sums;  // its counters last for a chunk
      const int64_t last = std::min((chunk + 1) * kBlocksPerChunk, tick.num_blocks);
      for (int64_t block = chunk * kBlocksPerChunk; block < last; ++block) {
        BlockTopFour& top = tops_[static_cast<size_t>(block)];
        clear_block(tick.block_values(block), packed, top);
        tally_block(context, view_of(tick, block), top, 1, block_sums, sums);
      }
      block_sums.add_to(1, sums);
    }
    const std::lock_guard lock(mutex);
    sums_.add(sums);
  };
  if (threads != nullptr) {
    threads->parallel_for(tick.num_chunks, 1, clear_chunks);
  } else {
    clear_chunks(0, tick.num_chunks);
  }
}

bool CellTick::drop_wins(const TickContext& context, std::span<const int64_t> money) {
  const TickTraffic& tick = context.tick;
  uint64_t offenders = 0;
  for (size_t seat = 0; seat < money.size(); ++seat) {
    if (sums_.seats[seat].cost > money[seat]) offenders |= uint64_t{1} << seat;
  }
  if (offenders == 0) return false;
  if (!any_lost_) {
    lost_.assign(static_cast<size_t>(tick.num_blocks * kBlockWidth), 0);
    any_lost_ = true;
  }

  affected_.assign(static_cast<size_t>(tick.num_blocks), 0);
  for (; offenders != 0; offenders &= offenders - 1) {
    const int seat = std::countr_zero(offenders);
    const auto s = static_cast<size_t>(seat);
    const double cost = from_money(sums_.seats[s].cost);
    const double ratio = (cost - from_money(money[s])) / (cost + 1e-4);
    for (int slot = 0; slot < tick.num_slots; ++slot) {
      find_wins(std::span(tops_).first(static_cast<size_t>(tick.num_blocks)), slot, seat, held_);
      make_drop_keys(keys_, context.factors.period, tick.tick, seat, held_, wins_);
      const auto count =
          std::min(static_cast<size_t>(std::ceil(static_cast<double>(wins_.size()) * ratio)), wins_.size());
      const auto smaller = [](const DropKey& a, const DropKey& b) {
        return a.key != b.key ? a.key < b.key : a.pv < b.pv;
      };
      if (count < wins_.size()) {
        std::nth_element(wins_.begin(), wins_.begin() + static_cast<std::ptrdiff_t>(count), wins_.end(), smaller);
      }
      for (size_t i = 0; i < count; ++i) {
        const auto block = static_cast<size_t>(wins_[i].pv / kBlockWidth);
        const auto lane = static_cast<size_t>(wins_[i].pv % kBlockWidth);
        lost_bids_[s] += to_money(static_cast<double>(tops_[block].bid[static_cast<size_t>(slot)][lane]));
        lost_[static_cast<size_t>(wins_[i].pv)] |= uint64_t{1} << s;
        affected_[block] |= uint32_t{1} << lane;
      }
    }
  }
  return true;
}

// Affected impressions come from all over the tick: 32 at a time are copied into a block of their own, where what they
// brought is taken back, a lost bid becomes a value of 0, and what they bring now is added.
void CellTick::clear_again(const TickContext& context, const SeatBids& bids) {
  const TickTraffic& tick = context.tick;
  const PackedBids packed(bids);
  Affected block;
  BlockSums taken, brought;
  int64_t num_counted = 0;
  const auto add_sums = [&] {
    taken.add_to(-1, sums_);
    brought.add_to(1, sums_);
    taken = brought = {};
    num_counted = 0;
  };
  const auto finish_block = [&] {
    constexpr int64_t kMostCounted = 65535 - kBlockWidth;  // 16 bits in BlockSums
    num_counted += block.count;
    for (int lane = block.count; lane < kBlockWidth; ++lane) block.top.set(lane, TopFour());
    tally_block(context, block.view(), block.top, -1, taken, sums_);
    for (size_t lane = 0; lane < static_cast<size_t>(block.count); ++lane) {
      for (uint64_t lost = lost_[static_cast<size_t>(block.pvs[lane])]; lost != 0; lost &= lost - 1) {
        block.values[static_cast<size_t>(std::countr_zero(lost)) * kBlockWidth + lane] = 0.0F;
      }
    }
    clear_block(block.values.data(), packed, block.top);
    for (int lane = block.count; lane < kBlockWidth; ++lane) block.top.set(lane, TopFour());
    tally_block(context, block.view(), block.top, 1, brought, sums_);
    for (int lane = 0; lane < block.count; ++lane) {
      const int64_t pv = block.pvs[static_cast<size_t>(lane)];
      tops_[static_cast<size_t>(pv / kBlockWidth)].set(static_cast<int>(pv % kBlockWidth), block.top.get(lane));
    }
    block.count = 0;
    if (num_counted > kMostCounted) add_sums();
  };
  for (size_t b = 0; b < affected_.size(); ++b) {
    for (uint32_t lanes = affected_[b]; lanes != 0; lanes &= lanes - 1) {
      const int64_t pv = static_cast<int64_t>(b) * kBlockWidth + std::countr_zero(lanes);
      block.add(tick, pv, packed, top(pv));
      if (block.count == kBlockWidth) finish_block();
    }
  }
  if (block.count > 0) finish_block();
  add_sums();
}

void CellTick::copy_impressions(const TickContext& context, const SeatBids& bids, Threads* threads,
                                TickImpressions& out) const {
  const TickTraffic& tick = context.tick;
  out.reset(tick.num_pv, tick.num_seats);
  const auto num_seats = static_cast<size_t>(tick.num_seats);
  const auto copy_rows = [&](int64_t first_pv, int64_t last_pv) {
    for (int64_t pv = first_pv; pv < last_pv; ++pv) {
      const size_t row = static_cast<size_t>(pv) * num_seats;
      const uint64_t lost_here = lost(pv);
      for (size_t seat = 0; seat < num_seats; ++seat) {
        const int s = static_cast<int>(seat);
        const float value = tick.value(pv, s);
        out.pvalue[row + seat] = static_cast<double>(value);
        out.sigma[row + seat] = static_cast<double>(context.traffic.sigma(context.factors, tick.tick, pv, s, value));
        const bool taken = (lost_here >> seat & 1U) != 0;
        out.bid[row + seat] =
            taken ? 0.0 : static_cast<double>(asked_bid(bids.value[seat], bids.value_squared[seat], value));
      }
      // As in tally().
      const TopFour holders = top(pv);
      const int num_shown = tick.shown(pv);
      for (int slot = 0; slot < tick.num_slots; ++slot) {
        const int seat = holders.seat[static_cast<size_t>(slot)];
        if (seat == kNoSeat) break;
        const size_t place = row + static_cast<size_t>(seat);
        out.slot[place] = static_cast<uint8_t>(slot + 1);
        out.price[place] = static_cast<double>(holders.price(slot));
        if (slot >= num_shown) continue;
        out.exposed[place] = 1;
        out.conversion[place] =
            context.traffic.converts(context.factors, tick.tick, pv, seat, tick.value(pv, seat), tick.draw(pv, slot))
                ? 1
                : 0;
      }
      out.least_winning_cost[static_cast<size_t>(pv)] = static_cast<double>(holders.price(tick.num_slots - 1));
    }
  };
  if (threads != nullptr) {
    threads->parallel_for(tick.num_pv, kBlocksPerChunk * kBlockWidth, copy_rows);
  } else {
    copy_rows(0, tick.num_pv);
  }
}

}  // namespace genbid
