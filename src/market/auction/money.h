#pragma once

#include <cmath>
#include <cstdint>

#include "base/convert.h"

// Sums that do not depend on the order of their terms: integers of a fixed unit. Money counts in 2^-32 of a cell's unit
// of bids (market/cell.h: bid_unit), sums of p-values in 2^-40, sums of their squares and cubes in 2^-50.

namespace genbid::market {

// A sum of money, or of p-values. 64 bits would hold 2^31 units of money or 2^23 p-values of 1, which is less than what
// large days of other currencies come to. 128 bits hold whatever a market admits (kMostMoney, a hundred million
// impressions at kMaxBid).
__extension__ typedef __int128 WideSum;  // NOLINT(modernize-use-using): __extension__ needs typedef

// Bids above this, in units of bids, count as this much. A block's sums (clearing_blocks.h) have room for 4095 of them,
// and the bits of a bid fit beside the number of its bidder.
inline constexpr float kMaxBid = 256.0F;
// No campaign may have a higher budget or CPA limit.
inline constexpr double kMostMoney = 1e24;

// Rounds to the nearest unit, and to the even one where two are as near: what adding 2^20 leaves in the last bits of a
// double, which is how clearing_blocks does it.
inline int64_t to_money(double value) { return std::llrint(value * 0x1p32); }
// Rounds down, so that nobody can spend more than there is.
inline WideSum budget_to_money(double budget) { return static_cast<WideSum>(budget * 0x1p32); }
inline double from_money(WideSum money) { return as_double(money) * 0x1p-32; }

inline int64_t to_expected(float pvalue) { return std::llrint(as_double(pvalue) * 0x1p40); }
inline double from_expected(WideSum sum) { return as_double(sum) * 0x1p-40; }

// A p-value's square, which a double holds exactly for a float, or its cube.
inline int64_t to_power(double power) { return std::llrint(power * 0x1p50); }
inline double from_power(WideSum sum) { return as_double(sum) * 0x1p-50; }

}  // namespace genbid::market
