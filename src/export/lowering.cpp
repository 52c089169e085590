#include "export/lowering.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "export/lowerer.h"

namespace genbid::exporting {
namespace {

using graph::Op;
using graph::Shape;
using graph::Type;

const char* kTable = " (the tables are in src/export/lowering_*.cpp)";

Type type_of_tensor(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
    case at::kDouble:  // a number of the program; tensors of doubles are refused where they become constants
      return Type::kFloat;
    case at::kLong:
      return Type::kInt;
    case at::kBool:
      return Type::kBool;
    default:
      throw Error("export: found a tensor of " + std::string(c10::toString(tensor.scalar_type())) +
                  ", expected float32, int64 or bool");
  }
}

at::ScalarType scalar_type_of(Type type) {
  return type == Type::kFloat ? at::kFloat : type == Type::kInt ? at::kLong : at::kBool;
}

// Operators that do to every row what they do to one, so that what is spread over rows can be computed once.
bool works_row_by_row(const std::string& name) {
  static const std::vector<std::string> names = {
      "aten::add",         "aten::add_",  "aten::sub",      "aten::sub_",        "aten::mul",
      "aten::div",         "aten::neg",   "aten::exp",      "aten::log",         "aten::sqrt",
      "aten::sin",         "aten::cos",   "aten::sigmoid",  "aten::tanh",        "aten::relu",
      "aten::silu",        "aten::gelu",  "aten::softplus", "aten::clamp",       "aten::clamp_min",
      "aten::clamp_max",   "aten::to",    "aten::eq",       "aten::ne",          "aten::lt",
      "aten::le",          "aten::gt",    "aten::ge",       "aten::logical_and", "aten::logical_or",
      "aten::logical_not", "aten::where", "aten::pow",      "aten::rsub",        "aten::fill_",
      "aten::zero_",       "aten::addmm", "aten::matmul",   "aten::linear",      "aten::contiguous",
      "aten::unsqueeze",   "aten::cat"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string listed_sizes(const std::vector<int64_t>& sizes) {
  std::string text;
  for (const int64_t size : sizes) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return text;
}

std::string place_of(const torch::jit::Node& node) { return std::string("export: ") + node.kind().toQualString(); }

}  // namespace

Lowerer::Lowerer(const Trace& trace) : trace_(trace) {}

// --- Inputs of a node ------------------------------------------------------------------------------------------------

bool Lowerer::is_none(const Node& node, size_t input) const {
  const auto constant = torch::jit::toIValue(node.input(input));
  return constant && constant->isNone();
}

int64_t Lowerer::integer(const Node& node, size_t input) const {
  const auto constant = torch::jit::toIValue(node.input(input));
  if (constant && constant->isInt()) return constant->toInt();
  if (constant && constant->isBool()) return constant->toBool() ? 1 : 0;
  throw Error(place_of(node) + ": found something else as input " + std::to_string(input) +
              ", expected a whole number that does not depend on what it is handed");
}

std::vector<int64_t> Lowerer::integers(const Node& node, size_t input) const {
  const auto constant = torch::jit::toIValue(node.input(input));
  if (constant && constant->isIntList()) return constant->toIntVector();
  if (constant && constant->isInt()) return {constant->toInt()};
  const Node& list = *node.input(input)->node();
  if (list.kind() != torch::jit::prim::ListConstruct) {
    throw Error(place_of(node) + ": found something else as input " + std::to_string(input) +
                ", expected whole numbers that do not depend on what it is handed");
  }
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < list.inputs().size(); ++i) numbers.push_back(integer(list, i));
  return numbers;
}

double Lowerer::real(const Node& node, size_t input) const {
  const auto constant = torch::jit::toIValue(node.input(input));
  if (constant && constant->isScalar()) return constant->toScalar().toDouble();
  if (constant && constant->isTensor() && constant->toTensor().numel() == 1) return constant->toTensor().item<double>();
  throw Error(place_of(node) + ": found something else as input " + std::to_string(input) + ", expected a number");
}

const Term& Lowerer::term(const Node& node, size_t input) const {
  const auto found = terms_.find(node.input(input));
  if (found != terms_.end()) return found->second;
  throw Error(place_of(node) + ": found something else as input " + std::to_string(input) + ", expected a tensor");
}

std::vector<Term> Lowerer::terms(const Node& node, size_t input) const {
  const auto found = lists_.find(node.input(input));
  if (found != lists_.end()) return found->second;
  throw Error(place_of(node) + ": found something else as input " + std::to_string(input) +
              ", expected a list of tensors");
}

// --- Terms and values ------------------------------------------------------------------------------------------------

const Shape& Lowerer::shape_of(const Term& term) const {
  if (!term.is_known()) return graph_.value(term.value).shape;
  if (term.is_spread()) return term.shape;
  own_shape_ = {0, term.known.sizes().vec()};
  return own_shape_;
}

Type Lowerer::type_of(const Term& term) const {
  return term.is_known() ? type_of_tensor(term.known) : graph_.value(term.value).type;
}

graph::ValueId Lowerer::value(const Term& term) {
  if (!term.is_known()) return term.value;
  const graph::ValueId number = constant(term.known);
  if (!term.is_spread()) return number;
  std::vector<int64_t> target = {term.shape.rows};
  target.insert(target.end(), term.shape.rest.begin(), term.shape.rest.end());
  return add(Op::kExpand, {number}, target);
}

graph::ValueId Lowerer::operand(const Term& term) { return term.is_known() ? constant(term.known) : term.value; }

graph::ValueId Lowerer::cast(graph::ValueId id, Type type) {
  if (graph_.value(id).type == type) return id;
  return add(Op::kCast, {id}, {static_cast<int64_t>(type)});
}

graph::ValueId Lowerer::scalar(double number) { return scalar(number, Type::kFloat); }

graph::ValueId Lowerer::scalar(double number, Type type) {
  return constant(at::full({}, number, at::TensorOptions().dtype(scalar_type_of(type))));
}

// The parameter or buffer that a tensor is a view of, whole or not; else a number.
std::string Lowerer::name_for(const at::Tensor& tensor) {
  std::string stem = "constant";
  for (const auto& [name, one] : trace_.named) {
    if (!one.defined() || !tensor.has_storage() || !one.is_alias_of(tensor)) continue;
    if (one.data_ptr() == tensor.data_ptr() && one.sizes() == tensor.sizes() && one.strides() == tensor.strides()) {
      return name;
    }
    stem = name;
  }
  std::string name;
  const auto taken = [&] {
    return std::any_of(graph_.constants().begin(), graph_.constants().end(),
                       [&](const graph::Constant& constant) { return constant.name == name; }) ||
           trace_.named.contains(name);
  };
  do {
    name = stem + "_" + std::to_string(numbers_[stem]++);
  } while (taken());
  return name;
}

graph::ValueId Lowerer::constant(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kDouble && tensor.dim() > 0 && tensor.numel() > 1) {
    throw Error("export: found a tensor of float64, expected float32");
  }
  const Type type = type_of_tensor(tensor);
  const at::Tensor whole = tensor.detach().to(scalar_type_of(type)).contiguous();
  const auto bytes = std::span<const std::byte>(static_cast<const std::byte*>(whole.const_data_ptr()),
                                                to_size(whole.numel()) * graph::size_of(type));
  ContentHash hash;
  hash.add(bytes);
  const std::string key = graph::type_name(type) + graph::shown_shape({0, whole.sizes().vec()}) + hash.digits();
  const auto found = constants_.find(key);
  if (found != constants_.end()) return found->second;
  const graph::ValueId id = graph_.add_constant(name_for(tensor), type, whole.sizes().vec(), bytes);
  constants_[key] = id;
  return id;
}

