#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

// Conversions between numbers, by name. Places and counts are signed in this program (int, int64_t) and containers
// count in size_t, so every other subscript would need a cast. With these names, a cast that is left is one to look at.
// With assertions a number that the target cannot hold stops the program; without them these functions are the casts.

namespace genbid {

// A place or count as containers want it.
template <std::integral I>
constexpr size_t to_size(I n) {
  if constexpr (std::is_signed_v<I>) assert(n >= 0);
  return static_cast<size_t>(n);
}

// The other way: a place or count as this program keeps it. std::ssize(v) does it for v.size().
template <std::integral I>
constexpr int64_t to_signed(I n) {
  assert(std::in_range<int64_t>(n));
  return static_cast<int64_t>(n);
}

template <std::integral I>
constexpr int to_int(I n) {
  assert(std::in_range<int>(n));
  return static_cast<int>(n);
}

// container[i] for whatever has operator[] and size(). Pointers take signed places as they are.
template <typename Container, std::integral I>
constexpr decltype(auto) at(Container&& container, I i) {
  assert(std::in_range<size_t>(i) && static_cast<size_t>(i) < container.size());
  return container[static_cast<size_t>(i)];
}

// A whole number beyond 2^53 (2^24 as float) is rounded, and a double rounded to float.
template <typename Number>
constexpr double as_double(Number number) {
  return static_cast<double>(number);
}

template <typename Number>
constexpr float as_float(Number number) {
  return static_cast<float>(number);
}

// The two halves of a number as counters of random numbers have them (base/random): a negative one has its bits.
template <std::integral I>
constexpr uint32_t low_word(I n) {
  return static_cast<uint32_t>(n);
}

template <std::integral I>
requires(sizeof(I) == 8) constexpr uint32_t high_word(I n) {
  return static_cast<uint32_t>(static_cast<uint64_t>(n) >> 32);
}

}  // namespace genbid
