#include "export/click_bundle_writer.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/safetensors.h"
#include "export/bundle_folder.h"
#include "export/click_bundle_readme.h"
#include "export/fusion.h"
#include "export/lowering.h"
#include "graph/graph_json.h"
#include "graph/onnx_writer.h"

namespace genbid::exporting {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kComparedSeed = 7;
constexpr int64_t kComparedSlots = 20;
constexpr double kTolerance = 1e-5;  // as for policies (bundle_writer.cpp)
constexpr double kSamplerTolerance = 1e-3;

struct Graphs {
  std::vector<graph::Graph> agents;
  std::vector<graph::Graph> profile;
};

Graphs graphs_of(const ClickBundleSource& source) {
  const auto made = [](const SampledFunction& one) { return fused(lowered(traced(one.function))); };
  Graphs graphs;
  for (const SampledFunction& one : source.agents) graphs.agents.push_back(made(one));
  for (const SampledFunction& one : source.profile) graphs.profile.push_back(made(one));
  return graphs;
}

// How far the graph's numbers are from the function's. A bid's alpha counts by itself, and its beta, a share, as it is;
// what is carried counts by the largest number that is carried with it.
double error_of(const std::string& output, const at::Tensor& own, const at::Tensor& said) {
  for (const auto& [who, tensor] : {std::pair("the exported graph", own), std::pair("LibTorch", said)}) {
    if (tensor.isfinite().all().item<bool>()) continue;
    throw Error("export: found a number of " + output + " by " + who + " that is not finite, expected finite ones");
  }
  const at::Tensor error = (own - said).abs();
  if (output != "bid") return (error.max() / said.abs().max().clamp_min(1e-6)).item<double>();
  const at::Tensor of_alpha = error.select(1, 0) / said.select(1, 0).abs();
  return std::max(of_alpha.max().item<double>(), error.select(1, 1).max().item<double>());
}

// Some slots, each side going on with what it carried itself.
Agreement compared(const SampledFunction& sampled, const std::shared_ptr<const graph::Program>& program, int64_t rows) {
  const torch::NoGradGuard no_grad;
  const graph::Graph& graph = program->graph();
  graph::Workspace workspace(program, rows);
  const std::vector<std::string>& outputs = sampled.function.outputs;
  const bool is_agent = outputs.front() == "bid";
  std::vector<at::Tensor> carry;
  std::vector<at::Tensor> own_carry;
  Agreement agreement;
  for (int64_t slot = 0; slot < kComparedSlots; ++slot) {
    std::vector<TraceTensor> drawn = sampled.draw(rows, kComparedSeed + slot);
    const size_t first_carry = drawn.size() - (outputs.size() - (is_agent ? 1 : 0));
    std::vector<at::Tensor> inputs;
    for (const TraceTensor& one : drawn) inputs.push_back(one.sample);
    std::vector<at::Tensor> own_inputs = inputs;
    for (size_t i = 0; i < carry.size(); ++i) {
      inputs[first_carry + i] = carry[i];
      own_inputs[first_carry + i] = own_carry[i];
    }
    const std::vector<at::Tensor> said = sampled.function.run(inputs);
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      const auto is_it = [&](const TraceTensor& one) { return one.name == graph.inputs()[i].name; };
      const auto place = std::find_if(drawn.begin(), drawn.end(), is_it) - drawn.begin();
      const at::Tensor whole = at(own_inputs, place).contiguous();
      std::copy_n(whole.const_data_ptr<float>(), whole.numel(), workspace.float_input(i).begin());
    }
    workspace.run(rows);
    carry.clear();
    own_carry.clear();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const auto named = [&](const graph::Named& one) { return one.name == outputs[i]; };
      const auto at_output = std::find_if(graph.outputs().begin(), graph.outputs().end(), named);
      const auto place = static_cast<size_t>(at_output - graph.outputs().begin());
      const at::Tensor own = at::empty(said[i].sizes());
      std::copy_n(workspace.output(place).begin(), own.numel(), own.mutable_data_ptr<float>());
      if (outputs[i].starts_with("carry.")) {
        carry.push_back(said[i]);
        own_carry.push_back(own);
      }
      agreement.largest = std::max(agreement.largest, error_of(outputs[i], own, said[i]));
    }
    if (is_agent) agreement.decisions += rows;
  }
  return agreement;
}

