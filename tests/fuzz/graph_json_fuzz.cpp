#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

#include "base/files/safetensors.h"
#include "fuzz.h"
#include "graph/carry_buffers.h"
#include "graph/graph_json.h"
#include "graph/program.h"
#include "graph/pt2_writer.h"
#include "serve/small_bundle.h"

// The text of graph.json, beside fixed weights. What is accepted is written and read as the same, and runs; where its
// carries can move (graph/program.h), that changes no bit of what it says.

namespace {

using namespace genbid;

const SafetensorsFile& weights() {
  static const SafetensorsFile file = [] {
    const std::string path = fuzz::Scratch::path("weights.safetensors");
    const graph::Graph recurrent = test::small_recurrent();
    const graph::Graph window = test::small_window();
    auto tensors = graph::weights_of(recurrent);
    for (auto& tensor : graph::weights_of(window)) {
      const auto same = [&tensor](const auto& one) { return one.name == tensor.name; };
      if (std::ranges::none_of(tensors, same)) tensors.push_back(std::move(tensor));
    }
    write_safetensors(path, tensors);
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

void fill_inputs(graph::Workspace& workspace) {
  const graph::Graph& graph = workspace.program().graph();
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    if (workspace.program().moves_input(i)) continue;
    const graph::Type type = graph.value(graph.inputs()[i].value).type;
    if (type == graph::Type::kFloat) std::ranges::fill(workspace.float_input(i), 0.5F);
    if (type == graph::Type::kInt) std::ranges::fill(workspace.int_input(i), 3);
  }
}

// Calls that go on with what they carried. The program with copied carries is handed it here.
void compare(graph::Workspace& copied, graph::Workspace& moving) {
  const graph::Graph& graph = copied.program().graph();
  const std::vector<graph::MovingCarry>& carries = moving.program().moving_carries();
  graph::CarryBuffers buffers(moving);
  for (const graph::MovingCarry& carry : carries) std::ranges::fill(copied.float_input(carry.input), 0.0F);
  for (int call = 0; call < 4; ++call) {
    copied.run(2);
    moving.run(2);
    buffers.move_on();
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const auto expected = copied.output_bytes(i);
      const auto moved = std::ranges::find_if(carries, [i](const auto& carry) { return carry.output == i; });
      if (moved == carries.end()) {
        fuzz::require(std::ranges::equal(moving.output_bytes(i), expected), "carries that move change nothing");
        continue;
      }
      const auto index = static_cast<size_t>(moved - carries.begin());
      std::vector<float> windows = buffers.window(index, 0);
      std::ranges::copy(buffers.window(index, 1), std::back_inserter(windows));
      fuzz::require(std::ranges::equal(std::as_bytes(std::span(windows)), expected), "what moves is what is carried");
      std::memcpy(copied.float_input(moved->input).data(), expected.data(), expected.size());
    }
  }
}

void run(const graph::Graph& graph) {
  graph::Workspace workspace(std::make_shared<const graph::Program>(graph), 2);
  fill_inputs(workspace);
  workspace.run(2);
  workspace.run(1);
  const auto program = std::make_shared<const graph::Program>(graph, graph::best_target(), graph::Carries::kMoving);
  if (program->moving_carries().empty()) return;
  graph::Workspace moving(program, 2);
  fill_inputs(moving);
  compare(workspace, moving);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  graph::Graph graph;
  if (!fuzz::accepted([&] { graph = graph::read_graph(fuzz::text_of(data, size), weights(), "fuzz.json"); })) return 0;
  const std::string written = graph::graph_json(graph);
  fuzz::require_equal(written, graph::graph_json(graph::read_graph(written, weights(), "written.json")),
                      "a graph is read as it was written");
  if (!is_small(graph)) return 0;
  fuzz::accepted([&] { run(graph); });
  fuzz::accepted([&] { graph::pt2_archive(graph); });
  return 0;
}
