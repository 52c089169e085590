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
    const int64_t last = std::min(last_chunk * kBlocksPerChunk, tick.num_blocks);
    for (int64_t block = first_chunk * kBlocksPerChunk; block < last; ++block) {
      BlockTopFour& top = tops_[static_cast<size_t>(block)];
      clear_block(tick.block_values(block), bids, top);
      const int64_t first_pv = block * kBlockWidth;
      const int64_t num_lanes = std::min<int64_t>(kBlockWidth, tick.num_pv - first_pv);
      for (int64_t lane = 0; lane < num_lanes; ++lane) {
        tally(context, first_pv + lane, top.get(static_cast<int>(lane)), 1, sums);
      }
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
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    if (sums_.seats[seat].cost > money[seat]) offenders |= uint64_t{1} << seat;
  }
  if (offenders == 0) return false;
  if (!any_lost_) {
    lost_.assign(static_cast<size_t>(tick.num_blocks * kBlockWidth), 0);
    any_lost_ = true;
  }

  // What the offenders hold, with its keys.
  for (auto& wins : wins_) wins.clear();
  const auto period = static_cast<uint64_t>(context.factors.period);
  for (int64_t block = 0; block < tick.num_blocks; ++block) {
    const BlockTopFour& top = tops_[static_cast<size_t>(block)];
    for (size_t slot = 0; slot < kNumSlots; ++slot) {
      for (size_t lane = 0; lane < kBlockWidth; ++lane) {
        const unsigned seat = top.seat[slot][lane];
        if (seat == kNoSeat || (offenders >> seat & 1U) == 0) continue;
        const int64_t pv = block * kBlockWidth + static_cast<int64_t>(lane);
        const PhiloxBits bits = philox(keys_.key0(), keys_.key1(), static_cast<uint32_t>(pv),
                                       static_cast<uint32_t>(tick.tick) * kNumSeats + seat,
                                       static_cast<uint32_t>(period), static_cast<uint32_t>(period >> 32));
        wins_[seat * kNumSlots + slot].push_back({static_cast<uint64_t>(bits.w0) << 32 | bits.w1, pv});
      }
    }
  }

  affected_.clear();
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    if ((offenders >> seat & 1U) == 0) continue;
    const double cost = from_money(sums_.seats[seat].cost);
    const double ratio = (cost - from_money(money[seat])) / (cost + 1e-4);
    for (size_t slot = 0; slot < kNumSlots; ++slot) {
      std::vector<Win>& wins = wins_[seat * kNumSlots + slot];
      const auto count =
          std::min(static_cast<size_t>(std::ceil(static_cast<double>(wins.size()) * ratio)), wins.size());
      const auto smaller = [](const Win& a, const Win& b) { return a.key != b.key ? a.key < b.key : a.pv < b.pv; };
      if (count < wins.size()) {
        std::nth_element(wins.begin(), wins.begin() + static_cast<std::ptrdiff_t>(count), wins.end(), smaller);
      }
      for (size_t i = 0; i < count; ++i) {
        const int64_t pv = wins[i].pv;
        const BlockTopFour& top = tops_[static_cast<size_t>(pv / kBlockWidth)];
        lost_bids_[seat] += to_money(static_cast<double>(top.bid[slot][static_cast<size_t>(pv % kBlockWidth)]));
        lost_[static_cast<size_t>(pv)] |= uint64_t{1} << seat;
        affected_.push_back(pv);
      }
    }
  }
  std::sort(affected_.begin(), affected_.end());
  affected_.erase(std::unique(affected_.begin(), affected_.end()), affected_.end());
  return true;
}

void CellTick::clear_again(const TickContext& context, const SeatBids& bids) {
  const TickTraffic& tick = context.tick;
  const auto replace = [&](int64_t pv, const TopFour& changed) {
    tally(context, pv, top(pv), -1, sums_);
    tally(context, pv, changed, 1, sums_);
    tops_[static_cast<size_t>(pv / kBlockWidth)].set(static_cast<int>(pv % kBlockWidth), changed);
  };
  for (size_t first = 0, last = 0; first < affected_.size(); first = last) {
    const int64_t block = affected_[first] / kBlockWidth;
    while (last < affected_.size() && affected_[last] / kBlockWidth == block) ++last;
    // Where several impressions of a block are affected, the whole block is cleared faster than they are one by
    // one; a lost bid is then a value of 0.
    constexpr size_t kSeveral = 4;
    if (last - first < kSeveral) {
      for (size_t i = first; i < last; ++i) {
        const int64_t pv = affected_[i];
        replace(pv, clear_one(tick, pv, bids, lost_[static_cast<size_t>(pv)]));
      }
      continue;
    }
    alignas(64) std::array<float, kNumSeats * kBlockWidth> values;
    std::copy_n(tick.block_values(block), values.size(), values.begin());
    for (size_t i = first; i < last; ++i) {
      const auto lane = static_cast<size_t>(affected_[i] % kBlockWidth);
      for (uint64_t lost = lost_[static_cast<size_t>(affected_[i])]; lost != 0; lost &= lost - 1) {
        values[static_cast<size_t>(std::countr_zero(lost)) * kBlockWidth + lane] = 0.0F;
      }
    }
    BlockTopFour changed;
    clear_block(values.data(), bids, changed);
    for (size_t i = first; i < last; ++i) {
      replace(affected_[i], changed.get(static_cast<int>(affected_[i] % kBlockWidth)));
    }
  }
}

void CellTick::copy_impressions(const TickContext& context, const SeatBids& bids, Threads* threads,
                                TickImpressions& out) const {
  const TickTraffic& tick = context.tick;
  out.reset(tick.num_pv);
  const auto copy_rows = [&](int64_t first_pv, int64_t last_pv) {
    for (int64_t pv = first_pv; pv < last_pv; ++pv) {
      const size_t row = static_cast<size_t>(pv) * kNumSeats;
      const uint64_t lost_here = lost(pv);
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
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
      for (int slot = 0; slot < kNumSlots; ++slot) {
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
      out.least_winning_cost[static_cast<size_t>(pv)] = static_cast<double>(holders.price(kNumSlots - 1));
    }
  };
  if (threads != nullptr) {
    threads->parallel_for(tick.num_pv, kBlocksPerChunk * kBlockWidth, copy_rows);
  } else {
    copy_rows(0, tick.num_pv);
  }
}

}  // namespace genbid
