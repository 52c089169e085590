#include "graph/pt2_program.h"

#include <cmath>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::graph {
namespace {

using Json = nlohmann::json;

constexpr int kSchemaMajor = 8, kSchemaMinor = 17;
constexpr const char* kTorch = "2.11.0";  // whose schema it is
constexpr int kAtenVersion = 10;
constexpr int kFloat32 = 7, kInt64 = 5, kBool = 12;  // ScalarType
constexpr int kStrided = 7;                          // Layout
constexpr int kByPlace = 1, kByName = 2;             // ArgumentKind
constexpr const char* kRows = "s0";
constexpr int64_t kRowsHint = 2;  // number of rows that the program claims to be traced with

Json extent(int64_t multiple_of_rows) {
  const std::string symbol = std::string("Symbol('") + kRows + "', positive=True, integer=True)";
  const std::string expression =
      multiple_of_rows == 1 ? symbol : "Mul(Integer(" + std::to_string(multiple_of_rows) + "), " + symbol + ")";
  return {{"as_expr", {{"expr_str", expression}, {"hint", {{"as_int", multiple_of_rows * kRowsHint}}}}}};
}

// A tree of arguments or results as torch.utils._pytree writes it; a leaf has no type.
Json tree(const Json& type, const Json& context, const Json& children) {
  return {{"type", type}, {"context", context}, {"children_spec", children}};
}

Json leaves(size_t count) {
  Json all = Json::array();
  for (size_t i = 0; i < count; ++i) all.push_back(tree(nullptr, nullptr, Json::array()));
  return all;
}

std::string tree_text(const Json& whole) { return Json::array({1, whole}).dump(); }

}  // namespace

Json pt2_tensor(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }

Json pt2_real(double number) {
  if (std::isinf(number)) return {{"as_float", number > 0 ? "Infinity" : "-Infinity"}};
  return {{"as_float", number}};
}

// Strides are written as those of C order. Torch computes strides of intermediate values anew where it needs them.
Json pt2_tensor_meta(Type type, const Shape& shape) {
  Json sizes = Json::array(), strides = Json::array();
  if (shape.rows > 0) {
    sizes.push_back(extent(shape.rows));
    strides.push_back({{"as_int", shape.inner()}});
  }
  int64_t stride = shape.inner();
  for (const int64_t size : shape.rest) {
    stride /= size;
    sizes.push_back({{"as_int", size}});
    strides.push_back({{"as_int", stride}});
  }
  return {{"dtype", type == Type::kFloat ? kFloat32
                    : type == Type::kInt ? kInt64
                                         : kBool},
          {"sizes", sizes},
          {"strides", strides},
          {"storage_offset", {{"as_int", 0}}},
          {"requires_grad", false},
          {"device", {{"type", "cpu"}, {"index", nullptr}}},
          {"layout", kStrided}};
}

void Pt2Program::value(const std::string& name, Type type, const Shape& shape) {
  tensor_values_[name] = pt2_tensor_meta(type, shape);
}

std::string Pt2Program::input(const std::string& name, Type type, const Shape& shape) {
  input_names_.push_back(unused_name(name));
  const std::string& plain = input_names_.back();
  value(plain, type, shape);
  inputs_.push_back({{"user_input", {{"arg", pt2_tensor(plain)}}}});
  if (shape.rows > 0 && rows_of_input_ == 0) {
    rows_input_ = plain;
    rows_of_input_ = shape.rows;
  }
  return plain;
}

std::string Pt2Program::weight(const std::string& tensor, Type type, const std::vector<int64_t>& shape) {
  const bool is_parameter = type == Type::kFloat;  // as in policy.py
  const std::string name = unused_name((is_parameter ? "p_" : "b_") + tensor);
  value(name, type, {0, shape});
  const Json argument = {{"name", name}};
  if (is_parameter) {
    parameters_.push_back({{"parameter", {{"arg", argument}, {"parameter_name", tensor}}}});
  } else {
    buffers_.push_back({{"buffer", {{"arg", argument}, {"buffer_name", tensor}, {"persistent", true}}}});
  }
  return name;
}

std::string Pt2Program::constant(const std::string& wished, const std::vector<int64_t>& numbers) {
  const std::string name = unused_name("c_" + wished);
  value(name, Type::kInt, {0, {std::ssize(numbers)}});
  constants_.push_back({"_" + name, numbers});  // no weight's name begins so
  lifted_.push_back(
      {{"tensor_constant", {{"arg", {{"name", name}}}, {"tensor_constant_name", constants_.back().name}}}});
  return name;
}

void Pt2Program::node(const std::string& overload, const std::vector<Pt2Argument>& arguments, const std::string& output,
                      Type type, const Shape& shape) {
  Json inputs = Json::array();
  for (const Pt2Argument& argument : arguments) {
    inputs.push_back(
        {{"name", argument.name}, {"arg", argument.value}, {"kind", argument.by_name ? kByName : kByPlace}});
  }
  nodes_.push_back({{"target", "torch.ops.aten." + overload},
                    {"inputs", inputs},
                    {"outputs", Json::array({pt2_tensor(output)})},
                    {"metadata", Json::object()},
                    {"is_hop_single_tensor_return", nullptr},
                    {"name", output}});
  value(output, type, shape);
}

