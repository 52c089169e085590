#include "market/corrected/cell_tick.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <string>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"

namespace genbid::market {
namespace {

// Clearing so many blocks takes about 20 microseconds. Less is not worth handing to other threads.
constexpr int64_t kWorthSplitting = 64;

// Clears impressions of a tick again, without the bids that were lost there, and adds up what that changes.
//
// Where many impressions of a block are affected the whole block is copied, and in the copy the value behind a lost bid
// becomes 0. What the block brought is taken away and what it brings now is added, so that impressions which came out
// as before cancel out. Where few are affected they are collected, 32 from all over the tick, in a block of their own.
class Again {
 public:
  // What changed is counted twice, as it was and as it is. Where a pass affects most blocks that is more work than
  // counting all blocks anew, once.
  enum class Counting { kChanges, kAll };

  Again(const TickContext& context, const SeatBids& seat_bids, const PackedBids& bids, std::vector<BlockTopFour>& tops,
        const std::vector<uint64_t>& lost, const std::vector<uint32_t>& lost_lanes, Counting counting)
      : context_(context),
        tick_(context.tick),
        seat_bids_(seat_bids),
        bids_(bids),
        tops_(tops),
        lost_(lost),
        lost_lanes_(lost_lanes),
        counting_(counting) {}

  void clear(int64_t block, uint32_t lanes) {
    constexpr int kMany = 6;
    if (lanes == 0) return;
    if (std::popcount(lanes) >= kMany) {
      clear_whole(block);
      return;
    }
    for (; lanes != 0; lanes &= lanes - 1) {
      collect(block * kBlockWidth + std::countr_zero(lanes));
      if (count_ == kBlockWidth) clear_collected();
    }
  }
  void finish() {
    if (count_ > 0) clear_collected();
    if (counting_ == Counting::kChanges) add_sums();
  }
  // Where all are counted: to be called once these blocks are cleared.
  void count(int64_t first_block, int64_t last_block) {
    for (int64_t block = first_block; block < last_block; ++block) {
      tally_block(context_, seat_bids_, view_of(tick_, block), at(tops_, block), 1, brought_, sums_);
      count_in(kBlockWidth);
    }
    add_sums();
  }
  const TickSums& sums() const { return sums_; }

 private:
  void clear_whole(int64_t block) {
    const BlockView view = view_of(tick_, block);
    const BlockTopFour& top = at(tops_, block);
    tally(view, top, -1, taken_);
    clear_copy(block);
    tally(view, top, 1, brought_);
    count_in(kBlockWidth);
  }

  void clear_copy(int64_t block) {
    const float* from = tick_.block_values(block);
    for (size_t place = 0; place < to_size(bids_.num_places); ++place) {
      const auto row = to_size(bids_.row[place]);
      std::copy_n(from + row, kBlockWidth, values_.data() + row);
    }
    const auto first_pv = to_size(block * kBlockWidth);
    for (uint32_t lanes = at(lost_lanes_, block); lanes != 0; lanes &= lanes - 1) {
      const auto lane = to_size(std::countr_zero(lanes));
      lose(first_pv + lane, lane);
    }
    clear_block(values_.data(), bids_, at(tops_, block));
  }

  void collect(int64_t pv) {
    const auto lane = to_size(count_++);
    const float* from = tick_.block_values(pv / kBlockWidth) + pv % kBlockWidth;
    for (size_t place = 0; place < to_size(bids_.num_places); ++place) {
      const auto row = to_size(bids_.row[place]);
      collected_[row + lane] = from[row];
    }
    for (int slot = 0; slot < kNumSlots; ++slot) {
      draws_[to_size(slot) * kBlockWidth + lane] = tick_.draw(pv, slot);
    }
    shown_[lane] = static_cast<uint8_t>(tick_.shown(pv));
    pvs_[lane] = pv;
    top_.set(to_int(lane), at(tops_, pv / kBlockWidth).get(to_int(pv % kBlockWidth)));
  }

