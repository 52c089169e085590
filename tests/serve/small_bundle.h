#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/safetensors.h"
#include "base/random/random.h"
#include "graph/graph.h"
#include "graph/graph_json.h"
#include "graph/operators.h"
#include "serve/bundle.h"

// Small bundles for tests: graphs of made-up weights.

namespace genbid::test {

using graph::Graph;
using graph::Op;
using graph::Type;
using graph::ValueId;

inline std::vector<float> made_up_weights(int64_t count, const std::string& name) {
  const RandomStream stream(1, name);
  std::vector<float> weights;
  for (int64_t i = 0; i < count; ++i) {
    weights.push_back(0.4F * (uniform_float(stream.bits(static_cast<uint32_t>(i))[0]) - 0.5F));
  }
  return weights;
}

inline ValueId add_linear(Graph& graph, const std::string& name, ValueId x, int64_t from, int64_t to) {
  const ValueId weight = graph.add_constant(name + ".weight", {to, from}, made_up_weights(to * from, name + ".weight"));
  const ValueId bias = graph.add_constant(name + ".bias", {to}, made_up_weights(to, name + ".bias"));
  return graph.add(Op::kLinear, {x, weight, bias});
}

inline constexpr int64_t kSmallFeatures = 22;

// A perceptron of the state now, with its normaliser: states [R, 1, 22] -> coefficients [R, 1].
inline Graph small_perceptron(int64_t width = 16) {
  Graph graph;
  const ValueId states = graph.add_input("states", Type::kFloat, {1, {1, kSmallFeatures}});
  ValueId x = graph.add(Op::kReshape, {states}, {1, kSmallFeatures});
  const ValueId mean =
      graph.add_constant("normalizer.mean", {kSmallFeatures}, made_up_weights(kSmallFeatures, "normalizer.mean"));
  const ValueId scale =
      graph.add_constant("normalizer.scale", {kSmallFeatures}, std::vector<float>(to_size(kSmallFeatures), 0.01F));
  x = graph.add(Op::kMul, {graph.add(Op::kSub, {x, mean}), scale});
  x = graph.add(Op::kRelu, {add_linear(graph, "hidden", x, kSmallFeatures, width)});
  x = graph.add(Op::kRelu, {add_linear(graph, "second", x, width, width)});
  graph.add_output("coefficients", graph.add(Op::kSoftplus, {add_linear(graph, "out", x, width, 1)}));
  return graph;
}

// All that a policy may read, of each row side by side: states, actions, before, ticks, mask, constraint, wishes,
// noise, carry.0, for a window of T ticks.
struct AllInputs {
  ValueId value = -1;
  ValueId carry = -1;
  int64_t size = 0;
};
inline constexpr int64_t kSmallNoise = 6;
inline constexpr int64_t kSmallCarry = 8;

inline AllInputs add_all_inputs(Graph& graph, int64_t window, const std::vector<int64_t>& carry_shape = {kSmallCarry}) {
  std::vector<ValueId> flat;
  int64_t size = 0;
  const auto add = [&](const char* name, Type type, std::vector<int64_t> rest) {
    const graph::Shape shape = {1, std::move(rest)};
    ValueId value = graph.add_input(name, type, shape);
    const ValueId input = value;
    if (type == Type::kInt) value = graph.add(Op::kCast, {value}, {static_cast<int64_t>(Type::kFloat)});
    if (shape.rest.size() > 1) value = graph.add(Op::kReshape, {value}, {1, shape.inner()});
    flat.push_back(value);
    size += shape.inner();
    return input;
  };
  add("states", Type::kFloat, {window, kSmallFeatures});
  add("actions", Type::kFloat, {window, 1});
  add("before", Type::kFloat, {window, kNumOutcomes});
  add("ticks", Type::kInt, {window});
  add("mask", Type::kFloat, {window});
  add("constraint", Type::kFloat, {2});
  add("wishes", Type::kFloat, {kNumOutcomes});
  add("noise", Type::kFloat, {kSmallNoise});
  const ValueId carry = add("carry.0", Type::kFloat, carry_shape);
  return {graph.add(Op::kConcat, flat, {1}), carry, size};
}

// Reads everything: its carry is a hidden state, and it has two coefficients.
inline Graph small_recurrent(int64_t window = 4) {
  Graph graph;
  const AllInputs all = add_all_inputs(graph, window);
  const ValueId scale = graph.add_constant("scale", {1}, std::vector<float>{0.001F});
  const ValueId x = graph.add(Op::kMul, {all.value, scale});
  const ValueId hidden =
      graph.add(Op::kTanh, {graph.add(Op::kAdd, {add_linear(graph, "hidden", x, all.size, kSmallCarry), all.carry})});
  graph.add_output("coefficients", graph.add(Op::kSoftplus, {add_linear(graph, "out", hidden, kSmallCarry, 2)}));
  graph.add_output("carry.0", hidden);
  return graph;
}

// Its carry is a window of the last four pairs of numbers that it made.
inline Graph small_window() {
  Graph graph;
  const AllInputs all = add_all_inputs(graph, 2, {4, 2});
  const ValueId scale = graph.add_constant("scale", {1}, std::vector<float>{0.001F});
  const ValueId x = graph.add(Op::kMul, {all.value, scale});
  const ValueId made = graph.add(Op::kTanh, {add_linear(graph, "made", x, all.size, 2)});
  const ValueId window = graph.add(Op::kConcat, {all.carry, graph.add(Op::kReshape, {made}, {1, 1, 2})}, {1});
  const ValueId seen = graph.add(Op::kReshape, {window}, {1, 10});
  graph.add_output("coefficients", graph.add(Op::kSoftplus, {add_linear(graph, "seen", seen, 10, 2)}));
  graph.add_output("carry.0", graph.add(Op::kSlice, {window}, {1, 1, 5}));
  return graph;
}

// What it says is what it is handed, all numbers of it; its carry is the last one and 1 more.
inline Graph echo(int64_t window) {
  Graph graph;
  const AllInputs all = add_all_inputs(graph, window);
  const ValueId one = graph.add_constant("one", {1}, std::vector<float>{1.0F});
  graph.add_output("coefficients", all.value);
  graph.add_output("carry.0", graph.add(Op::kAdd, {all.carry, one}));
  return graph;
}

// What bundle.json says of such a graph, without files.
inline serve::BundleInfo small_info(const Graph& graph, int64_t ticks = 6) {
  serve::BundleInfo info;
  info.version = "small-1";
  info.model = "small";
  info.program = "genbid 0.1.0, test";
  info.ticks = ticks;
  info.window = 1;
  for (const std::string& name : feature_names(info.observation.feature_set)) {
    info.features.push_back({name, "1", 0.0, 1.0});
  }
  info.inputs = serve::inputs_of(graph);
  info.outputs = serve::outputs_of(graph);
  for (const serve::BundleTensor& input : info.inputs) {
    if (input.name == "states") info.window = input.shape.rest.front();
    if (input.name == "noise") info.noise_size = input.shape.inner();
    if (input.name == "wishes") info.wishes = {{"return", 1.25}, {"cpa", 0.9}};
  }
  for (const serve::BundleTensor& output : info.outputs) {
    if (output.name == "coefficients") info.num_coefficients = output.shape.inner();
    if (output.name.starts_with("carry.")) info.carry.push_back(output);
  }
  return info;
}

// A bundle that was on no disk.
inline std::shared_ptr<const serve::Bundle> small_bundle(Graph graph, int64_t ticks = 6,
                                                         graph::Carries carries = graph::Carries::kMoving) {
  auto bundle = std::make_shared<serve::Bundle>();
  bundle->info = small_info(graph, ticks);
  bundle->json = serve::bundle_json(bundle->info);
  bundle->hash = content_hash(bundle->json);
  bundle->program = std::make_shared<const graph::Program>(std::move(graph), graph::best_target(), carries);
  return bundle;
}

inline void write_weights(const Graph& graph, const std::string& path) {
  write_safetensors(path, graph::weights_of(graph));
}

inline serve::BundleFile file_entry(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  return {name, static_cast<int64_t>(std::filesystem::file_size(path)), file_content_hash(path)};
}

// Writes the folder. It has a file that the library does not read, as those of export have.
inline void write_bundle(const Graph& graph, const std::string& folder, int64_t ticks = 6) {
  std::filesystem::create_directories(folder);
  write_file(folder + "/" + serve::kGraphFile, graph::graph_json(graph));
  write_weights(graph, folder + "/" + serve::kWeightsFile);
  write_file(folder + "/README.md", "A small bundle.\n");
  serve::BundleInfo info = small_info(graph, ticks);
  for (const char* name : {serve::kGraphFile, serve::kWeightsFile, "README.md"}) {
    info.files.push_back(file_entry(folder, name));
  }
  write_file(folder + "/" + serve::kBundleFile, serve::bundle_json(info));
}

}  // namespace genbid::test
