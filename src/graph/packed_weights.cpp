#include "graph/packed_weights.h"

namespace genbid::graph {

int64_t panel_width(int64_t vectors, int64_t most) {
  int64_t best = 1;
  for (int64_t width = 2; width <= std::min(most, vectors); ++width) {
    const bool divides = vectors % width == 0;
    if (divides || vectors % best != 0 || best == 1) best = width;
  }
  return best;
}

}  // namespace genbid::graph
