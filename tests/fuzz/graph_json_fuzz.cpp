#include <algorithm>
#include <memory>

#include "fuzz.h"
#include "graph/graph_json.h"
#include "graph/program.h"
#include "serve/small_bundle.h"

// The text of graph.json, beside fixed weights. What is accepted is written and read as the same, and runs.

namespace {

using namespace genbid;

const SafetensorsFile& weights() {
  static const SafetensorsFile file = [] {
    const std::string path = fuzz::Scratch::path("weights.safetensors");
    test::write_weights(test::small_recurrent(), path);
    return SafetensorsFile(path);
  }();
  return file;
}

// Whether a run is soon over, for two rows.
bool is_small(const graph::Graph& graph) {
  constexpr int64_t kMany = 1 << 16;
  int64_t numbers = 0;
  for (graph::ValueId id = 0; id < graph.num_values() && numbers <= kMany; ++id) {
    numbers += std::min(graph.value(id).shape.count(2), kMany + 1);
  }
  return numbers <= kMany;
}

void run(graph::Graph graph) {
  const auto program = std::make_shared<const graph::Program>(std::move(graph));
  graph::Workspace workspace(program, 2);
  for (size_t i = 0; i < program->graph().inputs().size(); ++i) {
    const graph::Type type = program->graph().value(program->graph().inputs()[i].value).type;
    if (type == graph::Type::kFloat) std::ranges::fill(workspace.float_input(i), 0.5F);
    if (type == graph::Type::kInt) std::ranges::fill(workspace.int_input(i), 3);
  }
  workspace.run(2);
  workspace.run(1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  graph::Graph graph;
  if (!fuzz::accepted([&] { graph = graph::read_graph(fuzz::text_of(data, size), weights(), "fuzz.json"); })) return 0;
  const std::string written = graph::graph_json(graph);
  fuzz::require_equal(written, graph::graph_json(graph::read_graph(written, weights(), "written.json")),
                      "a graph is read as it was written");
  if (is_small(graph)) fuzz::accepted([&] { run(std::move(graph)); });
  return 0;
}
