#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/operators.h"

// What a graph computes, number by number and in double precision, from the text of operators.h alone: no view, no step
// and no kernel is used. Beside each number stands how far a float that was computed in any sensible order may be from
// it. The runtime is held to that:
//
// - A sum, product, quotient or root is rounded once, by u = 2^-24 of itself. Whole numbers below 2^24 are exact.
// - A sum of n products is rounded at most n + 1 times, by u of what has been added up: (n + 2) u sum |a b|.
// - exp, log and the like are off by a few u; how many is said for each (reference.cpp).
// - Errors of inputs are carried on by the slope of the operator. Where that says nothing (a comparison of numbers that
//   are closer than their errors), the result is not `sure`.

namespace genbid::graph::test {

struct Number {
  double real = 0.0;   // f32
  double error = 0.0;  // of the runtime's
  int64_t whole = 0;   // i64 and bool
};

struct Numbers {
  Type type = Type::kFloat;
  std::vector<int64_t> sizes;  // all extents, those of the rows among them
  std::vector<Number> all;
  bool sure = true;
};

// Of a node, whose output's type and shape infer() gave, for so many rows.
Numbers reference_of(const Node& node, const Value& output, const std::vector<const Numbers*>& in, int64_t num_rows);
Numbers reference_of_constant(const Graph& graph, ValueId id);
// Of all values of a graph.
std::vector<Numbers> reference_of(const Graph& graph, const std::vector<Numbers>& inputs, int64_t num_rows);

// Numbers of an input: the i-th of input `index`.
using Source = std::function<double(size_t index, int64_t i)>;
std::vector<Numbers> inputs_of(const Graph& graph, int64_t num_rows, const Source& source);

// Targets that this processor has.
std::vector<std::string> targets_here();

// Runs the graph on every target for several numbers of rows in one workspace, more before fewer and fewer before more,
// and expects all outputs to be the reference's.
void expect_as_reference(const Graph& graph, const Source& source,
                         const std::vector<int64_t>& rows = {48, 1, 3, 2, 48});

// Numbers from -2 to 2 without a pattern that a kernel could have.
double spread(size_t index, int64_t i);

}  // namespace genbid::graph::test
