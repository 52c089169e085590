#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "base/files/atomic_file.h"
#include "base/files/safetensors.h"
#include "base/temporary_folder.h"
#include "graph/graph_json.h"
#include "graph/onnx_writer.h"
#include "graph/pt2_writer.h"
#include "graph/python_writer.h"
#include "graph/sample_graphs.h"

// What other people's tools make of exported graphs (peer.py).

namespace genbid::graph {
namespace {

constexpr int kNoPython = 77;

// Random numbers for an input: see sample_graphs() for whole ones.
std::vector<std::byte> random_bytes(const std::string& name, const Value& value, int64_t num_rows,
                                    std::mt19937& random) {
  std::vector<std::byte> bytes;
  const auto append = [&bytes](auto number) {
    const auto raw = std::as_bytes(std::span(&number, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  };
  const bool is_index = name.starts_with("index");
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int64_t> whole(is_index ? 0 : -20, is_index ? 2 : 20), one_of_two(0, 1);
  for (int64_t i = 0; i < value.shape.count(num_rows); ++i) {
    if (value.type == Type::kFloat) append(normal(random));
    if (value.type == Type::kInt) append(whole(random));
    if (value.type == Type::kBool) append(static_cast<uint8_t>(one_of_two(random)));
  }
  return bytes;
}

void write_inputs(const std::string& path, const Graph& graph, int64_t num_rows) {
  std::mt19937 random(static_cast<uint32_t>(num_rows));
  std::vector<std::vector<std::byte>> bytes;
  for (const Named& input : graph.inputs()) {
    bytes.push_back(random_bytes(input.name, graph.value(input.value), num_rows, random));
  }
  std::vector<TensorBytes> tensors;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Named& input = graph.inputs()[i];
    const Value& value = graph.value(input.value);
    const char* dtype = value.type == Type::kFloat ? "F32" : value.type == Type::kInt ? "I64" : "BOOL";
    tensors.push_back({input.name, dtype, value.shape.sizes(num_rows), bytes[i]});
  }
  write_safetensors(path, tensors);
}

TEST(GraphPeers, OnnxRuntimeAndTorchComputeWhatTheTableSays) {
  const genbid::test::TemporaryFolder folder;
  for (const auto& [name, graph] : test::sample_graphs()) {
    const std::string out = folder.path(name);
    std::filesystem::create_directory(out);
    write_file(out + "/graph.json", graph_json(graph));
    write_file(out + "/policy.onnx", onnx_model(graph, {name, "1.2.3", "A sample.", {{"name", name}}}));
    write_file(out + "/policy.pt2", pt2_archive(graph));
    write_file(out + "/policy.py", policy_python(graph, "A \"sample\" \\ of a graph."));
    write_safetensors(out + "/weights.safetensors", weights_of(graph));
    for (const int64_t num_rows : {1, 2, 3, 48}) {
      write_inputs(out + "/inputs_" + std::to_string(num_rows) + ".safetensors", graph, num_rows);
    }
  }
  const std::string here = std::filesystem::current_path();
  const std::string command =
      "bash '" + here + "/tests/peer_torch.sh' '" + here + "/tests/graph/peer.py' '" + folder.path() + "'";
  const int status = std::system(command.c_str());
  // With scripts/test.sh --peers a tool that is missing is a failure.
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoPython && std::getenv("GENBID_PEERS") == nullptr) {
    GTEST_SKIP() << "found no Python with onnx, onnxruntime and torch";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace genbid::graph
