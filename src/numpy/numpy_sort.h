#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <span>
#include <utility>

#include "base/convert.h"

// argsort of NumPy 1.24 (auctionnet.md 2.1.8): an introsort that is not stable, so the order of equal keys is
// its own; the official auction decides ties by it. NaN is not expected among the keys.

namespace genbid::numpy {

// Sorts order[0, n) by the keys that it names. NumPy turns to this when partitions go badly wrong.
template <typename Key, typename Index>
void heap_argsort(const Key* keys, Index* order, size_t n) {
  const auto less = [keys](Index a, Index b) { return keys[to_size(a)] < keys[to_size(b)]; };
  // Moves `item` down from `place` until no child is greater.
  const auto sift = [&](Index item, size_t place, size_t size) {
    for (size_t child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && less(order[child], order[child + 1])) ++child;
      if (!less(item, order[child])) break;
      order[place] = order[child];
      place = child;
    }
    order[place] = item;
  };
  for (size_t place = n / 2; place-- > 0;) sift(order[place], place, n);
  for (size_t size = n; size-- > 1;) {
    const Index item = order[size];
    order[size] = order[0];
    sift(item, 0, size);
  }
}

// order becomes the permutation that sorts keys ascending; both have the same length.
template <typename Key, typename Index>
void argsort(std::span<const Key> keys_span, std::span<Index> order_span) {
  assert(keys_span.size() == order_span.size());
  const Key* keys = keys_span.data();
  Index* order = order_span.data();
  const size_t n = order_span.size();
  for (size_t i = 0; i < n; ++i) order[i] = static_cast<Index>(i);
  if (n < 2) return;

  const auto key = [keys, order](size_t place) { return keys[to_size(order[place])]; };
  struct Range {
    size_t low, high;  // both inside
    int depth;         // partitions left before the heap sort
  };
  // The larger part waits, so the stack is never deeper than log2(n).
  std::array<Range, 64> waiting;
  size_t num_waiting = 0;
  Range range = {0, n - 1, 2 * (to_int(std::bit_width(n)) - 1)};
  for (;;) {
    if (range.depth < 0) {
      heap_argsort(keys, order + range.low, range.high - range.low + 1);
    } else {
      while (range.high - range.low > 15) {
        const size_t low = range.low;
        const size_t high = range.high;
        const size_t middle = low + (high - low) / 2;
        if (key(middle) < key(low)) std::swap(order[middle], order[low]);
        if (key(high) < key(middle)) std::swap(order[high], order[middle]);
        if (key(middle) < key(low)) std::swap(order[middle], order[low]);
        const Key pivot = key(middle);
        size_t i = low;
        size_t j = high - 1;
        std::swap(order[middle], order[j]);
        for (;;) {
          do {
            ++i;
          } while (key(i) < pivot);
          do {
            --j;
          } while (pivot < key(j));
          if (i >= j) break;
          std::swap(order[i], order[j]);
        }
        std::swap(order[i], order[high - 1]);
        --range.depth;
        if (i - low < high - i) {
          waiting[num_waiting++] = {i + 1, high, range.depth};
          range.high = i - 1;
        } else {
          waiting[num_waiting++] = {low, i - 1, range.depth};
          range.low = i + 1;
        }
      }
      for (size_t i = range.low + 1; i <= range.high; ++i) {
        const Index item = order[i];
        const Key item_key = keys[to_size(item)];
        size_t place = i;
        for (; place > range.low && item_key < key(place - 1); --place) order[place] = order[place - 1];
        order[place] = item;
      }
    }
    if (num_waiting == 0) return;
    range = waiting[--num_waiting];
  }
}

}  // namespace genbid::numpy
