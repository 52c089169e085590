#include "export/fusion.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "base/convert.h"
#include "graph/operators.h"

namespace genbid::exporting {
namespace {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::ValueId;

// A value's node, if it is one of this operator.
const Node* node_of(const Graph& graph, ValueId id, Op op) {
  const graph::Value& value = graph.value(id);
  if (value.source != graph::Value::Source::kNode) return nullptr;
  const Node& node = graph.nodes()[to_size(value.index)];
  return node.op == op ? &node : nullptr;
}

bool is_number(const Graph& graph, ValueId id, float number) {
  const graph::Value& value = graph.value(id);
  if (value.source != graph::Value::Source::kConstant || value.type != graph::Type::kFloat || value.shape.rank() != 0) {
    return false;
  }
  float found = 0.0F;
  std::memcpy(&found, graph.constant_of(id).bytes.data(), sizeof(found));
  return found == number;
}

// The x of a value that is x + 2.
std::optional<ValueId> without_two(const Graph& graph, ValueId id) {
  const Node* sum = node_of(graph, id, Op::kAdd);
  if (sum == nullptr || !is_number(graph, sum->inputs[1], 2.0F)) return {};
  return sum->inputs[0];
}

// x (n / (n + 2)) with n = e (e + 2) and e = exp(min(x, 20)): x.
std::optional<ValueId> argument_of_mish(const Graph& graph, const Node& node) {
  if (node.op != Op::kMul) return {};
  const ValueId x = node.inputs[0];
  const Node* quotient = node_of(graph, node.inputs[1], Op::kDiv);
  if (quotient == nullptr) return {};
  const ValueId n = quotient->inputs[0];
  const Node* product = node_of(graph, n, Op::kMul);
  if (product == nullptr || without_two(graph, quotient->inputs[1]) != n) return {};
  const ValueId e = product->inputs[0];
  const Node* exponential = node_of(graph, e, Op::kExp);
  if (exponential == nullptr || without_two(graph, product->inputs[1]) != e) return {};
  const Node* clamp = node_of(graph, exponential->inputs[0], Op::kClamp);
  if (clamp == nullptr || clamp->inputs[0] != x || !std::isinf(clamp->reals[0]) || clamp->reals[1] != 20.0) return {};
  return x;
}

}  // namespace

Graph fused(const Graph& graph) {
  Graph made;
  std::vector<ValueId> now;
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    const graph::Value& value = graph.value(id);
    const size_t index = to_size(value.index);
    if (value.source == graph::Value::Source::kInput) {
      now.push_back(made.add_input(graph.inputs()[index].name, value.type, value.shape));
    } else if (value.source == graph::Value::Source::kConstant) {
      const graph::Constant& constant = graph.constants()[index];
      now.push_back(made.add_constant(constant.name, value.type, value.shape.rest, constant.bytes));
    } else if (const auto x = argument_of_mish(graph, graph.nodes()[index])) {
      now.push_back(made.add(Op::kMish, {now[to_size(*x)]}));
    } else {
      const Node& node = graph.nodes()[index];
      std::vector<ValueId> inputs;
      for (const ValueId input : node.inputs) inputs.push_back(now[to_size(input)]);
      now.push_back(made.add(node.op, std::move(inputs), node.ints, node.reals));
    }
  }
  for (const graph::Named& output : graph.outputs()) made.add_output(output.name, now[to_size(output.value)]);
  return graph::without_unused(made);
}

}  // namespace genbid::exporting
