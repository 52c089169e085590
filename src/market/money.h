#pragma once

#include <cstdint>

// Sums that do not depend on the order of their terms: integers of a fixed unit. Money counts in 2^-32, sums of
// p-values in 2^-40.

namespace genbid {

// Bids above this count as this much, so that the sums of a tick cannot overflow: 256 times the impressions of
// the largest tick of a market of 100 million impressions (at most 7.5 million) stays below 2^31 units of money.
inline constexpr float kMaxBid = 256.0F;

inline int64_t to_money(double value) { return static_cast<int64_t>(value * 0x1p32); }
inline double from_money(int64_t money) { return static_cast<double>(money) * 0x1p-32; }

inline int64_t to_expected(float pvalue) { return static_cast<int64_t>(static_cast<double>(pvalue) * 0x1p40); }
inline double from_expected(int64_t sum) { return static_cast<double>(sum) * 0x1p-40; }

}  // namespace genbid
