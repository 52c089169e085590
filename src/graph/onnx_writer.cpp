#include "graph/onnx_writer.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <unordered_map>

#include "base/convert.h"
#include "base/error.h"
#include "graph/clamp_bounds.h"
#include "graph/onnx_file.h"
#include "graph/operators.h"

namespace genbid::graph {
namespace {

constexpr int64_t kOpset = 17;
constexpr int64_t kIrVersion = 8;
constexpr size_t kMostBytes = std::numeric_limits<int32_t>::max();
constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

using Names = std::vector<std::string>;

// The name of the ONNX operator that means the same, attributes aside; null where there is none.
const char* same_operator(Op op) {
  static const std::unordered_map<Op, const char*> table = {
      {Op::kExp, "Exp"},         {Op::kLog, "Log"},     {Op::kSqrt, "Sqrt"},
      {Op::kSin, "Sin"},         {Op::kCos, "Cos"},     {Op::kTanh, "Tanh"},
      {Op::kSigmoid, "Sigmoid"}, {Op::kRelu, "Relu"},   {Op::kSoftplus, "Softplus"},
      {Op::kNot, "Not"},         {Op::kAdd, "Add"},     {Op::kSub, "Sub"},
      {Op::kMul, "Mul"},         {Op::kMin, "Min"},     {Op::kMax, "Max"},
      {Op::kDiv, "Div"},         {Op::kPow, "Pow"},     {Op::kLess, "Less"},
      {Op::kEqual, "Equal"},     {Op::kAnd, "And"},     {Op::kLessEqual, "LessOrEqual"},
      {Op::kOr, "Or"},           {Op::kWhere, "Where"}, {Op::kMatmul, "MatMul"},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

class StepMaker {
 public:
  explicit StepMaker(const Graph& graph) : graph_(graph) {}

  ProtobufWriter run(const std::string& graph_name) {
    names_.resize(to_size(graph_.num_values()));
    for (const Named& input : graph_.inputs()) {
      const Value& value = graph_.value(input.value);
      at(names_, input.value) = file_.unused_name(input.name);
      file_.value(OnnxFile::Role::kInput, name(input.value), value.type, value.shape);
    }
    const Names outputs = name_outputs();
    for (size_t i = 0; i < graph_.constants().size(); ++i) add_constant(static_cast<int32_t>(i));
    for (const Node& node : graph_.nodes()) {
      std::string& output = at(names_, node.output);
      if (output.empty()) {
        output = file_.unused_name(info_of(node.op).name + "_" + std::to_string(node.output));
        const Value& value = graph_.value(node.output);
        file_.value(OnnxFile::Role::kBetween, output, value.type, value.shape);
      }
      lower(node, output);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ValueId id = graph_.outputs()[i].value;
      // A second name of a value.
      if (name(id) != outputs[i]) emit("Identity", {name(id)}, outputs[i]);
      file_.value(OnnxFile::Role::kOutput, outputs[i], graph_.value(id).type, graph_.value(id).shape);
    }
    return file_.graph(graph_name);
  }

 private:
  using Attributes = std::vector<OnnxAttribute>;

  const std::string& name(ValueId id) const { return at(names_, id); }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }

  // A node's value that is an output has its name at once.
  Names name_outputs() {
    Names outputs;
    for (const Named& output : graph_.outputs()) {
      bool is_input = false;
      for (const Named& input : graph_.inputs()) is_input = is_input || input.name == output.name;
      outputs.push_back(file_.unused_name(is_input ? output.name + "_out" : output.name));
      std::string& of_value = at(names_, output.value);
      if (graph_.value(output.value).source == Value::Source::kNode && of_value.empty()) of_value = outputs.back();
    }
    return outputs;
  }

  void add_constant(int32_t index) {
    const Constant& constant = at(graph_.constants(), index);
    const ValueId id = graph_.value_of_constant(index);
    at(names_, id) = file_.unused_name(constant.name);
    file_.initializer(name(id), graph_.value(id).type, shape(id).rest, constant.bytes);
  }

  void emit(const std::string& op, const Names& inputs, const std::string& output, const Attributes& attributes = {}) {
    file_.node(op, inputs, output, attributes);
  }
  // Adds an intermediate node, named after the output that it leads to.
  std::string step(const std::string& op, const Names& inputs, const Attributes& attributes = {}) {
    const std::string output = file_.unused_name(output_ + "/" + op);
    emit(op, inputs, output, attributes);
    return output;
  }
  std::string scalar(float number) { return file_.floats({}, {number}); }
  std::string list(const std::vector<int64_t>& numbers) { return file_.ints({std::ssize(numbers)}, numbers); }

  // The number of rows of the call times `multiple`, as a list of one.
  std::string rows_times(int64_t multiple) {
    std::string& cached = rows_[multiple];
    if (!cached.empty()) return cached;
    if (multiple != 1) return cached = step("Mul", {rows_times(1), list({multiple})});
    for (const Named& input : graph_.inputs()) {
      const int64_t rows = shape(input.value).rows;
      if (rows == 0) continue;
      const std::string extent = step("Shape", {input.name}, {{"start", int64_t{0}}, {"end", int64_t{1}}});
      return cached = rows == 1 ? extent : step("Div", {extent, list({rows})});
    }
    throw Error("onnx: found no input with rows, expected one, since a value is expanded to rows");
  }

  void lower(const Node& node, const std::string& output) {
    output_ = output;
    Names in;
    for (const ValueId input : node.inputs) in.push_back(name(input));
    if (node.op == Op::kWhere && graph_.value(node.output).type == Type::kBool) return lower_where_bool(in);
    if (const char* same = same_operator(node.op)) return emit(same, in, output);
    switch (node.op) {
      case Op::kGelu:
      case Op::kSilu:
      case Op::kMish:
        return lower_activation(node.op, in[0]);
      case Op::kClamp:
        return lower_clamp(node, in[0]);
      case Op::kCast: {
        constexpr int64_t kElements[] = {1, 7, 9};
        return emit("Cast", in, output, {{"to", kElements[node.ints[0]]}});
      }
      case Op::kFloorDiv:
        return lower_floor_div(in);
      case Op::kLinear:
        return lower_linear(node, in);
      case Op::kConv1d:
      case Op::kConvTranspose1d:
        return emit(node.op == Op::kConv1d ? "Conv" : "ConvTranspose", in, output,
                    {{"kernel_shape", std::vector{shape(node.inputs[1]).rest[2]}},
                     {"strides", std::vector{node.ints[0]}},
                     {"pads", std::vector{node.ints[1], node.ints[1]}}});
      case Op::kAttention:
        return lower_attention(node, in);
      case Op::kSoftmax:
        return emit("Softmax", in, output, {{"axis", int64_t{-1}}});
      case Op::kLayerNorm:
        return emit("LayerNormalization", in, output, {{"axis", int64_t{-1}}, {"epsilon", as_float(node.reals[0])}});
      case Op::kGroupNorm:
        return lower_group_norm(node, in);
      case Op::kSum:
        return emit("ReduceSum", {in[0], list({node.ints[0]})}, output, {{"keepdims", int64_t{0}}});
      default:
        return lower_places(node, in);
    }
  }

  void lower_where_bool(const Names& in) {  // some runtimes have Where for numbers alone
    emit("Or", {step("And", {in[0], in[1]}), step("And", {step("Not", {in[0]}), in[2]})}, output_);
  }

  void lower_activation(Op op, const std::string& x) {
    if (op == Op::kSilu) return emit("Mul", {x, step("Sigmoid", {x})}, output_);
    // Where e^x is infinite, tanh is 1 all the same.
    if (op == Op::kMish) return emit("Mul", {x, step("Tanh", {step("Softplus", {x})})}, output_);
    const std::string error = step("Erf", {step("Mul", {x, scalar(static_cast<float>(1.0 / std::numbers::sqrt2))})});
    emit("Mul", {step("Mul", {x, scalar(0.5F)}), step("Add", {error, scalar(1.0F)})}, output_);
  }

  void lower_clamp(const Node& node, const std::string& x) {
    const Type type = graph_.value(node.output).type;
    const ClampBounds bounds = clamp_bounds(node, type, "onnx");
    const auto bound = [&](const std::optional<double>& number) {
      if (!number) return std::string();
      return type == Type::kInt ? file_.ints({}, {static_cast<int64_t>(*number)}) : scalar(as_float(*number));
    };
    const std::string low = bound(bounds.low);
    emit("Clip", {x, low, bound(bounds.high)}, output_);
  }

  // ONNX divides whole numbers towards zero: one less where there is a remainder below 0. Divisors are above 0.
  void lower_floor_div(const Names& in) {
    const std::string quotient = step("Div", in);
    const std::string remainder = step("Sub", {in[0], step("Mul", {quotient, in[1]})});
    const std::string less = step("Cast", {step("Less", {remainder, file_.ints({}, {0})})}, {{"to", int64_t{7}}});
    emit("Sub", {quotient, less}, output_);
  }

  void lower_linear(const Node& node, const Names& in) {
    if (shape(node.inputs[0]).rank() == 2) return emit("Gemm", in, output_, {{"transB", int64_t{1}}});
    std::string& transposed = transposed_[node.inputs[1]];
    if (transposed.empty()) transposed = step("Transpose", {in[1]}, {{"perm", std::vector<int64_t>{1, 0}}});
    emit("Add", {step("MatMul", {in[0], transposed}), in[2]}, output_);
  }

  std::string causal_mask(int64_t extent) {
    std::vector<char> sees;
    for (int64_t query = 0; query < extent; ++query) {
      for (int64_t key = 0; key < extent; ++key) sees.push_back(key <= query ? 1 : 0);
    }
    return file_.bools({extent, extent}, sees);
  }

  // Whoever sees nothing gets zeros, as in torch: weights are masked again behind the softmax.
  void lower_attention(const Node& node, const Names& in) {
    const auto& q = shape(node.inputs[0]).rest;
    const float scale = as_float(1.0 / std::sqrt(as_double(q[2])));
    const std::string keys = step("Transpose", {in[1]}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}});
    std::string scores = step("MatMul", {step("Mul", {in[0], scalar(scale)}), keys});
    const bool is_causal = node.ints[0] != 0;
    const bool is_masked = in.size() == 4;
    const std::string mask = is_masked ? in[3] : is_causal ? causal_mask(q[1]) : "";
    const std::string hidden = scalar(std::numeric_limits<float>::lowest());
    if (!mask.empty()) scores = step("Where", {mask, scores, hidden});
    std::string weights = step("Softmax", {scores}, {{"axis", int64_t{-1}}});
    if (is_masked) weights = step("Where", {mask, weights, scalar(0.0F)});
    emit("MatMul", {weights, in[2]}, output_);
  }

