#include "graph/pt2_writer.h"

#include <unordered_map>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "graph/clamp_bounds.h"
#include "graph/operators.h"
#include "graph/pt2_program.h"
#include "graph/zip_writer.h"

namespace genbid::graph {
namespace {

using Json = nlohmann::json;

constexpr const char* kFolder = "policy/";  // which everything in an archive lies in
constexpr int kScalarTypes[] = {7, 5, 12};  // by Type

struct Overload {
  const char* name;
  std::vector<const char*> arguments;
};

// The overload of an operator that takes its inputs alone; null where it has settings.
const Overload* overload_of_inputs(Op op) {
  static const std::unordered_map<Op, Overload> table = {
      {Op::kExp, {"exp.default", {"self"}}},
      {Op::kLog, {"log.default", {"self"}}},
      {Op::kSqrt, {"sqrt.default", {"self"}}},
      {Op::kSin, {"sin.default", {"self"}}},
      {Op::kCos, {"cos.default", {"self"}}},
      {Op::kTanh, {"tanh.default", {"self"}}},
      {Op::kSigmoid, {"sigmoid.default", {"self"}}},
      {Op::kRelu, {"relu.default", {"self"}}},
      {Op::kGelu, {"gelu.default", {"self"}}},
      {Op::kSilu, {"silu.default", {"self"}}},
      {Op::kMish, {"mish.default", {"self"}}},
      {Op::kSoftplus, {"softplus.default", {"self"}}},
      {Op::kNot, {"logical_not.default", {"self"}}},
      {Op::kAdd, {"add.Tensor", {"self", "other"}}},
      {Op::kSub, {"sub.Tensor", {"self", "other"}}},
      {Op::kMul, {"mul.Tensor", {"self", "other"}}},
      {Op::kMin, {"minimum.default", {"self", "other"}}},
      {Op::kMax, {"maximum.default", {"self", "other"}}},
      {Op::kDiv, {"div.Tensor", {"self", "other"}}},
      {Op::kPow, {"pow.Tensor_Tensor", {"self", "exponent"}}},
      {Op::kLess, {"lt.Tensor", {"self", "other"}}},
      {Op::kLessEqual, {"le.Tensor", {"self", "other"}}},
      {Op::kEqual, {"eq.Tensor", {"self", "other"}}},
      {Op::kAnd, {"logical_and.default", {"self", "other"}}},
      {Op::kOr, {"logical_or.default", {"self", "other"}}},
      {Op::kWhere, {"where.self", {"condition", "self", "other"}}},
      {Op::kLinear, {"linear.default", {"input", "weight", "bias"}}},
      {Op::kMatmul, {"matmul.default", {"self", "other"}}},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

Json whole_number(int64_t number) { return {{"as_int", number}}; }
Json whole_numbers(const std::vector<int64_t>& numbers) { return {{"as_ints", numbers}}; }

class StepMaker {
 public:
  explicit StepMaker(const Graph& graph) : graph_(graph), names_(to_size(graph.num_values())) {
    for (const Named& input : graph.inputs()) {
      const Value& value = graph.value(input.value);
      at(names_, input.value) = program_.input(input.name, value.type, value.shape);
    }
    for (int32_t i = 0; i < std::ssize(graph.constants()); ++i) {
      const ValueId id = graph.value_of_constant(i);
      at(names_, id) = program_.weight(at(graph.constants(), i).name, graph.value(id).type, shape(id).rest);
    }
    for (const Node& node : graph.nodes()) lower(node);
    for (const Named& output : graph.outputs()) program_.output(output.name, name(output.value));
  }

  const Pt2Program& program() const { return program_; }

 private:
  using Arguments = std::vector<Pt2Argument>;

  const std::string& name(ValueId id) const { return at(names_, id); }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  static Json all_of(const std::vector<std::string>& names) {
    Json tensors = Json::array();
    for (const std::string& one : names) tensors.push_back({{"name", one}});
    return {{"as_tensors", tensors}};
  }

  void emit(const Node& node, const std::string& overload, const Arguments& arguments) {
    const Value& made = graph_.value(node.output);
    at(names_, node.output) = program_.unused_name(info_of(node.op).name + "_" + std::to_string(node.output));
    program_.node(overload, arguments, name(node.output), made.type, made.shape);
  }

  void lower(const Node& node) {
    std::vector<Json> in;
    for (const ValueId input : node.inputs) in.push_back(pt2_tensor(name(input)));
    if (const Overload* overload = overload_of_inputs(node.op)) {
      Arguments arguments;
      for (size_t i = 0; i < in.size(); ++i) arguments.push_back({overload->arguments.at(i), in[i]});
      return emit(node, overload->name, arguments);
    }
    switch (node.op) {
      case Op::kClamp:
        return lower_clamp(node, in[0]);
      case Op::kCast:
        return emit(node, "to.dtype", {{"self", in[0]}, {"dtype", {{"as_scalar_type", kScalarTypes[node.ints[0]]}}}});
      case Op::kFloorDiv:
        return emit(node, "div.Tensor_mode",
                    {{"self", in[0]}, {"other", in[1]}, {"rounding_mode", {{"as_string", "floor"}}, true}});
      case Op::kConv1d:
      case Op::kConvTranspose1d:
        return emit(node, info_of(node.op).name + ".default",
                    {{"input", in[0]},
                     {"weight", in[1]},
                     {"bias", in[2]},
                     {"stride", whole_numbers({node.ints[0]})},
                     {"padding", whole_numbers({node.ints[1]})}});
      case Op::kAttention:
        return emit(node, "scaled_dot_product_attention.default",
                    {{"query", in[0]},
                     {"key", in[1]},
                     {"value", in[2]},
                     {"attn_mask", in.size() == 4 ? in[3] : Json{{"as_none", true}}},
                     {"dropout_p", pt2_real(0.0)},
                     {"is_causal", {{"as_bool", node.ints[0] != 0}}}});
      case Op::kSoftmax:
        return emit(node, "softmax.int", {{"self", in[0]}, {"dim", whole_number(-1)}});
      case Op::kLayerNorm:
        return emit(node, "layer_norm.default",
                    {{"input", in[0]},
                     {"normalized_shape", whole_numbers(shape(node.inputs[1]).rest)},
                     {"weight", in[1]},
                     {"bias", in[2]},
                     {"eps", pt2_real(node.reals[0])}});
      case Op::kGroupNorm:
        return emit(node, "group_norm.default",
                    {{"input", in[0]},
                     {"num_groups", whole_number(node.ints[0])},
                     {"weight", in[1]},
                     {"bias", in[2]},
                     {"eps", pt2_real(node.reals[0])}});
      case Op::kSum:
        return emit(node, "sum.dim_IntList", {{"self", in[0]}, {"dim", whole_numbers({node.ints[0]})}});
      default:
        return lower_places(node, in);
    }
  }

  // A clamp that bounds nothing becomes no node.
  void lower_clamp(const Node& node, const Json& x) {
    const Type type = graph_.value(node.output).type;
    const ClampBounds bounds = clamp_bounds(node, type, "pt2");
    if (!bounds.low && !bounds.high) {
      at(names_, node.output) = name(node.inputs[0]);
      return;
    }
    const auto bound = [type](const std::optional<double>& number) -> Json {
      if (!number) return {{"as_none", true}};
      return type == Type::kInt ? whole_number(static_cast<int64_t>(*number)) : pt2_real(*number);
    };
    emit(node, "clamp.default", {{"self", x}, {"min", bound(bounds.low)}, {"max", bound(bounds.high)}});
  }

  void lower_places(const Node& node, const std::vector<Json>& in) {
    const Shape& made = shape(node.output);
    const Json dimension = whole_number(node.ints.empty() ? 0 : node.ints[0]);
    switch (node.op) {
      case Op::kReshape:
        return emit(node, "reshape.default", {{"self", in[0]}, {"shape", program_.sizes(made)}});
      case Op::kPermute:
        return emit(node, "permute.default", {{"self", in[0]}, {"dims", whole_numbers(node.ints)}});
      case Op::kSlice: {
        const bool of_rows = node.ints[0] == 0 && shape(node.inputs[0]).rows > 0;
        const auto place = [&](int64_t number) { return of_rows ? program_.rows(number) : whole_number(number); };
        const Json first = place(node.ints[1]);
        return emit(node, "slice.Tensor",
                    {{"self", in[0]}, {"dim", dimension}, {"start", first}, {"end", place(node.ints[2])}});
      }
      case Op::kConcat: {
        std::vector<std::string> names;
        for (const ValueId input : node.inputs) names.push_back(name(input));
        return emit(node, "cat.default", {{"tensors", all_of(names)}, {"dim", dimension}});
      }
      case Op::kExpand:
        return emit(node, "expand.default", {{"self", in[0]}, {"size", program_.sizes(made)}});
      case Op::kPad: {  // two for each dimension, from the last on
        std::vector<int64_t> zeros(2 * (made.rank() - 1 - to_size(node.ints[0])), 0);
        zeros.insert(zeros.end(), {node.ints[1], node.ints[2]});
        return emit(node, "constant_pad_nd.default", {{"self", in[0]}, {"pad", whole_numbers(zeros)}});
      }
      case Op::kPick: {
        const std::string places =
            program_.constant("places_" + std::to_string(node.output), {node.ints.begin() + 1, node.ints.end()});
        return emit(node, "index_select.default", {{"self", in[0]}, {"dim", dimension}, {"index", pt2_tensor(places)}});
      }
      case Op::kGather:
        return emit(node, "gather.default", {{"self", in[0]}, {"dim", dimension}, {"index", in[1]}});
      case Op::kTake:
        return emit(node, "index.Tensor",
                    {{"self", in[0]}, {"indices", {{"as_optional_tensors", Json::array({in[1]})}}}});
      default:
        throw Error("pt2: found the operator " + info_of(node.op).name + ", expected one that can be written");
    }
  }

  const Graph& graph_;
  Pt2Program program_;
  std::vector<std::string> names_;  // of values
};

// Files of tensors in one folder of the archive, and the file that says what each is.
class TensorFiles {
 public:
  TensorFiles(ZipWriter& zip, std::string folder, std::string prefix)
      : zip_(zip), folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  void add(const std::string& name, bool is_parameter, Type type, const std::vector<int64_t>& shape,
           std::span<const std::byte> bytes) {
    const std::string file = prefix_ + std::to_string(tensors_.size());
    zip_.add(folder_ + file, bytes);
    tensors_[name] = {{"path_name", file},
                      {"is_param", is_parameter},
                      {"use_pickle", false},
                      {"tensor_meta", pt2_tensor_meta(type, {0, shape})}};
  }
  void finish(const std::string& file) { zip_.add(folder_ + file, Json{{"config", tensors_}}.dump()); }

 private:
  ZipWriter& zip_;
  std::string folder_;
  std::string prefix_;
  Json tensors_ = Json::object();
};

std::string program_json(const Pt2Program& program) {
  try {
    return program.whole().dump();
  } catch (const Json::exception& e) {
    throw Error("pt2: found a name that is no UTF-8 (" + shown(e.what()) + "), expected UTF-8");
  }
}

}  // namespace

std::string pt2_archive(const Graph& graph) {
  check_module_names(graph, "pt2");
  const StepMaker steps(graph);
  ZipWriter zip("pt2");
  const std::string folder = kFolder;
  zip.add(folder + "archive_format", "pt2");
  zip.add(folder + "archive_version", "0");
  zip.add(folder + "byteorder", "little");
  zip.add(folder + ".data/version", "6\n");
  zip.add(folder + "models/model.json", program_json(steps.program()));
  TensorFiles weights(zip, folder + "data/weights/", "weight_");
  for (int32_t i = 0; i < std::ssize(graph.constants()); ++i) {
    const Constant& constant = at(graph.constants(), i);
    const Value& value = graph.value(graph.value_of_constant(i));
    weights.add(constant.name, value.type == Type::kFloat, value.type, value.shape.rest, constant.bytes);
  }
  weights.finish("model_weights_config.json");
  TensorFiles constants(zip, folder + "data/constants/", "tensor_");
  for (const Pt2Constant& constant : steps.program().constants()) {
    constants.add(constant.name, false, Type::kInt, {std::ssize(constant.numbers)},
                  std::as_bytes(std::span(constant.numbers)));
  }
  constants.finish("model_constants_config.json");
  zip.add(folder + "data/sample_inputs/model.pt", "");  // none
  return zip.finish();
}

}  // namespace genbid::graph
