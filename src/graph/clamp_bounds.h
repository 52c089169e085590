#pragma once

#include <optional>
#include <string>

#include "graph/graph.h"

namespace genbid::graph {

// The bounds of a clamp as others write them: none that bounds nothing, and whole ones for whole numbers.
struct ClampBounds {
  std::optional<double> low;
  std::optional<double> high;
};
// `type` is that of the numbers. Error for bounds that 64 bits do not hold; `where` begins the message.
ClampBounds clamp_bounds(const Node& node, Type type, const std::string& where);

}  // namespace genbid::graph
