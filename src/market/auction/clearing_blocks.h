#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "market/auction/clearing.h"

// Auctions of 32 impressions at a time, by the widest SIMD instructions that the processor has (Highway: AVX-512, AVX2,
// SSE4, or none). All give the bits of clear_one and tally (clearing.h).
//
// How it works: a competing bid is a float in [reserve, 256]. Its bits, less those of the reserve, are a number below
// 2^28, and these numbers are in the order of the bids. That leaves four bits of 32, which hold the place of the bidder
// among sixteen, lower places first. So a bid and its bidder are one integer, ties are decided with it, and sorting
// sixteen of them takes nothing but minima and maxima:
//
//   float bid      0x1.9p+5             of number i among sixteen bidders
//       |
//   uint32 key     [ bits - base : 28 ][ 15 - i : 4 ]       0 in the upper bits: no bid
//       |          a sorting network on the keys of sixteen bidders, in every lane
//   best four of each sixteen
//       |          bid and seat apart again, since seats of all sixteens are too many for four bits
//   best four of all: BlockTopFour
//
// A reserve of a seat's own, above the tick's lowest, costs one comparison more, in a loop compiled for it.

namespace genbid::market {

// The bidders of a tick, one behind the other, filled up to whole sixteens with bids of 0.
struct PackedBids {
  PackedBids(const SeatBids& bids);

  std::array<float, kMaxSeats> value{};
  std::array<float, kMaxSeats> value_squared{};
  std::array<int32_t, kMaxSeats> row{};   // where the seat's values begin in a block
  std::array<int32_t, kMaxSeats> seat{};  // that has the place
  // By place, where seats have reserves of their own: the bits of the lowest bid that competes.
  std::array<int32_t, kMaxSeats> lowest_bits{};
  bool own_reserves = false;
  int num_places = 0;
  uint32_t base;                          // one less than the bits of the lowest bid that competes
  std::array<uint32_t, 16> key_offset{};  // by number in a sixteen: added to shifted bits, it makes a key
  bool plain = true;                      // no squares, and no bid can be above kMaxBid
  bool in_place = true;                   // every place is its seat's number, and `seat` is not needed
};

void clear_block(const float* block_values, const PackedBids& bids, BlockTopFour& top);

// What blocks brought, by seat, packed so that a single 256-bit addition counts what a slot brought its holder. There
// are four 64-bit numbers:
//
//   bits 0 to 51                bits 52 to 63
//   cost                        slots held
//   p-values of exposures       exposures
//   squares of these p-values   (all 64 bits)
//   cubes of these p-values     (all 64 bits)
//
// The counts fit for kMostCounted impressions; before they overflow, add_to() moves everything on.
struct BlockSums {
  static constexpr int kMostCounted = 4095;
  alignas(64) std::array<std::array<int64_t, 4>, kNoSeat + 1> seats;  // [kNoSeat]: what nobody holds; between: unused
  int64_t least_winning_cost;

  BlockSums() { clear(); }
  void clear();
  void add_to(int64_t sign, TickSums& sums) const;
};

// 32 impressions of a tick with their draws. Lanes from num_lanes on stand for no impression, and nobody holds a slot
// there.
struct BlockView {
  const float* values;   // [seat][lane]
  const uint8_t* shown;  // [lane]
  const float* draws;    // [slot][lane]
  const int64_t* pvs;    // [lane]: their numbers in the tick; null where these are first_pv + lane
  int64_t first_pv;
  int num_lanes;
};
inline BlockView view_of(const TickTraffic& tick, int64_t block) {
  return {tick.block_values(block), tick.block_shown(block), tick.block_draws(block), nullptr,
          block * kBlockWidth,      tick.lanes(block)};
}

// Counts what a block with these holders brings, as tally() does for one impression. Conversions and the bids of
// special seats go to `sums` at once, with the sign: 1 adds, -1 takes away. All else is added to `block_sums`, whatever
// the sign, because add_to() gives all of it one sign.
void tally_block(const TickContext& context, const SeatBids& bids, const BlockView& block, const BlockTopFour& top,
                 int64_t sign, BlockSums& block_sums, TickSums& sums);

// A bid that may be lost to over-spending, and the random number that decides.
struct DropKey {
  uint64_t key;
  uint64_t pv;
};
// Finds the impressions at which a seat holds a slot, in order, and draws the key of each: the first two words of the
// call with counter (pv, place_of(tick, seat), period). Returns how many they are; `wins` may be longer.
size_t find_wins(std::span<const BlockTopFour> tops, int slot, int seat, const RandomStream& stream, int64_t period,
                 int tick, std::vector<DropKey>& wins);

// Names of the instruction sets that this processor can run, the best one first. Tests can make one of them the only
// one from now on, or take the best again (null). Both concern traffic_blocks.h, too.
std::vector<const char*> simd_targets();
void use_simd_target(const char* name);

}  // namespace genbid::market