  // Groups are the channels of an instance normalisation; a channel's weight and bias come behind it.
  void lower_group_norm(const Node& node, const Names& in) {
    const auto& x = shape(node.inputs[0]).rest;
    const int64_t groups = node.ints[0];
    const std::vector<float> ones(to_size(groups), 1.0F), zeros(to_size(groups), 0.0F);
    const std::string grouped = step("Reshape", {in[0], list({0, groups, x[0] / groups * x[1]})});
    const std::string normal =
        step("InstanceNormalization", {grouped, file_.floats({groups}, ones), file_.floats({groups}, zeros)},
             {{"epsilon", as_float(node.reals[0])}});
    const std::string back = step("Reshape", {normal, list({0, x[0], x[1]})});
    const std::string channels = list({x[0], 1});
    const std::string scaled = step("Mul", {back, step("Reshape", {in[1], channels})});
    emit("Add", {scaled, step("Reshape", {in[2], channels})}, output_);
  }

  void lower_places(const Node& node, const Names& in) {
    const Shape& x = shape(node.inputs[0]);
    const Shape& made = shape(node.output);
    switch (node.op) {
      case Op::kReshape: {
        std::vector<int64_t> sizes = made.rest;
        // 0: as before; -1: what is left
        if (made.rows > 0) sizes.insert(sizes.begin(), made.rows == x.rows ? 0 : -1);
        return emit("Reshape", {in[0], list(sizes)}, output_);
      }
      case Op::kPermute:
        return emit("Transpose", in, output_, {{"perm", node.ints}});
      case Op::kSlice:
        return lower_slice(node, in[0]);
      case Op::kConcat:
        return emit("Concat", in, output_, {{"axis", node.ints[0]}});
      case Op::kExpand:
        return lower_expand(x, made, in[0]);
      case Op::kPad: {
        std::vector<int64_t> pads(2 * made.rank(), 0);
        at(pads, node.ints[0]) = node.ints[1];
        pads[made.rank() + to_size(node.ints[0])] = node.ints[2];
        return emit("Pad", {in[0], list(pads)}, output_);
      }
      case Op::kPick:
        return emit("Gather", {in[0], list({node.ints.begin() + 1, node.ints.end()})}, output_,
                    {{"axis", node.ints[0]}});
      case Op::kGather:
        return emit("GatherElements", in, output_, {{"axis", node.ints[0]}});
      case Op::kTake:
        return emit("Gather", in, output_, {{"axis", int64_t{0}}});
      default:
        throw Error("onnx: found the operator " + info_of(node.op).name + ", expected one that can be written");
    }
  }

