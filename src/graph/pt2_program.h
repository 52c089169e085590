#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/python_names.h"

// The parts of an exported program of PyTorch as they are collected: nodes, values, names. What they mean is known to
// pt2_writer; how they are said is known here, after torch/_export/serde/schema.py of PyTorch 2.11, schema 8.17.
//
// A value has a name. An argument of a node is an object whose one key says what it is: {"as_tensor": {"name": "x"}},
// {"as_int": 3}. The number of rows is a symbol, and a node that asks an input for it gives it a name.

namespace genbid::graph {

struct Pt2Argument {
  std::string name;  // in the operator's signature
  nlohmann::json value;
  bool by_name = false;  // it has no place
};

// Numbers that are no tensor of weights.safetensors.
struct Pt2Constant {
  std::string name;
  std::vector<int64_t> numbers;
};

class Pt2Program {
 public:
  // A name that no value has yet.
  std::string unused_name(const std::string& wished) { return names_.unused(wished); }

  // These return the value's name. A tensor keeps its own, as in a module's state_dict.
  std::string input(const std::string& name, Type type, const Shape& shape);
  std::string weight(const std::string& tensor, Type type, const std::vector<int64_t>& shape);
  std::string constant(const std::string& wished, const std::vector<int64_t>& numbers);
  // A node with one output of that name. `overload`: "softmax.int" for torch.ops.aten.softmax.int.
  void node(const std::string& overload, const std::vector<Pt2Argument>& arguments, const std::string& output,
            Type type, const Shape& shape);
  void output(const std::string& name, const std::string& value);

  // Arguments. Error where there are no rows to count, since no input has them.
  nlohmann::json rows(int64_t multiple);
  nlohmann::json sizes(const Shape& shape);

  nlohmann::json whole() const;
  const std::vector<Pt2Constant>& constants() const { return constants_; }

 private:
  nlohmann::json row_symbol(int64_t multiple);
  void value(const std::string& name, Type type, const Shape& shape);

  PythonNames names_;
  std::vector<Pt2Constant> constants_;
  std::vector<std::string> input_names_, output_names_;
  std::string rows_input_;  // the first input with rows, and behind it the multiple of the rows that it has
  int64_t rows_of_input_ = 0;
  std::map<int64_t, std::string> row_symbols_;  // by multiple
  // In the schema's form. A policy's tensors stand before other tensors that no call hands over, and inputs last.
  std::vector<nlohmann::json> parameters_, buffers_, lifted_, inputs_, outputs_, output_values_;
  nlohmann::json nodes_ = nlohmann::json::array();
  nlohmann::json tensor_values_ = nlohmann::json::object();
  nlohmann::json symbol_values_ = nlohmann::json::object();
};

nlohmann::json pt2_tensor(const std::string& name);  // {"as_tensor": {"name": ...}}
// What is known of a tensor but for its numbers.
nlohmann::json pt2_tensor_meta(Type type, const Shape& shape);
nlohmann::json pt2_real(double number);  // an argument

}  // namespace genbid::graph
