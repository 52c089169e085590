#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

// The exported graph: what a policy computes when it acts, as a list of operators from one short table (operators.h).
// It is made by export from a trace, written as JSON, ONNX, Python and .pt2, and run by program.h. No torch here.
//
// Values are tensors in C order. The number of rows of a call is no part of a graph: it stands in the first extent of a
// shape alone, as a multiple of the rows (a pass with the conditions and one without have twice as many).
//
//   states_BTS --+
//   wishes_BO  --+--> node 0 --> value --> node 1 --> ... --> coefficients_BA, carry
//   constants ---+

namespace genbid::graph {

enum class Type { kFloat, kInt, kBool };  // 32-bit float; 64-bit integer; a byte, 0 or 1
size_t size_of(Type type);
const std::string& type_name(Type type);  // "f32", "i64", "bool"
Type parse_type(std::string_view name);   // Error for an unknown name

// A tensor's extents. Those of a tensor with a row for each row of a call begin with `rows` > 0, which stands for
// rows times the number of rows; of others `rows` is 0.
struct Shape {
  int64_t rows = 0;
  std::vector<int64_t> rest = {};  // the other extents

  size_t rank() const { return rest.size() + (rows > 0 ? 1 : 0); }
  int64_t inner() const;                               // the product of `rest`
  int64_t count(int64_t num_rows) const;               // of all numbers, with so many rows
  std::vector<int64_t> sizes(int64_t num_rows) const;  // all extents
  bool operator==(const Shape&) const = default;
};
std::string shown_shape(const Shape& shape);  // "[2R, 48, 24]"

using ValueId = int32_t;
using NodeId = int32_t;

enum class Op : int;  // operators.h

// An operator's settings stand in the order in which its line of the table names them.
struct Node {
  Op op{};
  std::vector<ValueId> inputs;
  std::vector<int64_t> ints = {};
  std::vector<double> reals = {};
  ValueId output = -1;
};

// Bytes of a constant: kFloat, kInt or kBool numbers, in C order.
struct Constant {
  std::string name;  // of its tensor in weights.safetensors
  std::vector<std::byte> bytes;
};

struct Value {
  enum class Source { kInput, kConstant, kNode };
  Type type = Type::kFloat;
  Shape shape;
  Source source = Source::kNode;
  int32_t index = -1;  // of the input, constant or node
};

struct Named {
  std::string name;
  ValueId value = -1;
};

// A graph is built from its inputs on: a value is there before it is used, so nodes stand in an order in which they can
// be run.
class Graph {
 public:
  ValueId add_input(const std::string& name, Type type, const Shape& shape);
  // `bytes` fits the type and shape, which has no rows. Error for a doubled name.
  ValueId add_constant(const std::string& name, Type type, const std::vector<int64_t>& shape,
                       std::span<const std::byte> bytes);
  ValueId add_constant(const std::string& name, const std::vector<int64_t>& shape, std::span<const float> numbers);
  ValueId add_constant(const std::string& name, const std::vector<int64_t>& shape, std::span<const int64_t> numbers);
  // Type and shape of the output follow from the table. Error where inputs or settings do not fit the operator; names
  // the operator, what was found and what was expected.
  ValueId add(Op op, std::vector<ValueId> inputs, std::vector<int64_t> ints = {}, std::vector<double> reals = {});
  void add_output(const std::string& name, ValueId value);

  const Value& value(ValueId id) const;
  int32_t num_values() const { return static_cast<int32_t>(values_.size()); }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Named>& inputs() const { return inputs_; }
  const std::vector<Named>& outputs() const { return outputs_; }
  const std::vector<Constant>& constants() const { return constants_; }
  const Constant& constant_of(ValueId id) const;  // of a value that is one
  ValueId value_of_constant(int32_t index) const { return constant_values_[static_cast<size_t>(index)]; }

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<Named> inputs_;
  std::vector<Named> outputs_;
  std::vector<Constant> constants_;
  std::vector<ValueId> constant_values_;
};

// The same graph without what no output needs. Inputs stay, unless they are to go too.
Graph without_unused(const Graph& graph, bool inputs_too = false);

}  // namespace genbid::graph
