#include "market/cell_tick.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>

#include "market/lanes.h"

namespace genbid {

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
  std::mutex mutex;
  const auto clear_chunks = [&](int64_t first_chunk, int64_t last_chunk) {
    TickSums sums;
    for (int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      BlockSums block_sums;  // its counters last for a chunk
      const int64_t last = std::min((chunk + 1) * kBlocksPerChunk, tick.num_blocks);
      for (int64_t block = chunk * kBlocksPerChunk; block < last; ++block) {
        BlockTopFour& top = tops_[static_cast<size_t>(block)];
        clear_block(tick.block_values(block), bids, top);
        tally_block(context, block, top, block_sums, sums);
      }
      block_sums.add_to(sums);
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

  affected_.clear();
  const auto period = static_cast<uint64_t>(context.factors.period);
  for (; offenders != 0; offenders &= offenders - 1) {
    const int seat = std::countr_zero(offenders);
    const auto s = static_cast<size_t>(seat);
    const double cost = from_money(sums_.seats[s].cost);
    const double ratio = (cost - from_money(money[s])) / (cost + 1e-4);
    for (int slot = 0; slot < tick.num_slots; ++slot) {
      held_.clear();
      for (int64_t block = 0; block < tick.num_blocks; ++block) {
        find_wins(tops_[static_cast<size_t>(block)], slot, seat, block * kBlockWidth, held_);
      }
      // Padding lanes have no bids, so nobody holds them.
      wins_.resize(held_.size());
      for (size_t i = 0; i < held_.size(); ++i) {
        const PhiloxBits bits =
            philox(keys_.key0(), keys_.key1(), static_cast<uint32_t>(held_[i]), place_of(tick.tick, seat),
                   static_cast<uint32_t>(period), static_cast<uint32_t>(period >> 32));
        wins_[i] = {static_cast<uint64_t>(bits.w0) << 32 | bits.w1, held_[i]};
      }
      const auto count =
          std::min(static_cast<size_t>(std::ceil(static_cast<double>(wins_.size()) * ratio)), wins_.size());
      const auto smaller = [](const Win& a, const Win& b) { return a.key != b.key ? a.key < b.key : a.pv < b.pv; };
      if (count < wins_.size()) {
        std::nth_element(wins_.begin(), wins_.begin() + static_cast<std::ptrdiff_t>(count), wins_.end(), smaller);
      }
      for (size_t i = 0; i < count; ++i) {
        const int64_t pv = wins_[i].pv;
        const BlockTopFour& top = tops_[static_cast<size_t>(pv / kBlockWidth)];
        lost_bids_[s] += to_money(
            static_cast<double>(top.bid[static_cast<size_t>(slot)][static_cast<size_t>(pv % kBlockWidth)]));
        lost_[static_cast<size_t>(pv)] |= uint64_t{1} << s;
        affected_.push_back(pv);
      }
    }
  }
  std::sort(affected_.begin(), affected_.end());
  affected_.erase(std::unique(affected_.begin(), affected_.end()), affected_.end());
  return true;
}

// Affected impressions come from all over the tick: 32 at a time are copied into a block of their own, where a lost bid
// is a value of 0.
void CellTick::clear_again(const TickContext& context, const SeatBids& bids) {
  const TickTraffic& tick = context.tick;
  alignas(64) std::array<float, kMaxSeats * kBlockWidth> values;
  BlockTopFour changed;
  for (size_t first = 0; first < affected_.size(); first += kBlockWidth) {
    const size_t count = std::min<size_t>(affected_.size() - first, kBlockWidth);
    for (size_t lane = 0; lane < count; ++lane) {
      const int64_t pv = affected_[first + lane];
      const float* from = tick.block_values(pv / kBlockWidth) + pv % kBlockWidth;
      float* to = values.data() + lane;
      for (int i = 0; i < bids.num_bidding; ++i) {
        const size_t seat = bids.bidding[static_cast<size_t>(i)];
        to[seat * kBlockWidth] = from[seat * kBlockWidth];
      }
      for (uint64_t lost = lost_[static_cast<size_t>(pv)]; lost != 0; lost &= lost - 1) {
        to[static_cast<size_t>(std::countr_zero(lost)) * kBlockWidth] = 0.0F;
      }
    }
    clear_block(values.data(), bids, changed);
    for (size_t lane = 0; lane < count; ++lane) {
      const int64_t pv = affected_[first + lane];
      const TopFour now = changed.get(static_cast<int>(lane));
      tally(context, pv, top(pv), -1, sums_);
      tally(context, pv, now, 1, sums_);
      tops_[static_cast<size_t>(pv / kBlockWidth)].set(static_cast<int>(pv % kBlockWidth), now);
    }
  }
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