Agreement agreement_of(const ClickBundleSource& source, const serve::ClickBundle& bundle) {
  Agreement all;
  const auto add = [&](const std::string& what, const SampledFunction& sampled,
                       const std::shared_ptr<const graph::Program>& program, double tolerance) {
    for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{48}}) {
      const Agreement one = compared(sampled, program, rows);
      all.largest = std::max(all.largest, one.largest);
      all.decisions += one.decisions;
      if (one.largest <= tolerance) continue;
      throw Error("export: found numbers of the exported graph of " + what + " that are " +
                  std::to_string(one.largest) + " away from LibTorch's, expected " + std::to_string(tolerance) +
                  " at most");
    }
  };
  for (size_t k = 0; k < source.agents.size(); ++k) {
    add("agent " + std::to_string(k), source.agents[k], bundle.agents[k],
        source.info.noise_size > 0 ? kSamplerTolerance : kTolerance);
  }
  for (const SampledFunction& one : source.profile) add("the profile network", one, bundle.profile, kTolerance);
  return all;
}

std::string content_of(const ClickBundleSource& source, const Graphs& graphs) {
  ContentHash hash;
  const auto add = [&hash](const std::string& text) { hash.add(std::as_bytes(std::span<const char>(text))); };
  const auto add_graph = [&](const graph::Graph& graph) {
    add(graph::graph_json(graph));
    for (const graph::Constant& constant : graph.constants()) hash.add(constant.bytes);
  };
  for (const graph::Graph& graph : graphs.agents) add_graph(graph);
  for (const graph::Graph& graph : graphs.profile) add_graph(graph);
  add(serve::matching_csv(source.matched, source.info.num_agents));
  serve::ClickBundleInfo unnamed = source.info;
  unnamed.version = "unnamed";
  add(serve::click_bundle_json(unnamed));
  return hash.digits().substr(0, kVersionDigits);
}

void write_graph(const graph::Graph& graph, const std::string& folder, const std::string& graph_file,
                 const std::string& weights_file, const std::string& onnx_file, const serve::ClickBundleInfo& info) {
  write_file(folder + "/" + graph_file, graph::graph_json(graph));
  write_safetensors(folder + "/" + weights_file, graph::weights_of(graph));
  graph::OnnxInfo onnx;
  onnx.name = onnx_file;
  onnx.version = info.program;
  onnx.doc = "An agent of campaigns that pay by the click, or their network of profiles: bundle.json says more.";
  onnx.metadata = {{"genbid.model", info.model}, {"genbid.version", info.version}};
  write_file(folder + "/" + onnx_file, graph::onnx_model(graph, onnx));
}

void write_files(const ClickBundleSource& source, serve::ClickBundleInfo info, const Graphs& graphs,
                 const std::string& folder) {
  for (int64_t k = 0; k < std::ssize(graphs.agents); ++k) {
    write_graph(at(graphs.agents, k), folder, serve::agent_graph_file(k), serve::agent_weights_file(k),
                "agent." + std::to_string(k) + ".onnx", info);
  }
  for (const graph::Graph& graph : graphs.profile) {
    write_graph(graph, folder, serve::kProfileGraphFile, serve::kProfileWeightsFile, "profile.onnx", info);
  }
  write_file(folder + "/" + serve::kMatchingFile, serve::matching_csv(source.matched, info.num_agents));
  write_file(folder + "/README.md", click_bundle_readme(info));
  info.files = files_in(folder);
  write_file(folder + "/" + serve::kBundleFile, serve::click_bundle_json(info));
}

}  // namespace

BundleSummary write_click_bundle(const ClickBundleSource& source, const BundleOptions& options) {
  const Graphs graphs = graphs_of(source);
  const std::string content = content_of(source, graphs);
  serve::ClickBundleInfo info = source.info;
  info.version = options.version.empty() ? content : options.version;
  check_version(info.version);
  const FolderLock lock(options.output);
  check_current(options.output);
  BundleSummary summary;
  summary.version = info.version;
  summary.folder = options.output + "/" + info.version;
  if (fs::exists(summary.folder)) {
    const auto there = serve::load_click_bundle(summary.folder);
    ClickBundleSource other;
    other.matched = source.matched;
    other.info = there->info;
    other.info.files.clear();
    Graphs read;
    for (const auto& agent : there->agents) read.agents.push_back(agent->graph());
    if (there->profile) read.profile.push_back(there->profile->graph());
    // Matching is compared as it stands there.
    summary.was_there = content_of(other, read) == content && read_file(summary.folder + "/" + serve::kMatchingFile) ==
                                                                  serve::matching_csv(source.matched, info.num_agents);
    if (!summary.was_there) refuse_other_content(summary.folder);
    summary.agreement = agreement_of(source, *there);
  } else {
    AtomicFolder folder(summary.folder);
    write_files(source, info, graphs, folder.temporary());
    summary.agreement = agreement_of(source, *serve::load_click_bundle(folder.temporary()));
    folder.commit();
  }
  write_file(options.output + "/" + serve::kCurrentFile, info.version + "\n");
  summary.bytes = bytes_in(summary.folder);
  for (const graph::Graph& graph : graphs.agents) summary.count(graph);
  for (const graph::Graph& graph : graphs.profile) summary.count(graph);
  return summary;
}

}  // namespace genbid::exporting
