#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "market/clearing.h"

// Auctions of 32 impressions at a time, by the widest SIMD instructions that the processor has (Highway: AVX-512, AVX2,
// SSE4, or none). All give the bits of clear_one and tally (clearing.h).
//
// How: a competing bid is a float in [1e-4, 256], whose bits, less those of the reserve, are a number below 2^28 in the
// same order. The four bits that are left hold the place of the bidder among sixteen, lower places first: so a bid and
// its bidder are one integer, ties included, and a sorting network on sixteen of them is minima and maxima alone. The
// best four of each sixteen are then merged, now with the seat beside the bid.

namespace genbid {

void clear_block(const float* block_values, const SeatBids& bids, BlockTopFour& top);

// What blocks brought, added up in 64-bit lanes: cost, p-values and bids where exposed, and four counters of 16 bits
// (slots 1 to 3 held, exposures), which overflow after 65,535 impressions.
struct BlockSums {
  alignas(64) std::array<std::array<int64_t, 4>, kMaxSeats + 1> seats{};  // the last: of nobody
  int64_t least_winning_cost = 0;

  void add_to(TickSums& sums) const;
};

// tally() of the first lanes(block) impressions of a block; conversions go to `sums` at once, the rest to `block_sums`.
void tally_block(const TickContext& context, int64_t block, const BlockTopFour& top, BlockSums& block_sums,
                 TickSums& sums);

// Appends the impressions of a block at which a seat holds a slot.
void find_wins(const BlockTopFour& top, int slot, int seat, int64_t first_pv, std::vector<int64_t>& pvs);

// Names of the instruction sets that this processor can run, best first; and for tests: only this one from now on
// (nothing: the best again). These govern traffic_blocks.h, too.
std::vector<const char*> simd_targets();
void use_simd_target(const char* name);

}  // namespace genbid
