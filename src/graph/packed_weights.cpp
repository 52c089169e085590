#include "graph/packed_weights.h"

#include <algorithm>

namespace genbid::graph {
namespace {

// Of the panels' widths, the widest that divides; else the one that leaves the fewest vectors over.
int64_t width_of(int64_t vectors, int64_t most) {
  int64_t best = 1;
  for (int64_t width = 2; width <= std::min(most, vectors); ++width) {
    const bool divides = vectors % width == 0;
    if (divides || vectors % best != 0 || best == 1) best = width;
  }
  return best;
}

}  // namespace

Weights packed_weights(Store& store, const Kernels& kernels, int64_t k, int64_t n,
                       const std::function<float(int64_t, int64_t)>& at, const float* bias) {
  const int64_t lanes = kernels.lanes;
  const int64_t vectors = (n + lanes - 1) / lanes;
  const int64_t width = width_of(vectors, kernels.most_width);
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
