#include "graph/python_writer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "graph/clamp_bounds.h"
#include "graph/operators.h"
#include "graph/python_names.h"

namespace genbid::graph {
namespace {

// A JSON string without escapes beyond ASCII is a string of Python too.
std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("policy.py: found the name '" + shown(text) + "', expected UTF-8");
  }
}

std::string torch_type(Type type) {
  return type == Type::kFloat ? "torch.float32" : type == Type::kInt ? "torch.int64" : "torch.bool";
}

std::string real_text(double number) {
  if (std::isinf(number)) return number > 0 ? "float(\"inf\")" : "-float(\"inf\")";
  return nlohmann::json(number).dump();
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string joined(std::span<const int64_t> numbers) {
  std::vector<std::string> parts;
  for (const int64_t number : numbers) parts.push_back(std::to_string(number));
  return joined(parts);
}

std::string times_rows(int64_t multiple) {
  return multiple == 0 ? "0" : multiple == 1 ? "rows" : std::to_string(multiple) + " * rows";
}

std::string tuple_of(const Shape& shape) {
  std::vector<std::string> parts;
  if (shape.rows > 0) parts.push_back(times_rows(shape.rows));
  for (const int64_t extent : shape.rest) parts.push_back(std::to_string(extent));
  return "(" + joined(parts) + (parts.size() == 1 ? ",)" : ")");
}

struct Call {
  std::string function;
  bool is_infix = false;
};

// What is called with the inputs alone.
const std::vector<std::pair<Op, Call>>& calls() {
  static const std::vector<std::pair<Op, Call>> table = {
      {Op::kExp, {"torch.exp"}},         {Op::kLog, {"torch.log"}},     {Op::kSqrt, {"torch.sqrt"}},
      {Op::kSin, {"torch.sin"}},         {Op::kCos, {"torch.cos"}},     {Op::kTanh, {"torch.tanh"}},
      {Op::kSigmoid, {"torch.sigmoid"}}, {Op::kRelu, {"torch.relu"}},   {Op::kGelu, {"F.gelu"}},
      {Op::kSilu, {"F.silu"}},           {Op::kMish, {"F.mish"}},       {Op::kSoftplus, {"F.softplus"}},
      {Op::kNot, {"torch.logical_not"}}, {Op::kAdd, {" + ", true}},     {Op::kSub, {" - ", true}},
      {Op::kMul, {" * ", true}},         {Op::kMin, {"torch.minimum"}}, {Op::kMax, {"torch.maximum"}},
      {Op::kDiv, {" / ", true}},         {Op::kPow, {" ** ", true}},    {Op::kLess, {" < ", true}},
      {Op::kLessEqual, {" <= ", true}},  {Op::kEqual, {" == ", true}},  {Op::kAnd, {" & ", true}},
      {Op::kOr, {" | ", true}},          {Op::kWhere, {"torch.where"}}, {Op::kLinear, {"F.linear"}},
      {Op::kMatmul, {" @ ", true}},
  };
  return table;
}

class PythonWriter {
 public:
  explicit PythonWriter(const Graph& graph) : graph_(graph), names_(to_size(graph.num_values())) {
    for (const Named& input : graph.inputs()) at(names_, input.value) = python_names_.unused(input.name);
    for (int32_t i = 0; i < std::ssize(graph.constants()); ++i) {
      at(names_, graph.value_of_constant(i)) = "w[" + quoted(at(graph.constants(), i).name) + "]";
    }
    for (const Node& node : graph.nodes()) {
      at(names_, node.output) = python_names_.unused(info_of(node.op).name + "_" + std::to_string(node.output));
    }
  }

  std::string tensors() const {
    std::string text;
    for (int32_t i = 0; i < std::ssize(graph_.constants()); ++i) {
      const Value& value = graph_.value(graph_.value_of_constant(i));
      text += "    " + quoted(at(graph_.constants(), i).name) + ": (" + tuple_of(value.shape) + ", " +
              torch_type(value.type) + "),\n";
    }
    return text;
  }

  std::string arguments() const {
    std::string text;
    for (const Named& input : graph_.inputs()) text += ", " + name(input.value);
    return text;
  }

  std::string shapes(const std::vector<Named>& named) const {
    std::string text;
    for (const Named& one : named) {
      const Value& value = graph_.value(one.value);
      text += "        " + one.name + ": " + type_name(value.type) + " " + shown_shape(value.shape) + "\n";
    }
    return text;
  }

  std::string body() const {
    std::string text = rows_line();
    for (const Node& node : graph_.nodes()) text += "        " + name(node.output) + " = " + expression(node) + "\n";
    std::vector<std::string> outputs;
    for (const Named& output : graph_.outputs()) outputs.push_back(quoted(output.name) + ": " + name(output.value));
    return text + "        return {" + joined(outputs) + "}\n";
  }

 private:
  const std::string& name(ValueId id) const { return at(names_, id); }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }

  std::string rows_line() const {
    for (const Named& input : graph_.inputs()) {
      const int64_t rows = shape(input.value).rows;
      if (rows == 0) continue;
      const std::string divided = rows == 1 ? "" : " // " + std::to_string(rows);
      return "        rows = " + name(input.value) + ".shape[0]" + divided + "\n";
    }
    const bool makes_rows = std::any_of(graph_.nodes().begin(), graph_.nodes().end(),
                                        [this](const Node& node) { return shape(node.output).rows > 0; });
    if (makes_rows) throw Error("policy.py: found no input with rows, expected one, since a value is expanded to rows");
    return "";
  }

  std::string expression(const Node& node) const {
    std::vector<std::string> in;
    for (const ValueId input : node.inputs) in.push_back(name(input));
    const auto call =
        std::find_if(calls().begin(), calls().end(), [&node](const auto& of) { return of.first == node.op; });
    if (call != calls().end()) {
      const auto& [function, is_infix] = call->second;
      return is_infix ? in[0] + function + in[1] : function + "(" + joined(in) + ")";
    }
    switch (node.op) {
      case Op::kClamp:
        return clamp(node, in[0]);
      case Op::kCast:
        return in[0] + ".to(" + torch_type(graph_.value(node.output).type) + ")";
      case Op::kFloorDiv:
        return "torch.div(" + joined(in) + ", rounding_mode=\"floor\")";
      case Op::kConv1d:
      case Op::kConvTranspose1d:
        return "F." + info_of(node.op).name + "(" + joined(in) + ", stride=" + std::to_string(node.ints[0]) +
               ", padding=" + std::to_string(node.ints[1]) + ")";
      case Op::kAttention:
        return "F.scaled_dot_product_attention(" + joined(std::vector(in.begin(), in.begin() + 3)) +
               (in.size() == 4 ? ", attn_mask=" + in[3] : "") + (node.ints[0] != 0 ? ", is_causal=True" : "") + ")";
      case Op::kSoftmax:
        return "torch.softmax(" + in[0] + ", -1)";
      case Op::kLayerNorm:
        return "F.layer_norm(" + in[0] + ", " + tuple_of(shape(node.inputs[1])) + ", " + in[1] + ", " + in[2] + ", " +
               real_text(node.reals[0]) + ")";
      case Op::kGroupNorm:
        return "F.group_norm(" + in[0] + ", " + std::to_string(node.ints[0]) + ", " + in[1] + ", " + in[2] + ", " +
               real_text(node.reals[0]) + ")";
      case Op::kSum:
        return in[0] + ".sum(" + std::to_string(node.ints[0]) + ")";
      default:
        return place(node, in);
    }
  }

  std::string clamp(const Node& node, const std::string& x) const {
    const Type type = graph_.value(node.output).type;
    const ClampBounds bounds = clamp_bounds(node, type, "policy.py");
    const auto bound = [type](double number) {
      return type == Type::kInt ? std::to_string(static_cast<int64_t>(number)) : real_text(number);
    };
    std::vector<std::string> parts = {x};
    if (bounds.low) parts.push_back("min=" + bound(*bounds.low));
    if (bounds.high) parts.push_back("max=" + bound(*bounds.high));
    return parts.size() == 1 ? x : "torch.clamp(" + joined(parts) + ")";
  }

  std::string place(const Node& node, const std::vector<std::string>& in) const {
    const Shape& made = shape(node.output);
    const std::string dimension = node.ints.empty() ? "" : std::to_string(node.ints[0]);
    switch (node.op) {
      case Op::kReshape:
        return in[0] + ".reshape" + (made.rank() == 0 ? "(())" : tuple_of(made));
      case Op::kPermute:
        return in[0] + ".permute(" + (node.ints.empty() ? "()" : joined(node.ints)) + ")";
      case Op::kSlice: {
        const bool of_rows = node.ints[0] == 0 && shape(node.inputs[0]).rows > 0;
        const auto number = [of_rows](int64_t count) { return of_rows ? times_rows(count) : std::to_string(count); };
        return in[0] + ".narrow(" + dimension + ", " + number(node.ints[1]) + ", " +
               number(node.ints[2] - node.ints[1]) + ")";
      }
      case Op::kConcat:
        return "torch.cat([" + joined(in) + "], " + dimension + ")";
      case Op::kExpand:
        return in[0] + ".expand" + (made.rank() == 0 ? "(())" : tuple_of(made));
      case Op::kPad: {  // from the last dimension on
        std::string zeros;
        for (int64_t i = std::ssize(made.sizes(1)) - 1; i > node.ints[0]; --i) zeros += "0, 0, ";
        return "F.pad(" + in[0] + ", (" + zeros + std::to_string(node.ints[1]) + ", " + std::to_string(node.ints[2]) +
               "))";
      }
      case Op::kPick: {
        std::string before;
        for (int64_t i = 0; i < node.ints[0]; ++i) before += ":, ";
        return in[0] + "[" + before + "[" + joined(std::span(node.ints).subspan(1)) + "]]";
      }
      case Op::kGather:
        return "torch.gather(" + in[0] + ", " + dimension + ", " + in[1] + ")";
      case Op::kTake:
        // A tensor without extents would be taken for a number, which torch.export cannot keep open.
        if (shape(node.inputs[1]).rank() == 0) return in[0] + "[" + in[1] + ".reshape(1)].squeeze(0)";
        return in[0] + "[" + in[1] + "]";
      default:
        throw Error("policy.py: found the operator " + info_of(node.op).name + ", expected one that can be written");
    }
  }

  const Graph& graph_;
  std::vector<std::string> names_;  // of values, as expressions
  PythonNames python_names_;
};

