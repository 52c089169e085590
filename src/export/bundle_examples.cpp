#include "export/bundle_examples.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <map>
#include <set>

#include "export/agreement.h"
#include "export/example_days.h"
#include "policy/tensor_file.h"

namespace genbid::exporting {
namespace {

constexpr int64_t kRows = 8;
constexpr int64_t kSeed = 1;

}  // namespace

void write_examples(const std::string& path, policy::Policy& policy, const SeenOptions& seen, int64_t ticks,
                    const graph::Graph& graph) {
  const torch::NoGradGuard no_grad;
  policy.eval();
  const std::set<int64_t> kept = {0, 1, 2, ticks / 2, ticks - 2, ticks - 1};
  std::map<std::string, std::vector<at::Tensor>> parts;
  ExampleDays days(policy, seen, ticks, kRows, kSeed);
  std::vector<at::Tensor> carry = policy.initial_carry(kRows);
  while (!days.ended()) {
    const policy::Ticks history = days.history();
    const std::vector<at::Tensor> inputs = inputs_of(graph, history, days.wishes_BO(), days.noise_BN(), carry);
    policy::Action action = policy.act(history, days.wishes_BO(), days.noise_BN(), carry);
    if (kept.contains(days.tick())) {
      for (size_t i = 0; i < inputs.size(); ++i) {
        parts["inputs." + graph.inputs()[i].name].push_back(inputs[i].clone());
      }
      parts["outputs.coefficients"].push_back(action.coefficients_BA);
      for (size_t i = 0; i < action.carry.size(); ++i) {
        parts["outputs.carry." + std::to_string(i)].push_back(action.carry[i]);
      }
    }
    carry = std::move(action.carry);
    days.bid(action.coefficients_BA);
  }
  policy::NamedTensors examples;
  for (const auto& [name, tensors] : parts) examples[name] = at::cat(tensors).contiguous();
  policy::write_tensors(path, examples);
}

}  // namespace genbid::exporting
