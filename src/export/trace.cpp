#include "export/trace.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/utils.h>

#include "base/convert.h"
#include "base/error.h"

// B rows, T ticks, S features, A action coefficients, O outcomes, N numbers of noise.

namespace genbid::exporting {
namespace {

constexpr size_t kFirstCarry = 8;  // inputs before it

// Values are of no consequence, since a policy does not branch on them; places in the day are such as a day has.
std::vector<TraceTensor> inputs_for(const policy::Policy& policy, const policy::PolicyShape& shape) {
  const int64_t ticks = served_window(policy);
  const auto zeros = [](std::initializer_list<int64_t> sizes) { return at::zeros(sizes); };
  std::vector<TraceTensor> inputs = {
      {"states", zeros({kTracedRows, ticks, shape.num_features})},
      {"actions", zeros({kTracedRows, ticks, shape.num_actions})},
      {"before", zeros({kTracedRows, ticks, kNumOutcomes})},
      {"ticks", at::arange(ticks).expand({kTracedRows, ticks}).contiguous()},
      {"mask", at::ones({kTracedRows, ticks})},
      {"constraint", at::ones({kTracedRows, 2})},
      {"wishes", zeros({kTracedRows, kNumOutcomes})},
      {"noise", zeros({kTracedRows, policy.noise_size()})},
  };
  for (const at::Tensor& carry : policy.initial_carry(kTracedRows)) {
    if (carry.count_nonzero().item<int64_t>() != 0 || carry.scalar_type() != at::kFloat) {
      throw Error("export: found a policy that begins a day with something else than zeros, expected zeros of float32");
    }
    inputs.push_back({"carry." + std::to_string(inputs.size() - kFirstCarry), carry.contiguous()});
  }
  return inputs;
}

}  // namespace

int64_t served_window(const policy::Policy& policy) {
  return policy.initial_carry(1).empty() ? policy.window() : policy.window_with_carry();
}

Trace traced(const TracedFunction& function) {
  const torch::NoGradGuard no_grad;
  Trace trace;
  trace.inputs = function.inputs;
  trace.outputs = function.outputs;
  trace.named = function.named;
  torch::jit::Stack stack;
  for (const TraceTensor& input : trace.inputs) stack.emplace_back(input.sample);
  const auto run = [&](const torch::jit::Stack& given) {
    std::vector<at::Tensor> inputs;
    for (const c10::IValue& one : given) inputs.push_back(one.toTensor());
    std::vector<c10::IValue> parts;
    for (at::Tensor& one : function.run(inputs)) parts.emplace_back(std::move(one));
    return torch::jit::Stack{c10::ivalue::Tuple::create(std::move(parts))};  // a graph has one output
  };
  const auto no_names = [](const torch::autograd::Variable&) { return std::string(); };
  trace.graph = torch::jit::tracer::trace(stack, run, no_names, /*strict=*/true).first->graph;
  torch::jit::EliminateDeadCode(trace.graph);
  return trace;
}

Trace trace_act(policy::Policy& policy, const policy::PolicyShape& shape) {
  if (policy.act_needs_gradients()) {
    throw Error("export: found a policy that computes gradients when it acts, expected one that does not");
  }
  policy.eval();
  for (const at::Tensor& parameter : policy.parameters()) parameter.set_requires_grad(false);
  TracedFunction act;
  act.inputs = inputs_for(policy, shape);
  for (const auto& item : policy.named_parameters()) act.named[item.key()] = item.value();
  for (const auto& item : policy.named_buffers()) act.named[item.key()] = item.value();
  act.outputs = {"coefficients"};
  for (size_t i = kFirstCarry; i < act.inputs.size(); ++i) act.outputs.push_back(act.inputs[i].name);
  act.run = [&](const std::vector<at::Tensor>& in) {
    const std::vector<at::Tensor> carry(in.begin() + kFirstCarry, in.end());
    policy::Action action = policy.act({in[0], in[1], in[2], in[3], in[4], in[5]}, in[6], in[7], carry);
    if (action.carry.size() != carry.size()) {
      throw Error("export: found a policy that returns " + std::to_string(action.carry.size()) +
                  " tensors to carry on, expected " + std::to_string(carry.size()) + ", those of a day's first tick");
    }
    std::vector<at::Tensor> outputs{action.coefficients_BA};
    outputs.insert(outputs.end(), action.carry.begin(), action.carry.end());
    return outputs;
  };
  return traced(act);
}

}  // namespace genbid::exporting
