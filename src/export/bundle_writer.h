#pragma once

#include <memory>
#include <string>

#include "export/agreement.h"
#include "graph/graph.h"
#include "policy/policy.h"
#include "serve/bundle.h"

namespace genbid::exporting {

// A trained policy and what is known of it. Of `info` the writer fills in what follows from the graph and the files.
struct BundleSource {
  std::shared_ptr<policy::Policy> policy;
  policy::PolicyShape shape;
  serve::BundleInfo info;
};

enum class Layout {
  kBundle,  // OUTPUT/VERSION/ with all files, then OUTPUT/CURRENT
  kTriton,  // OUTPUT/MODEL/VERSION/model.onnx and OUTPUT/MODEL/config.pbtxt
};

struct BundleOptions {
  std::string output;
  std::string version;  // empty: a hash of the content; for Triton the number after the last one
  Layout layout = Layout::kBundle;
};

struct BundleSummary {
  std::string folder;
  std::string version;
  bool was_there = false;  // the same content, written before
  int64_t bytes = 0;       // of all files
  int64_t num_nodes = 0;
  int64_t num_weights = 0;
  Agreement agreement;  // of what was written, read again, with the policy

  void count(const graph::Graph& graph);  // its operators and weights
};

// Traces the policy, writes the folder, reads it again, compares it with the policy over days of made-up campaigns, and
// only then puts it in place: it is there whole or not at all. Error where it does not agree, for an operator that has
// no place in the table, and for a version that is there with another content, which is never overwritten.
BundleSummary write_bundle(const BundleSource& source, const BundleOptions& options);

}  // namespace genbid::exporting
