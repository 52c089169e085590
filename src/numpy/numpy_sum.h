#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/convert.h"

// numpy.sum and numpy.mean of a vector (auctionnet.md 2.1.7), bit for bit, for anything that has terms value(0) ...
// value(n - 1): an array, a column of a matrix, a product. Buffers of 8192 terms are summed pairwise, in blocks of
// at most 128 terms, each in eight parts; the buffers' sums add up in order.

namespace genbid::numpy {

inline constexpr int64_t kSumBuffer = 8192;

// The sum of value(first) ... value(first + n - 1), n at most a buffer.
template <typename Value>
inline double pairwise_sum_from(int64_t first, int64_t n, const Value& value) {
  if (n < 8) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; ++i) sum += value(first + i);
    return sum;
  }
  if (n <= 128) {
    std::array<double, 8> part;
    for (int64_t k = 0; k < 8; ++k) at(part, k) = value(first + k);
    int64_t i = 8;
    for (; i + 8 <= n; i += 8) {
      for (int64_t k = 0; k < 8; ++k) at(part, k) += value(first + i + k);
    }
    double sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; i < n; ++i) sum += value(first + i);
    return sum;
  }
  const int64_t half = n / 2 - n / 2 % 8;
  const double left = pairwise_sum_from(first, half, value);
  return left + pairwise_sum_from(first + half, n - half, value);
}

template <typename Value>
inline double pairwise_sum(int64_t n, const Value& value) {
  double sum = 0.0;
  for (int64_t first = 0; first < n; first += kSumBuffer) {
    sum += pairwise_sum_from(first, std::min(kSumBuffer, n - first), value);
  }
  return sum;
}

template <typename Value>
inline double pairwise_mean(int64_t n, const Value& value) {
  return pairwise_sum(n, value) / as_double(n);
}

}  // namespace genbid::numpy
