#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bidding/seen_tick.h"
#include "graph/graph.h"
#include "graph/program.h"
#include "serve/bundle_files.h"

// A bundle: the folder that export writes and the serving library reads.
//
//   bundle.json           what it is (BundleInfo), with sizes and hashes of the other files
//   graph.json            what the policy computes
//   weights.safetensors   the graph's constants
//   ...                   what others read; here it only has to be as it was written

namespace genbid::serve {

inline constexpr const char* kBundleFormat = "genbid-bundle";
inline constexpr int64_t kBundleSchema = 1;
inline constexpr const char* kGraphFile = "graph.json";
inline constexpr const char* kWeightsFile = "weights.safetensors";

struct BundleFeature {
  std::string name;
  std::string unit;
  std::optional<double> low = {};  // the range seen in training, for people; none: it is not known
  std::optional<double> high = {};
};

// A shape stands in bundle.json as a list: ["R", 48, 22], where "R" is the number of rows, "2R" twice as many.
struct BundleTensor {
  std::string name;
  graph::Type type = graph::Type::kFloat;
  graph::Shape shape;
  bool operator==(const BundleTensor&) const = default;
};

struct BundleWish {
  std::string name;  // of an outcome (bidding/outcomes.h)
  double usual = 0.0;
};

// Inputs and outputs of the graph, R rows, T ticks of the window, S features, A coefficients, N random numbers:
//
//   states [R, T, S]   actions [R, T, 1]   before [R, T, 5]   ticks [R, T] i64   mask [R, T]   as policy/day.h has them
//   constraint [R, 2]  wishes [R, 5]       noise [R, N]       carry.0, carry.1, ..
//   -> coefficients [R, A], carry.0, carry.1, ..
//
// Those that the policy does not read may be missing.
struct BundleInfo {
  std::string version;
  std::string model;
  std::string program;  // which one made it
  int64_t ticks = 0;    // of the days that the policy was trained on
  SeenOptions observation;
  std::vector<BundleFeature> features;  // in the order of the state
  int64_t window = 0;                   // T; right-padded: the last tick that the mask marks is now
  std::vector<BundleTensor> inputs;     // as the graph has them
  std::vector<BundleTensor> outputs;
  int64_t num_coefficients = 0;
  int64_t noise_size = 0;
  std::string noise_stream = "evaluate.noise";  // bidding/decision_noise.h draws it
  std::vector<BundleTensor> carry;              // zeros at a day's first tick
  std::vector<BundleWish> wishes;               // that the policy reads
  std::string training = "{}";                  // JSON objects, for people
  std::string results = "{}";
  std::string config = "{}";
  std::vector<BundleFile> files;
};

// The tensors as a bundle lists them.
std::vector<BundleTensor> inputs_of(const graph::Graph& graph);
std::vector<BundleTensor> outputs_of(const graph::Graph& graph);

// The text of bundle.json. It ends with a hash of all the rest, so that no number of it changes unseen.
std::string bundle_json(const BundleInfo& info);
// The way back. Every claim is checked against the others; `name` stands for the file in messages. Unknown keys are
// allowed, another schema is not.
BundleInfo read_bundle_info(std::string_view text, const std::string& name);
// Error where the graph's inputs and outputs are not those that the bundle says. `name`: of the graph's file.
void check_graph(const BundleInfo& info, const graph::Graph& graph, const std::string& name);

struct Bundle {
  std::string folder;
  BundleInfo info;
  std::string json;  // of bundle.json, as it stands there
  std::string hash;  // of that text, and so of all the bundle
  std::shared_ptr<const graph::Program> program;
};

// Reads everything, and compares every file with its size and hash. An Error names the file and the fault.
std::shared_ptr<const Bundle> load_bundle(const std::string& path, graph::Carries carries = graph::Carries::kCopied);

}  // namespace genbid::serve