graph::ValueId Lowerer::add(Op op, std::vector<graph::ValueId> inputs, std::vector<int64_t> ints,
                            std::vector<double> reals) {
  const auto key = std::make_tuple(static_cast<int>(op), inputs, ints, reals);
  const auto found = nodes_.find(key);
  if (found != nodes_.end()) return found->second;
  const graph::ValueId id = graph_.add(op, std::move(inputs), std::move(ints), std::move(reals));
  nodes_[key] = id;
  return id;
}

// --- Computing at once -----------------------------------------------------------------------------------------------

bool Lowerer::all_known(const Node& node) const {
  for (const Value* input : node.inputs()) {
    const auto term = terms_.find(input);
    if (term != terms_.end() && !term->second.is_known()) return false;
    const auto list = lists_.find(input);
    if (list == lists_.end()) continue;
    for (const Term& one : list->second) {
      if (!one.is_known()) return false;
    }
  }
  return true;
}

bool Lowerer::computed_here(Node& node) {
  if (!all_known(node)) return false;
  const std::string name = node.kind().toQualString();
  int64_t rows = 0;  // over which the result is spread
  bool one_number = true;
  const auto look_at = [&](const Term& term) {
    if (!term.is_spread()) return;
    one_number = one_number && (rows == 0 || rows == term.shape.rows);
    rows = term.shape.rows;
  };
  for (const Value* input : node.inputs()) {
    const auto term = terms_.find(input);
    const auto list = lists_.find(input);
    if (term != terms_.end()) look_at(term->second);
    if (list == lists_.end()) continue;
    for (const Term& one : list->second) look_at(one);
  }
  const bool moves_rows = (name == "aten::unsqueeze" || name == "aten::cat") && integer(node, 1) == 0;
  if (!one_number || (rows > 0 && (moves_rows || !works_row_by_row(name)))) return false;
  const auto one_row = [](const Term& term) {
    if (!term.is_spread()) return term.known;
    std::vector<int64_t> sizes = term.shape.rest;
    sizes.insert(sizes.begin(), 1);
    return term.known.expand(sizes);
  };

  torch::jit::Stack stack;
  for (const Value* input : node.inputs()) {
    const auto term = terms_.find(input);
    const auto list = lists_.find(input);
    if (term != terms_.end()) {
      const at::Tensor known = one_row(term->second);
      // An operator that ends with _ writes to what it is handed.
      stack.emplace_back(name.ends_with("_") ? known.clone() : known);
    } else if (list != lists_.end()) {
      std::vector<at::Tensor> tensors;
      for (const Term& one : list->second) tensors.push_back(one_row(one));
      stack.emplace_back(tensors);
    } else if (const auto constant = torch::jit::toIValue(input)) {
      stack.emplace_back(*constant);
    } else if (input->node()->kind() == torch::jit::prim::ListConstruct) {
      std::vector<int64_t> numbers;
      for (size_t i = 0; i < input->node()->inputs().size(); ++i) numbers.push_back(integer(*input->node(), i));
      stack.emplace_back(numbers);
    } else {
      return false;
    }
  }
  const torch::NoGradGuard no_grad;
  node.getOperation()(stack);
  if (stack.size() != 1) return false;
  if (stack[0].isTensorList()) {
    if (rows > 0) return false;
    for (const at::Tensor& one : stack[0].toTensorVector()) lists_[node.output()].push_back({one});
    return true;
  }
  if (!stack[0].isTensor()) return false;
  const at::Tensor result = stack[0].toTensor();
  // LibTorch does not record what is written into it by hand, as at::tensor() does: that must show.
  if (name.starts_with("aten::empty") && result.is_floating_point()) result.fill_(std::nan(""));
  if (name.starts_with("aten::empty") && result.scalar_type() == at::kLong) {
    result.fill_(std::numeric_limits<int64_t>::min());
  }
  if (rows == 0) {
    terms_[node.output()] = {result};
    return true;
  }
  if (result.dim() == 0 || result.size(0) != 1) return false;
  terms_[node.output()] = {result, {rows, {result.sizes().begin() + 1, result.sizes().end()}}};
  return true;
}

