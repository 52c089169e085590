#pragma once

#include <cmath>
#include <cstdint>

// Sums that do not depend on the order of their terms: integers of a fixed unit. Money counts in 2^-32, sums of
// p-values in 2^-40.

namespace genbid {

// Bids above this count as this much, so that the sums of a tick cannot overflow: 256 times the impressions of
// the largest tick of a market of 100 million impressions (at most 7.5 million) stays below 2^31 units of money.
inline constexpr float kMaxBid = 256.0F;

// The nearest number of units, of two the even one: what adding 2^20 leaves in a double's last bits (clearing_blocks).
inline int64_t to_money(double value) { return std::llrint(value * 0x1p32); }
// Never more than there is.
inline int64_t budget_to_money(double budget) { return static_cast<int64_t>(budget * 0x1p32); }
inline double from_money(int64_t money) { return static_cast<double>(money) * 0x1p-32; }

inline int64_t to_expected(float pvalue) { return std::llrint(static_cast<double>(pvalue) * 0x1p40); }
inline double from_expected(int64_t sum) { return static_cast<double>(sum) * 0x1p-40; }

}  // namespace genbid
