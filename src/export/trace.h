#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace genbid::exporting {

struct TraceTensor {
  std::string name;   // as bundle.json and graph.json have it: "states", "carry.0"
  at::Tensor sample;  // of kTracedRows rows, or of as many as its first extent says
};

// What LibTorch records of a function: operators as they are called, composite ones whole.
struct Trace {
  std::shared_ptr<torch::jit::Graph> graph;
  std::vector<TraceTensor> inputs;
  std::vector<std::string> outputs;  // "coefficients", "carry.0", ...
  policy::NamedTensors named;        // parameters and buffers
};

// A function of tensors, rows in front.
struct TracedFunction {
  std::vector<TraceTensor> inputs;
  std::vector<std::string> outputs;
  policy::NamedTensors named;  // parameters and buffers, which give constants their names
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)> run;
};

// Records it. Its parameters need no gradients.
Trace traced(const TracedFunction& function);

// Many enough that no extent of a model is likely to be the same: a number of rows that stays in a graph shows there.
inline constexpr int64_t kTracedRows = 5;

// Ticks of history that a policy is served: fewer where it carries.
int64_t served_window(const policy::Policy& policy);

// Records a decision. The policy is in evaluation mode and needs no gradients afterwards. Error for one that computes
// gradients when it acts, or does not begin a day with zeros as its carry.
Trace trace_act(policy::Policy& policy, const policy::PolicyShape& shape);

}  // namespace genbid::exporting