// --- The whole -------------------------------------------------------------------------------------------------------

// What LibTorch said of the example must be what the graph says of as many rows.
void Lowerer::check_against_trace(const Node& node) const {
  const Term& made = terms_.at(node.output());
  const auto traced = node.output()->type()->cast<c10::TensorType>();
  if (!traced) return;
  const auto sizes = traced->sizes().concrete_sizes();
  const Shape& shape = shape_of(made);
  if (sizes && *sizes != shape.sizes(kTracedRows)) {
    throw Error(place_of(node) + ": found " + graph::shown_shape(shape) + " in place of [" + listed_sizes(*sizes) +
                "], expected the same with " + std::to_string(kTracedRows) + " rows");
  }
  const auto type = traced->scalarType();
  const at::ScalarType expected = scalar_type_of(type_of(made));
  if (type && *type != expected && !(*type == at::kDouble && expected == at::kFloat && shape.rank() == 0)) {
    throw Error(place_of(node) + ": found " + std::string(c10::toString(expected)) + ", expected " +
                c10::toString(*type));
  }
}

void Lowerer::lower(Node& node) {
  const std::string name = node.kind().toQualString();
  if (node.kind() == torch::jit::prim::Constant) {
    const auto constant = torch::jit::toIValue(node.output());
    if (constant && constant->isTensor()) terms_[node.output()] = {constant->toTensor()};
    return;
  }
  if (node.kind() == torch::jit::prim::ListConstruct) {
    std::vector<Term> parts;
    for (const Value* input : node.inputs()) {
      const auto found = terms_.find(input);
      if (found == terms_.end()) return;  // of numbers
      parts.push_back(found->second);
    }
    lists_[node.output()] = parts;
    return;
  }
  if (node.kind() == torch::jit::prim::ListUnpack) {
    const std::vector<Term> parts = terms(node, 0);
    if (parts.size() != node.outputs().size()) throw Error(place_of(node) + ": found another number of tensors");
    for (size_t i = 0; i < parts.size(); ++i) terms_[node.output(i)] = parts[i];
    return;
  }
  if (computed_here(node)) return;
  if (const ListHandler handler = list_handler_for(name)) {
    lists_[node.output()] = handler(*this, node);
    return;
  }
  const Handler handler = handler_for(name);
  if (handler == nullptr)
    throw Error(place_of(node) + ": found an operator outside the table, expected one in it" + kTable);
  try {
    terms_[node.output()] = handler(*this, node);
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(what.starts_with("export: ") ? what : place_of(node) + ": " + what);
  }
  check_against_trace(node);
}

graph::Graph Lowerer::run() {
  for (size_t i = 0; i < trace_.inputs.size(); ++i) {
    const at::Tensor& sample = trace_.inputs[i].sample;
    if (sample.numel() == 0) continue;  // a policy that draws nothing
    const Shape shape = {1, {sample.sizes().begin() + 1, sample.sizes().end()}};
    terms_[trace_.graph->inputs()[i]].value = graph_.add_input(trace_.inputs[i].name, type_of_tensor(sample), shape);
  }
  for (Node* node : trace_.graph->nodes()) {
    if (node->kind() != torch::jit::prim::TupleConstruct) lower(*node);
  }
  const Node& tuple = *trace_.graph->outputs().at(0)->node();
  for (size_t i = 0; i < trace_.outputs.size(); ++i) graph_.add_output(trace_.outputs[i], value(term(tuple, i)));
  return graph::without_unused(graph_, /*inputs_too=*/true);
}

graph::Graph lowered(const Trace& trace) { return Lowerer(trace).run(); }

}  // namespace genbid::exporting
