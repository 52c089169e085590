#pragma once

#include <string>

#include "graph/graph.h"

// A graph as a Python module for PyTorch: a class Policy (torch.nn.Module) whose state_dict() has the names of the
// safetensors file, with a line a node, and load(folder). The number of rows of a call is free, so that torch.export
// takes it with a dynamic dimension.

namespace genbid::graph {

// `about` is what the module says of itself, beside its inputs and outputs. Inputs are the arguments of forward() in
// the graph's order; characters that Python does not allow in a name become underscores. forward() returns a dict by
// the outputs' names. Error for a graph that makes rows without an input that has them, and for
// tensors with names that modules cannot have ("layer.type": every module has a type()).
std::string policy_python(const Graph& graph, const std::string& about);

}  // namespace genbid::graph
