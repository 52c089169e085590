#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "market/auction/clearing.h"

// Auctions of 32 impressions at a time, by the widest SIMD instructions that the processor has (Highway: AVX-512, AVX2,
// SSE4, or none). All give the bits of clear_one and tally (clearing.h).
//
// How: a competing bid is a float in [reserve, 256], whose bits, less those of the reserve, are a number below 2^28 in
// the same order. The four bits that are left hold the place of the bidder among sixteen, lower places first: so a bid
// and its bidder are one integer, ties included, and a sorting network on sixteen of them is minima and maxima alone.
// The best four of each sixteen are then merged, now with the seat beside the bid.

namespace genbid::market {

// The bidders of a tick, one behind the other, filled up to whole sixteens with bids of 0.
struct PackedBids {
  PackedBids(const SeatBids& bids);

  std::array<float, kMaxSeats> value{};
  std::array<float, kMaxSeats> value_squared{};
  std::array<int32_t, kMaxSeats> row{};   // where the seat's values begin in a block
  std::array<int32_t, kMaxSeats> seat{};  // of the place
  int num_places = 0;
  uint32_t base;                          // below the bits of the lowest bid that competes
  std::array<uint32_t, 16> key_offset{};  // of number i of a sixteen: what makes a bid's bits its key
  bool plain = true;                      // no squares, and no bid can be above kMaxBid
  bool in_place = true;                   // every place is its seat's number
};

void clear_block(const float* block_values, const PackedBids& bids, BlockTopFour& top);

// What blocks brought, added up in fours of 64-bit numbers: cost, and p-values of exposures, below 2^52, with slots
// held and exposures counted above; then squares and cubes of these p-values. Good for kMostCounted impressions.
struct BlockSums {
  static constexpr int kMostCounted = 4095;
  alignas(64) std::array<std::array<int64_t, 4>, kNoSeat + 1> seats;  // [kNoSeat]: of nobody; between: unused
  int64_t least_winning_cost;

  BlockSums() { clear(); }
  void clear();
  void add_to(int64_t sign, TickSums& sums) const;
};

// 32 impressions of a tick with their draws. Nobody holds a slot in lanes that are none.
struct BlockView {
  const float* values;   // [seat][lane]
  const uint8_t* shown;  // [lane]
  const float* draws;    // [slot][lane]
  const int64_t* pvs;    // [lane]; null: first_pv + lane
  int64_t first_pv;
  int num_lanes;
};
inline BlockView view_of(const TickTraffic& tick, int64_t block) {
  return {tick.block_values(block), tick.block_shown(block), tick.block_draws(block), nullptr,
          block * kBlockWidth,      tick.lanes(block)};
}

// Adds (sign 1) or takes away (sign -1) what a block with these holders brings, as tally(): conversions and special
// seats' bids to `sums` at once, the rest to `block_sums`, whose sign is its owner's affair.
void tally_block(const TickContext& context, const SeatBids& bids, const BlockView& block, const BlockTopFour& top,
                 int64_t sign, BlockSums& block_sums, TickSums& sums);

// A bid that may be lost to over-spending, and the random number that decides.
struct DropKey {
  uint64_t key;
  uint64_t pv;
};
// Where a seat holds a slot, in order, with the keys of its bids: the first two words of the call with counter
// (pv, place_of(tick, seat), period). Returns their number; `wins` may be longer.
size_t find_wins(std::span<const BlockTopFour> tops, int slot, int seat, const RandomStream& stream, int64_t period,
                 int tick, std::vector<DropKey>& wins);

// Names of the instruction sets that this processor can run, best first; and for tests: only this one from now on
// (nothing: the best again). These govern traffic_blocks.h, too.
std::vector<const char*> simd_targets();
void use_simd_target(const char* name);

}  // namespace genbid::market