void Pt2Program::output(const std::string& name, const std::string& value) {
  output_names_.push_back(name);
  output_values_.push_back(pt2_tensor(value));
  outputs_.push_back({{"user_output", {{"arg", output_values_.back()}}}});
}

// Adds a node that makes a number: an input's extent, the number of rows by division, or a multiple of that.
Json Pt2Program::row_symbol(int64_t multiple) {
  if (const auto found = row_symbols_.find(multiple); found != row_symbols_.end()) return {{"as_name", found->second}};
  if (rows_of_input_ == 0)
    throw Error("pt2: found no input with rows, expected one, since a value is expanded to rows");
  const auto argument = [](const char* name, const Json& value) {
    return Json{{"name", name}, {"arg", value}, {"kind", kByPlace}};
  };
  std::string target = "torch.ops.aten.sym_size.int";
  Json inputs = Json::array({argument("self", pt2_tensor(rows_input_)), argument("dim", {{"as_int", 0}})});
  if (multiple != rows_of_input_) {
    const bool divides = multiple == 1;
    target = divides ? "_operator.floordiv" : "_operator.mul";
    inputs = {argument("", {{"as_sym_int", row_symbol(divides ? rows_of_input_ : 1)}}),
              argument("", {{"as_int", divides ? rows_of_input_ : multiple}})};
  }
  const std::string name = unused_name(multiple == 1 ? "num_rows" : "num_rows_" + std::to_string(multiple));
  nodes_.push_back({{"target", target},
                    {"inputs", inputs},
                    {"outputs", Json::array({{{"as_sym_int", {{"as_name", name}}}}})},
                    {"metadata", Json::object()},
                    {"is_hop_single_tensor_return", nullptr},
                    {"name", name}});
  symbol_values_[name] = extent(multiple);
  row_symbols_[multiple] = name;
  return {{"as_name", name}};
}

Json Pt2Program::rows(int64_t multiple) {
  if (multiple == 0) return {{"as_int", 0}};
  return {{"as_sym_int", row_symbol(multiple)}};
}

Json Pt2Program::sizes(const Shape& shape) {
  if (shape.rows == 0) return {{"as_ints", shape.rest}};
  Json all = Json::array({row_symbol(shape.rows)});
  for (const int64_t size : shape.rest) all.push_back({{"as_int", size}});
  return {{"as_sym_ints", all}};
}

Json Pt2Program::whole() const {
  Json arguments = Json::array(), input_specs = Json::array();
  for (const auto* specs : {&parameters_, &buffers_, &lifted_, &inputs_}) {
    for (const Json& spec : *specs) {
      const Json& argument = spec.begin().value()["arg"];
      input_specs.push_back(spec);
      arguments.push_back(argument.contains("as_tensor") ? argument : Json{{"as_tensor", argument}});
    }
  }
  const Json called =
      tree("builtins.tuple", "null",
           {tree("builtins.tuple", "null", leaves(input_names_.size())), tree("builtins.dict", "[]", Json::array())});
  const Json made = tree("builtins.dict", Json(output_names_).dump(), leaves(output_names_.size()));
  const Json signature = {{"inputs", Json::array()},
                          {"outputs", Json::array()},
                          {"in_spec", tree_text(called)},
                          {"out_spec", tree_text(made)},
                          {"forward_arg_names", input_names_}};
  const Json graph = {{"inputs", arguments},
                      {"outputs", output_values_},
                      {"nodes", nodes_},
                      {"tensor_values", tensor_values_},
                      {"sym_int_values", symbol_values_},
                      {"sym_bool_values", Json::object()},
                      {"sym_float_values", Json::object()},
                      {"custom_obj_values", Json::object()},
                      {"is_single_tensor_return", false}};
  Json ranges = Json::object();
  if (rows_of_input_ > 0) ranges[kRows] = {{"min_val", 1}, {"max_val", nullptr}};
  return {{"schema_version", {{"major", kSchemaMajor}, {"minor", kSchemaMinor}}},
          {"torch_version", kTorch},
          {"opset_version", {{"aten", kAtenVersion}}},
          {"range_constraints", ranges},
          {"verifiers", Json::array({"TRAINING"})},
          {"guards_code", Json::array()},
          {"graph_module",
           {{"graph", graph},
            {"signature", {{"input_specs", input_specs}, {"output_specs", outputs_}}},
            {"module_call_graph", Json::array({{{"fqn", ""}, {"signature", signature}}})},
            {"metadata", Json::object()},
            {"treespec_namedtuple_fields", Json::object()}}}};
}

}  // namespace genbid::graph
