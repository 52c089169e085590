#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "export/trace.h"
#include "graph/graph.h"
#include "graph/operators.h"

namespace genbid::exporting {

// A tensor of the trace: one that depends on no input, whose numbers are known, or a value of the graph.
//
// Known numbers may be spread over rows: `known` is then what one row has (its first extent is 1, or it has none at
// all), and `shape` says over how many. Such a tensor becomes a value only where an operator cannot broadcast it.
struct Term {
  at::Tensor known = {};
  graph::Shape shape = {};    // of a spread one; rows 0: it is not spread
  graph::ValueId value = -1;  // of one that is not known

  bool is_known() const { return known.defined(); }
  bool is_spread() const { return known.defined() && shape.rows > 0; }
};

// Builds the graph: the state of a lowering, and what handlers of operators call.
class Lowerer {
 public:
  explicit Lowerer(const Trace& trace);
  graph::Graph run();

  // --- What handlers read of a node's inputs -----------------------------------------------------------------
  using Node = torch::jit::Node;
  bool is_none(const Node& node, size_t input) const;
  int64_t integer(const Node& node, size_t input) const;
  std::vector<int64_t> integers(const Node& node, size_t input) const;
  double real(const Node& node, size_t input) const;
  const Term& term(const Node& node, size_t input) const;
  std::vector<Term> terms(const Node& node, size_t input) const;  // of a list of tensors

  // --- What they make ----------------------------------------------------------------------------------------
  const graph::Shape& shape_of(const Term& term) const;  // of a known one that is not spread: its own extents
  graph::Type type_of(const Term& term) const;
  // The term in the graph: known numbers become a constant, spread ones are expanded.
  graph::ValueId value(const Term& term);
  // The same where an operator broadcasts: spread numbers stay a constant.
  graph::ValueId operand(const Term& term);
  graph::ValueId cast(graph::ValueId id, graph::Type type);
  graph::ValueId constant(const at::Tensor& tensor);
  graph::ValueId scalar(double number);
  graph::ValueId scalar(double number, graph::Type type);
  // Adds a node, or returns the same one that is there already.
  graph::ValueId add(graph::Op op, std::vector<graph::ValueId> inputs, std::vector<int64_t> ints = {},
                     std::vector<double> reals = {});
  const graph::Graph& graph() const { return graph_; }
  const graph::Value& at(graph::ValueId id) const { return graph_.value(id); }

 private:
  using Value = torch::jit::Value;
  bool all_known(const Node& node) const;
  bool computed_here(Node& node);  // of known terms alone: with LibTorch, at once
  void lower(Node& node);
  void check_against_trace(const Node& node) const;
  std::string name_for(const at::Tensor& tensor);

  const Trace& trace_;
  graph::Graph graph_;
  std::unordered_map<const Value*, Term> terms_;
  std::unordered_map<const Value*, std::vector<Term>> lists_;
  std::map<std::string, graph::ValueId> constants_;  // by type, shape and content
  std::map<std::tuple<int, std::vector<graph::ValueId>, std::vector<int64_t>, std::vector<double>>, graph::ValueId>
      nodes_;
  std::map<std::string, int> numbers_;  // of constants by the stem of their name
  mutable graph::Shape own_shape_;

  friend struct Handlers;
};

// What an operator of LibTorch becomes: terms of the node's outputs.
using Handler = Term (*)(Lowerer& lowerer, const torch::jit::Node& node);
// Nothing if the table has no such operator. `name`: "aten::add".
Handler handler_for(const std::string& name);
// Handlers of operators that return a list of tensors.
using ListHandler = std::vector<Term> (*)(Lowerer& lowerer, const torch::jit::Node& node);
ListHandler list_handler_for(const std::string& name);

}  // namespace genbid::exporting
