#pragma once

#include <string>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "graph/graph_json.h"

namespace genbid::graph::test {

template <typename Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// A graph's constants as a file in memory.
class Weights {
 public:
  explicit Weights(const std::vector<TensorBytes>& tensors) : file_(write(tensors)) {}
  explicit Weights(const Graph& graph) : Weights(weights_of(graph)) {}
  const SafetensorsFile& file() const { return file_; }

 private:
  static SafetensorsFile write(const std::vector<TensorBytes>& tensors) {
    const genbid::test::TemporaryFolder folder;
    write_safetensors(folder.path("weights.safetensors"), tensors);
    return SafetensorsFile(folder.path("weights.safetensors"));
  }

  SafetensorsFile file_;
};

}  // namespace genbid::graph::test