  void clear_collected() {
    const BlockView view{collected_.data(), shown_.data(), draws_.data(), pvs_.data(), 0, count_};
    leave_rest_empty();
    tally(view, top_, -1, taken_);
    values_ = collected_;
    for (size_t lane = 0; lane < to_size(count_); ++lane) lose(to_size(pvs_[lane]), lane);
    clear_block(values_.data(), bids_, top_);
    leave_rest_empty();
    tally(view, top_, 1, brought_);
    for (int lane = 0; lane < count_; ++lane) {
      const int64_t pv = at(pvs_, lane);
      at(tops_, pv / kBlockWidth).set(to_int(pv % kBlockWidth), top_.get(lane));
    }
    count_in(count_);
    count_ = 0;
  }

  void tally(const BlockView& view, const BlockTopFour& top, int64_t sign, BlockSums& to) {
    if (counting_ == Counting::kChanges) tally_block(context_, seat_bids_, view, top, sign, to, sums_);
  }
  void lose(size_t pv, size_t lane) {
    for (uint64_t lost = lost_[pv]; lost != 0; lost &= lost - 1) {
      values_[to_size(std::countr_zero(lost)) * kBlockWidth + lane] = 0.0F;
    }
  }
  void leave_rest_empty() {
    for (int lane = count_; lane < kBlockWidth; ++lane) top_.set(lane, TopFour());
  }
  void count_in(int lanes) {
    num_counted_ += lanes;
    if (num_counted_ + kBlockWidth > BlockSums::kMostCounted) add_sums();
  }
  void add_sums() {
    taken_.add_to(-1, sums_);
    brought_.add_to(1, sums_);
    taken_.clear();
    brought_.clear();
    num_counted_ = 0;
  }