  void lower_slice(const Node& node, const std::string& x) {
    const Shape& of = shape(node.inputs[0]);
    const bool of_rows = of.rows > 0 && node.ints[0] == 0;
    const auto place = [&](int64_t number) {
      if (!of_rows || number == 0) return list({number});
      return number == of.rows ? list({kToTheEnd}) : rows_times(number);
    };
    emit("Slice", {x, place(node.ints[1]), place(node.ints[2]), list({node.ints[0]})}, output_);
  }

  void lower_expand(const Shape& from, const Shape& to, const std::string& x) {
    std::vector<int64_t> sizes = to.rest;
    if (to.rows > 0 && from.rows > 0) sizes.insert(sizes.begin(), 1);  // the rows are there
    if (to.rows == 0 || from.rows > 0) return emit("Expand", {x, list(sizes)}, output_);
    const std::string rows = rows_times(to.rows);
    const std::string whole = sizes.empty() ? rows : step("Concat", {rows, list(sizes)}, {{"axis", int64_t{0}}});
    emit("Expand", {x, whole}, output_);
  }

  const Graph& graph_;
  OnnxFile file_;
  Names names_;         // of values
  std::string output_;  // of the node at hand
  std::unordered_map<int64_t, std::string> rows_;
  std::unordered_map<ValueId, std::string> transposed_;
};

}  // namespace

std::string onnx_model(const Graph& graph, const OnnxInfo& info) {
  // ModelProto of onnx.proto.
  constexpr uint32_t kIr = 1, kProducer = 2, kProducerVersion = 3, kDoc = 6, kGraph = 7, kOpsetImport = 8,
                     kMetadata = 14;
  ProtobufWriter model;
  model.number(kIr, kIrVersion);
  model.text(kProducer, "genbid");
  model.text(kProducerVersion, info.version);
  model.text(kDoc, info.doc);
  ProtobufWriter opset;
  opset.text(1, "");  // the domain of ONNX itself
  opset.number(2, kOpset);
  model.message(kOpsetImport, opset);
  for (const auto& [key, value] : info.metadata) {
    ProtobufWriter entry;
    entry.text(1, key);
    entry.text(2, value);
    model.message(kMetadata, entry);
  }
  model.message(kGraph, StepMaker(graph).run(info.name));
  if (model.bytes().size() > kMostBytes) {
    throw Error("onnx: found a model of " + std::to_string(model.bytes().size()) + " bytes, expected at most " +
                std::to_string(kMostBytes) + ", the limit of the format");
  }
  return model.bytes();
}

}  // namespace genbid::graph
