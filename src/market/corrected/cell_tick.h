#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/convert.h"
#include "base/random/random.h"
#include "base/threads.h"
#include "market/auction/clearing_blocks.h"
#include "market/auction/impressions.h"
#include "market/auction/ladder.h"

namespace genbid::market {

// One tick of one cell: clears the auction and keeps everybody within budget. Its memory is reused from tick to tick;
// the result depends on nothing but the arguments.
//
// Budgets (auctionnet.md 2.6): while the cost of some seats exceeds their budget, each of them loses, in each slot,
// ceil(its wins * ratio) of its wins there, where ratio = (cost - remaining) / (cost + 1e-4). It loses those with the
// smallest random keys of (period, tick, impression, seat). A bid lost so is 0 from then on, and the impression is
// cleared again. Every pass takes at least one win of every such seat, so this comes to an end; a pass that finds none
// to take is an Error.
//
//   clear_all     every block is cleared and counted: tops_, sums_
//       |
//   drop_wins     who spent too much? their lost bids are marked in lost_     nobody: done
//       |                                                               ^
//   clear_again   affected blocks, without what was lost: tops_, sums_  |
//       +---------------------------------------------------------------+
class CellTick {
 public:
  explicit CellTick(uint64_t seed) : keys_(seed, "market.budget") {}

  // `remaining` is what each seat may spend, in units of money.h; a seat without money must not bid. With `threads` the
  // blocks are split over them. Returns the number of clearing passes, the first included.
  int play(const TickContext& context, const SeatBids& bids, std::span<const WideSum> remaining, Threads* threads);

  const TickSums& sums() const { return sums_; }
  // Sum of the tick's least winning costs for a seat of this reserve, in units of money.h.
  WideSum least_winning_cost(const TickTraffic& tick, float reserve) const;
  // Counts the exposures of these seats (bits) once more, by the values of `truth`, a tick of as many impressions. What
  // comes out (p-values, their powers, conversions) takes the place of what `sums` has.
  void recount(const TickContext& truth, uint64_t seats, TickSums& sums) const;
  // Sum of the bids that a seat lost.
  double sum_of_lost_bids(const SeatBids& bids, int seat) const;
  // The outcome of one impression, and the seats (a bit mask) whose bids there were lost.
  TopFour top(int64_t pv) const;
  uint64_t lost(int64_t pv) const { return any_lost_ ? at(lost_, pv) : 0; }
  // Copies all impressions of the tick just played with these arguments, as doubles, with money multiplied by `unit`.
  void copy_impressions(const TickContext& context, const SeatBids& bids, double unit, Threads* threads,
                        TickImpressions& out) const;
  // Copies their highest bids, multiplied by `unit`. Values are not copied: the ladder points to those of the traffic.
  void copy_ladder(const TickTraffic& tick, float unit, TickLadder& out) const;

 private:
  void clear_all(const TickContext& context, const SeatBids& bids, const PackedBids& packed, Threads* threads);
  // What a seat loses in a slot: the first `count` of `wins`.
  struct Drops {
    int seat = 0;
    int slot = 0;
    double ratio = 0.0;
    std::vector<DropKey> wins;
    size_t count = 0;
    WideSum lost = 0;           // what these add to lost_bids_ or lost_pvalues_
    std::vector<DropKey> near;  // scratch
  };

  // Chooses what is lost and marks it. False if nobody spent too much.
  bool drop_wins(const TickContext& context, const SeatBids& bids, std::span<const WideSum> remaining,
                 Threads* threads);
  void choose_drops(const TickContext& context, Drops& list) const;
  WideSum sum_of_drops(const TickContext& context, const SeatBids& bids, const Drops& list) const;
  // Clears the affected impressions without the bids lost there.
  void clear_again(const TickContext& context, const SeatBids& bids, const PackedBids& packed, Threads* threads);

  RandomStream keys_;
  std::vector<BlockTopFour> tops_;
  TickSums sums_;
  // In units of money.h: lost bids of special seats (clearing.h), p-values of the others' lost bids.
  std::array<WideSum, kMaxSeats> lost_bids_{};
  std::array<WideSum, kMaxSeats> lost_pvalues_{};
  std::vector<uint64_t> lost_;  // by impression; valid if any_lost_
  bool any_lost_ = false;
  std::vector<uint32_t> lost_lanes_;  // lanes (bits) with lost bids, by block; valid if any_lost_
  std::vector<uint32_t> affected_;    // lanes (bits) to clear again, by block
  std::vector<Drops> drops_;
};

}  // namespace genbid::market
