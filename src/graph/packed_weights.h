#pragma once

#include <algorithm>

#include "graph/plan.h"

namespace genbid::graph {

// Vectors of a panel, of so many at most: the widest number that divides; else the one that leaves the fewest over.
int64_t panel_width(int64_t vectors, int64_t most);

// Weights as the products of a target read them (kernels.h). `at(k, n)` is what a number of row k of x counts for in
// column n of the output; no bias: zeros.
template <typename At>
Weights packed_weights(Store& store, const Kernels& kernels, int64_t k, int64_t n, const At& at, const float* bias) {
  const int64_t lanes = kernels.lanes;
  const int64_t vectors = (n + lanes - 1) / lanes;
  const int64_t width = panel_width(vectors, kernels.most_width);
  float* const panels = store.floats(k * vectors * lanes);
  float* to = panels;
  for (int64_t first = 0; first < vectors; first += width) {
    const int64_t columns = std::min(width, vectors - first) * lanes;
    for (int64_t row = 0; row < k; ++row, to += columns) {
      for (int64_t i = 0; i < std::min(columns, n - first * lanes); ++i) to[i] = at(row, first * lanes + i);
    }
  }
  float* const biases = store.floats(vectors * lanes);
  if (bias != nullptr) std::copy(bias, bias + n, biases);
  return {k, n, static_cast<int32_t>(width), panels, biases};
}

}  // namespace genbid::graph