  const TickContext& context_;
  const TickTraffic& tick_;
  const SeatBids& seat_bids_;
  const PackedBids& bids_;
  std::vector<BlockTopFour>& tops_;
  const std::vector<uint64_t>& lost_;
  const std::vector<uint32_t>& lost_lanes_;
  Counting counting_;
  TickSums sums_;
  BlockSums taken_, brought_;
  int num_counted_ = 0;
  // All lanes of a block are cleared and counted, also those that stand for no impression, so they must be numbers,
  // too.
  alignas(64) std::array<float, kMaxSeats * kBlockWidth> values_{};  // without what was lost
  // Collected impressions.
  alignas(64) std::array<float, kMaxSeats * kBlockWidth> collected_{};
  alignas(64) std::array<float, kNumSlots * kBlockWidth> draws_{};
  std::array<uint8_t, kBlockWidth> shown_{};
  std::array<int64_t, kBlockWidth> pvs_{};
  BlockTopFour top_;
  int count_ = 0;
};

}  // namespace

TopFour CellTick::top(int64_t pv) const { return at(tops_, pv / kBlockWidth).get(to_int(pv % kBlockWidth)); }

int CellTick::play(const TickContext& context, const SeatBids& bids, std::span<const WideSum> remaining,
                   Threads* threads) {
  lost_bids_.fill(0);
  lost_pvalues_.fill(0);
  any_lost_ = false;
  const PackedBids packed(bids);
  clear_all(context, bids, packed, threads);
  int num_passes = 1;
  for (; drop_wins(context, bids, remaining, threads); ++num_passes) clear_again(context, bids, packed, threads);
  return num_passes;
}

void CellTick::clear_all(const TickContext& context, const SeatBids& bids, const PackedBids& packed, Threads* threads) {
  const TickTraffic& tick = context.tick;
  if (tops_.size() < to_size(tick.num_blocks)) {
    tops_.resize(to_size(tick.num_blocks));
  }
  sums_ = {};
  std::mutex mutex;
  const auto clear_chunks = [&](int64_t first_chunk, int64_t last_chunk) {
    TickSums sums;
    for (int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      BlockSums block_sums;  // its counters have room for a chunk
      const int64_t last = std::min((chunk + 1) * kBlocksPerChunk, tick.num_blocks);
      for (int64_t block = chunk * kBlocksPerChunk; block < last; ++block) {
        BlockTopFour& top = at(tops_, block);
        clear_block(tick.block_values(block), packed, top);
        tally_block(context, bids, view_of(tick, block), top, 1, block_sums, sums);
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

bool CellTick::drop_wins(const TickContext& context, const SeatBids& bids, std::span<const WideSum> remaining,
                         Threads* threads) {
  const TickTraffic& tick = context.tick;
  const auto num_blocks = to_size(tick.num_blocks);
  size_t num_lists = 0;
  for (size_t seat = 0; seat < remaining.size(); ++seat) {
    if (sums_.seats[seat].cost <= remaining[seat]) continue;
    const double cost = from_money(sums_.seats[seat].cost);
    // Above 0 even where both round to the same double.
    constexpr double kLeast = std::numeric_limits<double>::min();
    const double ratio = std::max(overspent_share(cost, from_money(remaining[seat])), kLeast);
    for (int slot = 0; slot < tick.num_slots; ++slot) {
      if (num_lists == drops_.size()) drops_.emplace_back();
      Drops& list = drops_[num_lists++];
      list.seat = to_int(seat);
      list.slot = slot;
      list.ratio = ratio;
    }
  }
  if (num_lists == 0) return false;
  if (!any_lost_) {
    lost_.assign(num_blocks * kBlockWidth, 0);
    lost_lanes_.assign(num_blocks, 0);
    any_lost_ = true;
  }

  const auto choose = [&](int64_t first, int64_t last) {
    for (auto i = to_size(first); i < to_size(last); ++i) {
      choose_drops(context, drops_[i]);
      drops_[i].lost = sum_of_drops(context, bids, drops_[i]);
    }
  };
  const auto num_scans = to_signed(num_lists * num_blocks);
  if (threads != nullptr && num_scans > 16 * kWorthSplitting) {
    threads->parallel_for(to_signed(num_lists), 1, choose);
  } else {
    choose(0, to_signed(num_lists));
  }

  affected_.assign(num_blocks, 0);
  size_t num_dropped = 0;
  for (size_t i = 0; i < num_lists; ++i) {
    const Drops& list = drops_[i];
    const auto seat = to_size(list.seat);
    ((bids.special >> seat & 1U) != 0 ? lost_bids_ : lost_pvalues_)[seat] += list.lost;
    num_dropped += list.count;
    for (size_t k = 0; k < list.count; ++k) {
      const size_t pv = list.wins[k].pv;
      const size_t block = pv / kBlockWidth;
      const size_t lane = pv % kBlockWidth;
      lost_[pv] |= uint64_t{1} << list.seat;
      affected_[block] |= uint32_t{1} << lane;
    }
  }
  if (num_dropped == 0) {
    const auto seat = to_size(drops_[0].seat);
    throw Error("period " + std::to_string(context.factors.period) + ", tick " + std::to_string(tick.tick) + ", seat " +
                std::to_string(seat) + ": found cost " + shortest(from_money(sums_.seats[seat].cost)) +
                " and remaining budget " + shortest(from_money(remaining[seat])) +
                ", but no slot held that could be lost");
  }
  for (size_t block = 0; block < num_blocks; ++block) lost_lanes_[block] |= affected_[block];
  return true;
}

WideSum CellTick::sum_of_drops(const TickContext& context, const SeatBids& bids, const Drops& list) const {
  const bool special = (bids.special >> list.seat & 1U) != 0;
  WideSum sum = 0;
  for (size_t k = 0; k < list.count; ++k) {
    const size_t pv = list.wins[k].pv;
    if (special) {
      const BlockTopFour& top = tops_[pv / kBlockWidth];
      sum += to_money(as_double(at(top.bid, list.slot)[pv % kBlockWidth]));
    } else {
      sum += to_expected(context.tick.value(to_signed(pv), list.seat));
    }
  }
  return sum;
}

void CellTick::recount(const TickContext& truth, uint64_t seats, TickSums& sums) const {
  const TickTraffic& tick = truth.tick;
  for (size_t s = 0; s < sums.seats.size(); ++s) {
    if ((seats >> s & 1U) == 0) continue;
    SeatSums& sum = sums.seats[s];
    sum.conversions = 0;
    sum.pvalue_exposed = sum.squared_exposed = sum.cubed_exposed = 0;
  }
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    const TopFour holders = top(pv);
    const int num_shown = std::min(tick.shown(pv), tick.num_slots);
    for (int slot = 0; slot < num_shown; ++slot) {
      const int seat = at(holders.seat, slot);
      if (seat == kNoSeat) break;
      if ((seats >> seat & 1U) == 0) continue;
      SeatSums& sum = at(sums.seats, seat);
      const float value = tick.value(pv, seat);
      const double squared = as_double(value) * as_double(value);
      sum.pvalue_exposed += to_expected(value);
      sum.squared_exposed += to_power(squared);
      sum.cubed_exposed += to_power(squared * as_double(value));
      if (truth.traffic.converts(truth.factors, tick.tick, pv, seat, value, tick.draw(pv, slot))) ++sum.conversions;
    }
  }
}

WideSum CellTick::least_winning_cost(const TickTraffic& tick, float reserve) const {
  WideSum sum = 0;
  for (int64_t block = 0; block < tick.num_blocks; ++block) {
    const auto& below = at(at(tops_, block).bid, tick.num_slots);
    for (size_t lane = 0; lane < to_size(tick.lanes(block)); ++lane) {
      sum += to_money(as_double(slot_price(below[lane], reserve)));
    }
  }
  return sum;
}

double CellTick::sum_of_lost_bids(const SeatBids& bids, int seat) const {
  const auto s = to_size(seat);
  if ((bids.special >> seat & 1U) != 0) return from_money(lost_bids_[s]);
  return as_double(bids.value[s]) * from_expected(lost_pvalues_[s]);
}

void CellTick::choose_drops(const TickContext& context, Drops& list) const {
  const auto tops = std::span(tops_).first(to_size(context.tick.num_blocks));
  const size_t held =
      find_wins(tops, list.slot, list.seat, keys_, context.factors.period, context.tick.tick, list.wins);
  list.count = std::min(static_cast<size_t>(std::ceil(as_double(held) * list.ratio)), held);
  if (list.count == held) return;

  // Finds the `count` smallest keys. Keys are uniform from the lowest one up, since those below it were lost in earlier
  // passes, so the last one to be lost is near a known place. What is clearly below it goes to the front, what is
  // clearly above it is left out, and only what is near it has to be sorted out.
  const auto smaller = [](const DropKey& a, const DropKey& b) { return a.key != b.key ? a.key < b.key : a.pv < b.pv; };
  const auto n = as_double(held);
  uint64_t lowest = list.wins[0].key;
  for (size_t i = 1; i < held; ++i) lowest = std::min(lowest, list.wins[i].key);
  const double from = as_double(lowest) * 0x1p-64;
  const double share = as_double(list.count) / n;
  const double margin = 4.0 * std::sqrt(share * (1.0 - share) / n) + 2.0 / n;
  const auto key_at = [from](double place) {
    return static_cast<uint64_t>(std::clamp(from + (1.0 - from) * place, 0.0, 0x1.fffffp-1) * 0x1p64);
  };
  const uint64_t low = key_at(share - margin);
  const uint64_t high = key_at(share + margin);
  if (list.near.size() < held) list.near.resize(held);
  size_t num_below = 0;
  size_t num_near = 0;
  for (size_t i = 0; i < held; ++i) {
    const DropKey one = list.wins[i];
    list.wins[num_below] = one;
    list.near[num_near] = one;
    const bool below = one.key < low;
    num_below += below ? 1 : 0;
    num_near += !below && one.key < high ? 1 : 0;
  }
  if (num_below <= list.count && list.count <= num_below + num_near) {
    const auto last = list.near.begin() + to_signed(list.count - num_below);
    std::nth_element(list.near.begin(), last, list.near.begin() + to_signed(num_near), smaller);
    std::copy(list.near.begin(), last, list.wins.begin() + to_signed(num_below));
    return;
  }
  // These keys are not so uniform, because they are few, or of bids that moved up. All of them are sorted out.
  find_wins(tops, list.slot, list.seat, keys_, context.factors.period, context.tick.tick, list.wins);
  const auto begin = list.wins.begin();
  std::nth_element(begin, begin + to_signed(list.count), begin + to_signed(held), smaller);
}

void CellTick::clear_again(const TickContext& context, const SeatBids& bids, const PackedBids& packed,
                           Threads* threads) {
  const auto num_blocks = std::ssize(affected_);
  const int64_t num_affected = num_blocks - std::count(affected_.begin(), affected_.end(), 0U);
  const auto counting = 2 * num_affected > num_blocks ? Again::Counting::kAll : Again::Counting::kChanges;
  if (counting == Again::Counting::kAll) sums_ = {};
  std::mutex mutex;
  const auto clear_blocks = [&](int64_t first, int64_t last) {
    Again again(context, bids, packed, tops_, lost_, lost_lanes_, counting);
    for (int64_t block = first; block < last; ++block) again.clear(block, at(affected_, block));
    again.finish();
    if (counting == Again::Counting::kAll) again.count(first, last);
    const std::lock_guard lock(mutex);
    sums_.add(again.sums());
  };
  if (threads != nullptr && num_affected > kWorthSplitting) {
    threads->parallel_for(num_blocks, kBlocksPerChunk, clear_blocks);
  } else {
    clear_blocks(0, num_blocks);
  }
}

void CellTick::copy_impressions(const TickContext& context, const SeatBids& bids, double unit, Threads* threads,
                                TickImpressions& out) const {
  const TickTraffic& tick = context.tick;
  out.reset(tick.num_pv, tick.num_seats);
  const auto num_seats = to_size(tick.num_seats);
  const auto copy_rows = [&](int64_t first_pv, int64_t last_pv) {
    for (int64_t pv = first_pv; pv < last_pv; ++pv) {
      const size_t row = to_size(pv) * num_seats;
      const uint64_t lost_here = lost(pv);
      for (size_t seat = 0; seat < num_seats; ++seat) {
        const int s = to_int(seat);
        const float value = tick.value(pv, s);
        out.pvalue[row + seat] = as_double(value);
        out.sigma[row + seat] = as_double(context.traffic.sigma(context.factors, tick.tick, pv, s, value));
        const bool taken = (lost_here >> seat & 1U) != 0;
        out.bid[row + seat] =
            taken ? 0.0 : unit * as_double(asked_bid(bids.value[seat], bids.value_squared[seat], value));
      }
      // As in tally().
      const TopFour holders = top(pv);
      const int num_shown = tick.shown(pv);
      for (int slot = 0; slot < tick.num_slots; ++slot) {
        const int seat = at(holders.seat, slot);
        if (seat == kNoSeat) break;
        const size_t place = row + to_size(seat);
        out.slot[place] = static_cast<uint8_t>(slot + 1);
        out.price[place] = unit * as_double(holders.price(slot, at(bids.reserve_of, seat)));
        if (slot >= num_shown) continue;
        out.exposed[place] = 1;
        out.conversion[place] =
            context.traffic.converts(context.factors, tick.tick, pv, seat, tick.value(pv, seat), tick.draw(pv, slot))
                ? 1
                : 0;
      }
      at(out.least_winning_cost, pv) = unit * as_double(holders.price(tick.num_slots - 1, bids.reserve));
    }
  };
  if (threads != nullptr) {
    threads->parallel_for(tick.num_pv, kBlocksPerChunk * kBlockWidth, copy_rows);
  } else {
    copy_rows(0, tick.num_pv);
  }
}

void CellTick::copy_ladder(const TickTraffic& tick, float unit, TickLadder& out) const {
  const auto num_blocks = to_size(tick.num_blocks);
  out.tops.assign(tops_.begin(), tops_.begin() + tick.num_blocks);
  if (unit != 1.0F) {
    for (BlockTopFour& top : out.tops) {
      for (auto& bids : top.bid) {
        for (float& bid : bids) bid *= unit;
      }
    }
  }
  out.blocks.resize(num_blocks);
  for (size_t b = 0; b < num_blocks; ++b) {
    const auto block = to_signed(b);
    out.blocks[b] = {tick.block_values(block), &out.tops[b], tick.lanes(block)};
  }
}

}  // namespace genbid::market
