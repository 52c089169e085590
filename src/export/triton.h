#pragma once

#include <string>

#include "graph/graph.h"

// A model repository of the Triton inference server: MODEL/config.pbtxt, MODEL/1/model.onnx, MODEL/2/model.onnx, ...

namespace genbid::exporting {

// The number after the last version in the folder of a model, which need not be there: "1" is the first.
std::string next_triton_version(const std::string& model_folder);
// Error unless it is a whole number from 1 on: Triton knows no other versions.
void check_triton_version(const std::string& version);

// config.pbtxt: inputs and outputs of the ONNX file, which onnxruntime runs on the CPU with one thread a call. Rows
// of different calls are batched; the newest version is served, so that a new one takes over when it is there.
std::string triton_config(const graph::Graph& graph, const std::string& model);

// Writes the config into a model's folder. One that is there is kept, with what people have changed in it; Error if its
// inputs or outputs are not the graph's.
void write_triton_config(const graph::Graph& graph, const std::string& model_folder, const std::string& model);

}  // namespace genbid::exporting
