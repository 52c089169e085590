#include "export/bundle_writer.h"

#include <algorithm>
#include <filesystem>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/safetensors.h"
#include "export/bundle_examples.h"
#include "export/bundle_folder.h"
#include "export/bundle_readme.h"
#include "export/fusion.h"
#include "export/lowering.h"
#include "export/trace.h"
#include "export/triton.h"
#include "graph/graph_json.h"
#include "graph/onnx_writer.h"
#include "graph/pt2_writer.h"
#include "graph/python_writer.h"

namespace genbid::exporting {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kComparedSeed = 7;
// A float has 6e-8 of its number. A decision adds up some hundred of them in another order than LibTorch, and a
// sampler hands what it made to the next level, which may take it further away.
constexpr double kTolerance = 1e-5;
constexpr double kSamplerTolerance = 1e-3;

graph::OnnxInfo onnx_info(const BundleSource& source, const std::string& version) {
  graph::OnnxInfo info;
  info.name = source.info.model;
  info.version = source.info.program;
  info.doc = "A bidding policy of genbid: what it reads and says stands in bundle.json.";
  info.metadata = {{"genbid.model", source.info.model}, {"genbid.version", version}};
  return info;
}

serve::BundleInfo described(const BundleSource& source, const graph::Graph& graph) {
  serve::BundleInfo info = source.info;
  info.window = served_window(*source.policy);
  info.num_coefficients = source.shape.num_actions;
  info.noise_size = source.policy->noise_size();
  info.inputs = serve::inputs_of(graph);
  info.outputs = serve::outputs_of(graph);
  info.carry.clear();
  for (const serve::BundleTensor& output : info.outputs) {
    if (output.name.starts_with("carry.")) info.carry.push_back(output);
  }
  info.wishes.clear();
  for (const auto& [outcome, usual] : source.policy->wishes()) info.wishes.push_back({outcome_name(outcome), usual});
  return info;
}

// A hash of what a bundle holds, whatever its version is called.
std::string content_of(const serve::BundleInfo& info, const graph::Graph& graph) {
  ContentHash hash;
  const auto add = [&hash](const std::string& text) { hash.add(std::as_bytes(std::span<const char>(text))); };
  add(graph::graph_json(graph));
  for (const graph::Constant& constant : graph.constants()) hash.add(constant.bytes);
  serve::BundleInfo unnamed = info;
  unnamed.version = "unnamed";
  add(serve::bundle_json(unnamed));
  return hash.digits().substr(0, kVersionDigits);
}

// Compares graph and policy over days of one row, of a few rows and of many.
Agreement agreement_of(const BundleSource& source, const std::shared_ptr<const graph::Program>& program) {
  Agreement all;
  double sum = 0.0;
  for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{48}}) {
    const Agreement one =
        compare_over_a_day(*source.policy, source.info.observation, source.info.ticks, program, rows, kComparedSeed);
    all.largest = std::max(all.largest, one.largest);
    sum += one.mean * as_double(one.decisions);
    all.decisions += one.decisions;
  }
  all.mean = sum / as_double(all.decisions);
  return all;
}

void require_agreement(const BundleSource& source, const Agreement& agreement) {
  // A policy with one number of noise draws an alpha at the end; one with more is a sampler that begins with them.
  const double tolerance = source.policy->noise_size() > 1 ? kSamplerTolerance : kTolerance;
  if (agreement.largest <= tolerance) return;
  throw Error("export: found coefficients of the exported graph that are " + std::to_string(agreement.largest) +
              " of the largest away from the policy's, expected " + std::to_string(tolerance) + " at most");
}

void write_bundle_files(const BundleSource& source, serve::BundleInfo info, const graph::Graph& graph,
                        const std::string& folder) {
  write_file(folder + "/" + serve::kGraphFile, graph::graph_json(graph));
  write_safetensors(folder + "/" + serve::kWeightsFile, graph::weights_of(graph));
  write_file(folder + "/policy.onnx", graph::onnx_model(graph, onnx_info(source, info.version)));
  write_file(folder + "/policy.py", graph::policy_python(graph, info.model));
  write_file(folder + "/policy.pt2", graph::pt2_archive(graph));
  write_examples(folder + "/examples.safetensors", *source.policy, info.observation, info.ticks, graph);
  write_file(folder + "/README.md", bundle_readme(info));
  info.files = files_in(folder);
  write_file(folder + "/" + serve::kBundleFile, serve::bundle_json(info));
}

BundleSummary write_native(const BundleSource& source, const BundleOptions& options, const graph::Graph& graph) {
  serve::BundleInfo info = described(source, graph);
  const std::string content = content_of(info, graph);
  info.version = options.version.empty() ? content : options.version;
  check_version(info.version);
  const FolderLock lock(options.output);
  check_current(options.output);
  BundleSummary summary;
  summary.version = info.version;
  summary.folder = options.output + "/" + info.version;
  if (fs::exists(summary.folder)) {
    const auto bundle = serve::load_bundle(summary.folder, graph::Carries::kMoving);
    serve::BundleInfo there = bundle->info;
    there.files.clear();
    summary.was_there = content_of(there, bundle->program->graph()) == content;
    if (!summary.was_there) refuse_other_content(summary.folder);
    summary.agreement = agreement_of(source, bundle->program);
    require_agreement(source, summary.agreement);
  } else {
    AtomicFolder folder(summary.folder);
    write_bundle_files(source, info, graph, folder.temporary());
    summary.agreement = agreement_of(source, serve::load_bundle(folder.temporary(), graph::Carries::kMoving)->program);
    require_agreement(source, summary.agreement);
    folder.commit();
  }
  write_file(options.output + "/" + serve::kCurrentFile, info.version + "\n");
  return summary;
}

BundleSummary write_for_triton(const BundleSource& source, const BundleOptions& options, const graph::Graph& graph) {
  const FolderLock lock(options.output);
  BundleSummary summary;
  const std::string model = options.output + "/" + source.info.model;
  summary.version = options.version.empty() ? next_triton_version(model) : options.version;
  check_triton_version(summary.version);
  summary.folder = model + "/" + summary.version;
  if (fs::exists(summary.folder)) {
    throw Error(summary.folder +
                ": found a version that is there, expected none; a version is never overwritten: give "
                "another one (version=NUMBER), or none");
  }
  summary.agreement = agreement_of(source, std::make_shared<const graph::Program>(graph));
  require_agreement(source, summary.agreement);
  AtomicFolder folder(summary.folder);
  write_file(folder.temporary() + "/model.onnx", graph::onnx_model(graph, onnx_info(source, summary.version)));
  // Before the version: a server that looks in between finds no model without its config.
  write_triton_config(graph, model, source.info.model);
  folder.commit();
  return summary;
}

}  // namespace

void BundleSummary::count(const graph::Graph& graph) {
  num_nodes += std::ssize(graph.nodes());
  for (const graph::Constant& constant : graph.constants()) {
    num_weights += std::ssize(constant.bytes) / int64_t{sizeof(float)};
  }
}

BundleSummary write_bundle(const BundleSource& source, const BundleOptions& options) {
  const graph::Graph graph = fused(lowered(trace_act(*source.policy, source.shape)));
  BundleSummary summary = options.layout == Layout::kBundle ? write_native(source, options, graph)
                                                            : write_for_triton(source, options, graph);
  summary.bytes = bytes_in(summary.folder);
  summary.count(graph);
  return summary;
}

}  // namespace genbid::exporting
