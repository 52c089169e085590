#pragma once

#include <map>
#include <string>

#include "graph/graph.h"

// A graph as an ONNX file, opset 17, which every runtime has: what has no operator there is written out (gelu, mish,
// attention, group normalisation). The extent of the rows is symbolic, "rows". Checked against onnx and onnxruntime.

namespace genbid::graph {

struct OnnxInfo {
  std::string name;                             // of the graph
  std::string version;                          // of genbid
  std::string doc;                              // doc_string
  std::map<std::string, std::string> metadata;  // metadata_props
};

// Bytes of a ModelProto. Inputs, outputs and constants keep their names, but an output that is called like an input
// becomes "NAME_out": a name stands for one value there. Error for more than 2 GiB, the limit of the format, and for a
// graph that makes rows without an input that has them.
std::string onnx_model(const Graph& graph, const OnnxInfo& info);

}  // namespace genbid::graph
