#pragma once

#include "graph/graph.h"

namespace genbid::exporting {

// The same graph with operators of their own in place of what models write out because it is faster in LibTorch: mish,
// as models/diffbid/residual_block.cpp has it.
graph::Graph fused(const graph::Graph& graph);

}  // namespace genbid::exporting
