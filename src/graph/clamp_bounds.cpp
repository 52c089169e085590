#include "graph/clamp_bounds.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace genbid::graph {

ClampBounds clamp_bounds(const Node& node, Type type, const std::string& where) {
  const bool is_int = type == Type::kInt;
  const double low = is_int ? std::ceil(node.reals[0]) : node.reals[0];
  const double high = is_int ? std::floor(node.reals[1]) : node.reals[1];
  const double lowest = is_int ? -0x1p63 : -std::numeric_limits<double>::infinity();
  if (is_int && (low >= 0x1p63 || high < lowest)) {
    throw Error(where + ": found a clamp to " + std::to_string(low) + " and " + std::to_string(high) +
                ", expected bounds of 64 bits");
  }
  ClampBounds bounds;
  if (low > lowest) bounds.low = low;
  if (high < -lowest) bounds.high = high;
  return bounds;
}

}  // namespace genbid::graph