constexpr const char* kImports = R"(import os

import safetensors.torch
import torch
import torch.nn.functional as F

)";

constexpr const char* kInit = R"(
    def __init__(self):
        super().__init__()
        for name, (shape, dtype) in TENSORS.items():
            module = self
            *path, leaf = name.split(".")
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, torch.nn.Module())
                module = getattr(module, part)
            tensor = torch.zeros(shape, dtype=dtype)
            if dtype.is_floating_point:  # policy.requires_grad_() makes them trainable
                module.register_parameter(leaf, torch.nn.Parameter(tensor, requires_grad=False))
            else:
                module.register_buffer(leaf, tensor)
)";

constexpr const char* kLoad = R"(

def load(folder):
    """The policy with the numbers of weights.safetensors in that folder."""
    policy = Policy()
    policy.load_state_dict(safetensors.torch.load_file(os.path.join(folder, "weights.safetensors")))
    return policy.eval()
)";

// A text within three quotes.
std::string in_docstring(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\' || c == '"') safe += '\\';
    safe += c;
  }
  return safe;
}

}  // namespace

std::string policy_python(const Graph& graph, const std::string& about) {
  check_module_names(graph, "policy.py");
  const PythonWriter writer(graph);
  return "\"\"\"" + in_docstring(about) + "\n\nR is the number of rows of a call.\n\"\"\"\n\n" + kImports +
         "TENSORS = {  # of weights.safetensors\n" + writer.tensors() +
         "}\n\n\nclass Policy(torch.nn.Module):" + kInit + "\n    def forward(self" + writer.arguments() +
         "):\n        \"\"\"Takes\n" + in_docstring(writer.shapes(graph.inputs())) + "        and returns a dict of\n" +
         in_docstring(writer.shapes(graph.outputs())) + "        \"\"\"\n" +
         "        w = {**dict(self.named_parameters()), **dict(self.named_buffers())}\n" + writer.body() + kLoad;
}

}  // namespace genbid::graph
