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

Trace trace_act(policy::Policy& policy, const policy::PolicyShape& shape) {
  if (policy.act_needs_gradients()) {
    throw Error("export: found a policy that computes gradients when it acts, expected one that does not");
  }
  policy.eval();
  for (const at::Tensor& parameter : policy.parameters()) parameter.set_requires_grad(false);
  const torch::NoGradGuard no_grad;
  Trace trace;
  trace.inputs = inputs_for(policy, shape);
  for (const auto& item : policy.named_parameters()) trace.named[item.key()] = item.value();
  for (const auto& item : policy.named_buffers()) trace.named[item.key()] = item.value();
  trace.outputs = {"coefficients"};
  for (size_t i = kFirstCarry; i < trace.inputs.size(); ++i) trace.outputs.push_back(trace.inputs[i].name);

  torch::jit::Stack stack;
  for (const TraceTensor& input : trace.inputs) stack.emplace_back(input.sample);
  const auto act = [&](const torch::jit::Stack& given) {
    const auto at = [&](size_t i) { return given[i].toTensor(); };
    std::vector<at::Tensor> carry;
    for (size_t i = kFirstCarry; i < given.size(); ++i) carry.push_back(at(i));
    const policy::Action action = policy.act({at(0), at(1), at(2), at(3), at(4), at(5)}, at(6), at(7), carry);
    std::vector<c10::IValue> parts = {action.coefficients_BA};
    if (action.carry.size() != carry.size()) {
      throw Error("export: found a policy that returns " + std::to_string(action.carry.size()) +
                  " tensors to carry on, expected " + std::to_string(carry.size()) + ", those of a day's first tick");
    }
    for (const at::Tensor& one : action.carry) parts.emplace_back(one);
    return torch::jit::Stack{c10::ivalue::Tuple::create(std::move(parts))};  // a graph has one output
  };
  const auto no_names = [](const torch::autograd::Variable&) { return std::string(); };
  trace.graph = torch::jit::tracer::trace(stack, act, no_names, /*strict=*/true).first->graph;
  torch::jit::EliminateDeadCode(trace.graph);
  return trace;
}

}  // namespace genbid::exporting
