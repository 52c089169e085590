#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files/safetensors.h"
#include "graph/graph.h"

// A graph as graph.json, a node a line. Constants have their numbers in a safetensors file.
//
//   {"format": "genbid-graph", "schema": 1,
//    "inputs": [
//     {"value": 0, "name": "states", "type": "f32", "shape": ["R", 48, 16]}
//    ],
//    "constants": [
//     {"value": 1, "name": "head.weight", "type": "f32", "shape": [24, 16]},
//     ...
//    "nodes": [
//     {"value": 3, "op": "linear", "inputs": [0, 1, 2], "type": "f32", "shape": ["R", 48, 24]},
//     {"value": 4, "op": "clamp", "inputs": [3], "low": 0.0, "high": "inf", "type": "f32", "shape": ["R", 48, 24]}
//    ],
//    "outputs": [
//     {"name": "values", "value": 4}
//    ]}
//
// Values are numbered over inputs, constants and nodes together. "R" is the number of rows of a call, "2R" twice as
// many. A node's settings stand under their names in the table of operators; a setting "shape..." is the written shape,
// and a setting "type" the written type. Infinite settings are "inf" and "-inf".

namespace genbid::graph {

// Error for a name that is no UTF-8.
std::string graph_json(const Graph& graph);

// The same graph again. Nothing is trusted: types and shapes are inferred and compared with what is written, and each
// error names the file, the place, what was found and what was expected. `weights` may have more tensors than the
// graph.
Graph read_graph(std::string_view json, const SafetensorsFile& weights, const std::string& name_for_messages);

// The constants as entries of a safetensors file; the data points into the graph.
std::vector<TensorBytes> weights_of(const Graph& graph);

}  // namespace genbid::graph
