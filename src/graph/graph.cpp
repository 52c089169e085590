#include "graph/graph.h"

#include <algorithm>
#include <cstring>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "graph/operators.h"

namespace genbid::graph {
namespace {

const std::vector<std::string>& type_names() {
  static const std::vector<std::string> names = {"f32", "i64", "bool"};
  return names;
}

template <typename T>
void check_name(const std::string& name, const std::vector<T>& taken, const char* what) {
  if (name.empty()) throw Error(std::string("graph: found no name of an ") + what + ", expected one");
  if (std::any_of(taken.begin(), taken.end(), [&name](const T& one) { return one.name == name; })) {
    throw Error(std::string("graph: found two of the ") + what + "s named '" + shown(name) + "', expected one");
  }
}

// Checks what a node's kind and shapes do not tell: a floor_div divides by numbers above 0.
void check_divisors(const Constant& divisors) {
  for (size_t i = 0; i < divisors.bytes.size(); i += sizeof(int64_t)) {
    int64_t divisor = 0;
    std::memcpy(&divisor, divisors.bytes.data() + i, sizeof divisor);
    if (divisor < 1) throw Error("floor_div: found the divisor " + std::to_string(divisor) + ", expected one above 0");
  }
}

}  // namespace

size_t size_of(Type type) { return type == Type::kFloat ? 4 : type == Type::kInt ? 8 : 1; }

const std::string& type_name(Type type) { return type_names()[static_cast<size_t>(type)]; }

Type parse_type(std::string_view name) {
  for (size_t i = 0; i < type_names().size(); ++i) {
    if (type_names()[i] == name) return static_cast<Type>(i);
  }
  throw Error("type of a tensor: found '" + shown(name) + "', expected one of " + listed(type_names()));
}

int64_t Shape::inner() const {
  int64_t product = 1;
  for (const int64_t extent : rest) product *= extent;
  return product;
}

int64_t Shape::count(int64_t num_rows) const { return inner() * (rows > 0 ? rows * num_rows : 1); }

std::vector<int64_t> Shape::sizes(int64_t num_rows) const {
  std::vector<int64_t> all;
  if (rows > 0) all.push_back(rows * num_rows);
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

std::string shown_shape(const Shape& shape) {
  std::string text = "[";
  if (shape.rows > 0) text += (shape.rows == 1 ? "" : std::to_string(shape.rows)) + "R";
  for (const int64_t extent : shape.rest) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

ValueId Graph::add_input(const std::string& name, Type type, const Shape& shape) {
  check_name(name, inputs_, "input");
  check_extents(shape, "input " + name);
  const ValueId id = num_values();
  values_.push_back({type, shape, Value::Source::kInput, static_cast<int32_t>(inputs_.size())});
  inputs_.push_back({name, id});
  return id;
}

ValueId Graph::add_constant(const std::string& name, Type type, const std::vector<int64_t>& shape,
                            std::span<const std::byte> bytes) {
  check_name(name, constants_, "constant");
  const Shape whole = {0, shape};
  check_extents(whole, "constant " + name);
  if (bytes.size() != to_size(whole.inner()) * size_of(type)) {
    throw Error("constant " + shown(name) + ": found " + std::to_string(bytes.size()) + " bytes, expected " +
                shown_shape(whole) + " of " + type_name(type));
  }
  const auto is_bool = [](std::byte byte) { return byte <= std::byte{1}; };
  if (type == Type::kBool && !std::all_of(bytes.begin(), bytes.end(), is_bool)) {
    throw Error("constant " + shown(name) + ": found a byte above 1, expected bool of 0 and 1");
  }
  const ValueId id = num_values();
  values_.push_back({type, whole, Value::Source::kConstant, static_cast<int32_t>(constants_.size())});
  constants_.push_back({name, {bytes.begin(), bytes.end()}});
  constant_values_.push_back(id);
  return id;
}

ValueId Graph::add_constant(const std::string& name, const std::vector<int64_t>& shape,
                            std::span<const float> numbers) {
  return add_constant(name, Type::kFloat, shape, std::as_bytes(numbers));
}

ValueId Graph::add_constant(const std::string& name, const std::vector<int64_t>& shape,
                            std::span<const int64_t> numbers) {
  return add_constant(name, Type::kInt, shape, std::as_bytes(numbers));
}

ValueId Graph::add(Op op, std::vector<ValueId> inputs, std::vector<int64_t> ints, std::vector<double> reals) {
  std::vector<Value> values;
  for (const ValueId input : inputs) values.push_back(value(input));
  const TypeAndShape made = infer(op, values, ints, reals);
  check_extents(made.shape, info_of(op).name);
  if (op == Op::kFloorDiv) check_divisors(constant_of(inputs[1]));
  const ValueId id = num_values();
  values_.push_back({made.type, made.shape, Value::Source::kNode, static_cast<int32_t>(nodes_.size())});
  nodes_.push_back({op, std::move(inputs), std::move(ints), std::move(reals), id});
  return id;
}

void Graph::add_output(const std::string& name, ValueId id) {
  check_name(name, outputs_, "output");
  static_cast<void>(value(id));
  outputs_.push_back({name, id});
}

const Value& Graph::value(ValueId id) const {
  if (id < 0 || id >= num_values()) {
    throw Error("graph: found value " + std::to_string(id) + ", expected one of the " + std::to_string(num_values()) +
                " before it");
  }
  return values_[static_cast<size_t>(id)];
}

const Constant& Graph::constant_of(ValueId id) const {
  const Value& of = value(id);
  if (of.source != Value::Source::kConstant) {
    throw Error("graph: found value " + std::to_string(id) + ", which is computed, expected a constant");
  }
  return constants_[static_cast<size_t>(of.index)];
}

Graph without_unused(const Graph& graph, bool inputs_too) {
  std::vector<bool> used(static_cast<size_t>(graph.num_values()), false);
  for (const Named& output : graph.outputs()) used[static_cast<size_t>(output.value)] = true;
  for (size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    if (!used[static_cast<size_t>(node.output)]) continue;
    for (const ValueId input : node.inputs) used[static_cast<size_t>(input)] = true;
  }
  Graph kept;
  std::vector<ValueId> now(used.size(), -1);
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    const auto place = static_cast<size_t>(id);
    const Value& value = graph.value(id);
    const auto index = static_cast<size_t>(value.index);
    if (!used[place] && (inputs_too || value.source != Value::Source::kInput)) continue;
    if (value.source == Value::Source::kInput) {
      now[place] = kept.add_input(graph.inputs()[index].name, value.type, value.shape);
    } else if (value.source == Value::Source::kConstant) {
      const Constant& constant = graph.constants()[index];
      now[place] = kept.add_constant(constant.name, value.type, value.shape.rest, constant.bytes);
    } else {
      const Node& node = graph.nodes()[index];
      std::vector<ValueId> inputs;
      for (const ValueId input : node.inputs) inputs.push_back(now[static_cast<size_t>(input)]);
      now[place] = kept.add(node.op, std::move(inputs), node.ints, node.reals);
    }
  }
  for (const Named& output : graph.outputs()) {
    kept.add_output(output.name, now[static_cast<size_t>(output.value)]);
  }
  return kept;
}

}  // namespace genbid::graph
