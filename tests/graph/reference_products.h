#pragma once

#include "base/convert.h"
#include "reference.h"

// Parts of the reference: loops over places, and what sums up products.

namespace genbid::graph::test {

using Places = std::vector<int64_t>;

inline int64_t place_of(const Places& at, const std::vector<int64_t>& sizes) {
  int64_t place = 0;
  for (size_t i = 0; i < sizes.size(); ++i) place = place * sizes[i] + at[i];
  return place;
}

// Calls what(places, i) for all numbers of a tensor, in C order.
template <typename F>
void for_places(const std::vector<int64_t>& sizes, F what) {
  Places at(sizes.size(), 0);
  for (int64_t i = 0;; ++i) {
    what(at, i);
    size_t d = sizes.size();
    while (d > 0 && ++at[d - 1] == sizes[d - 1]) at[--d] = 0;
    if (d == 0) return;
  }
}

// linear to sum: fills `out`, whose sizes are there.
void reference_of_products(const Node& node, const std::vector<const Numbers*>& in, Numbers& out);

}  // namespace genbid::graph::test
