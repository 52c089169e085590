#pragma once

#include <string>

#include "graph/graph.h"

// A graph as a .pt2 archive: what torch.export.save makes of an exported module and torch.export.load reads, with the
// policy's tensors as parameters and buffers under their own names, and any number of rows. Its schema belongs to
// PyTorch and changes with it; this is the one of PyTorch 2.11, which is also what it is checked against.

namespace genbid::graph {

// Bytes of the archive. torch.export.load(path).module() takes the inputs in the graph's order and returns a dict by
// the outputs' names, with the same numbers as policy.py. Error for a graph that makes rows without an input that has
// them, for tensors with names that modules cannot have, for an operator that cannot be written, and from 4 GiB on.
std::string pt2_archive(const Graph& graph);

}  // namespace genbid::graph
