#include "export/agreement.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/convert.h"
#include "base/error.h"
#include "export/example_days.h"
#include "graph/carry_buffers.h"

namespace genbid::exporting {
namespace {

constexpr const char* kCarry = "carry.";

at::Tensor input_named(const std::string& name, const policy::Ticks& history, const at::Tensor& wishes_BO,
                       const at::Tensor& noise_BN, const std::vector<at::Tensor>& carry) {
  if (name == "states") return history.states_BTS;
  if (name == "actions") return history.actions_BTA;
  if (name == "before") return history.before_BTO;
  if (name == "ticks") return history.ticks_BT;
  if (name == "mask") return history.mask_BT;
  if (name == "constraint") return history.constraint_BC;
  if (name == "wishes") return wishes_BO;
  if (name == "noise") return noise_BN;
  if (name.starts_with(kCarry)) return carry.at(std::stoul(name.substr(std::string(kCarry).size())));
  throw Error("graph: found input '" + name + "', expected one that a policy is handed");
}

// Runs the graph, and puts what it carries into `carry`, but for carries that move.
at::Tensor decide(graph::Workspace& workspace, const std::vector<at::Tensor>& inputs, std::vector<at::Tensor>& carry) {
  const graph::Graph& graph = workspace.program().graph();
  const int64_t rows = inputs.at(0).size(0);
  write_inputs(workspace, inputs);
  workspace.run(rows);
  at::Tensor coefficients_BA;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    if (workspace.program().moves_output(i)) continue;
    const graph::Named& output = graph.outputs()[i];
    const at::Tensor made = at::empty(graph.value(output.value).shape.sizes(rows));
    std::copy_n(workspace.output(i).begin(), made.numel(), made.mutable_data_ptr<float>());
    if (output.name.starts_with(kCarry)) {
      carry.at(std::stoul(output.name.substr(std::string(kCarry).size()))) = made;
    } else {
      coefficients_BA = made;
    }
  }
  return coefficients_BA;
}

void require_finite(const at::Tensor& coefficients_BA, const char* who, int64_t tick) {
  const at::Tensor bad_B = coefficients_BA.isfinite().logical_not().any(1);
  if (!bad_B.any().item<bool>()) return;
  throw Error("example days: tick " + std::to_string(tick) + ", row " +
              std::to_string(bad_B.nonzero()[0][0].item<int64_t>()) + ": found a coefficient of " + who +
              " that is not finite, expected a number");
}

}  // namespace

std::vector<at::Tensor> inputs_of(const graph::Graph& graph, const policy::Ticks& history, const at::Tensor& wishes_BO,
                                  const at::Tensor& noise_BN, const std::vector<at::Tensor>& carry) {
  std::vector<at::Tensor> inputs;
  for (const graph::Named& input : graph.inputs()) {
    inputs.push_back(input_named(input.name, history, wishes_BO, noise_BN, carry));
  }
  return inputs;
}

void write_inputs(graph::Workspace& workspace, const std::vector<at::Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (workspace.program().moves_input(i)) continue;
    const at::Tensor whole = inputs[i].contiguous();
    if (whole.scalar_type() == at::kLong) {
      std::copy_n(whole.const_data_ptr<int64_t>(), whole.numel(), workspace.int_input(i).begin());
    } else {
      std::copy_n(whole.const_data_ptr<float>(), whole.numel(), workspace.float_input(i).begin());
    }
  }
}

Agreement compare_over_a_day(policy::Policy& policy, const SeenOptions& seen, int64_t ticks,
                             const std::shared_ptr<const graph::Program>& program, int64_t rows, int64_t seed) {
  const torch::NoGradGuard no_grad;
  policy.eval();
  graph::Workspace workspace(program, rows);
  graph::CarryBuffers buffers(workspace);
  ExampleDays days(policy, seen, ticks, rows, seed);
  std::vector<at::Tensor> carry = policy.initial_carry(rows);
  std::vector<at::Tensor> own_carry = carry;
  Agreement agreement;
  double sum = 0.0;
  double scale = 1e-6;
  while (!days.ended()) {
    const policy::Ticks history = days.history();
    const at::Tensor noise_BN = days.noise_BN();
    policy::Action action = policy.act(history, days.wishes_BO(), noise_BN, carry);
    carry = std::move(action.carry);
    const at::Tensor own_BA =
        decide(workspace, inputs_of(program->graph(), history, days.wishes_BO(), noise_BN, own_carry), own_carry);
    buffers.move_on();
    require_finite(action.coefficients_BA, "the policy", days.tick());
    require_finite(own_BA, "the exported graph", days.tick());
    scale = std::max(scale, action.coefficients_BA.abs().max().item<double>());
    const at::Tensor error_BA = (own_BA - action.coefficients_BA).abs();
    agreement.largest = std::max(agreement.largest, error_BA.max().item<double>());
    sum += error_BA.mean().item<double>();
    ++agreement.decisions;
    days.bid(action.coefficients_BA);
  }
  agreement.largest /= scale;
  agreement.mean = sum / as_double(agreement.decisions) / scale;
  return agreement;
}

}  // namespace genbid::exporting
