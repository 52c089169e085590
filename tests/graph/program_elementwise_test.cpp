#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "graph/program.h"
#include "reference.h"

// Operators that work number by number, against the reference: on every target, for 1, 2, 3 and 48 rows.

namespace genbid::graph {
namespace {

using test::expect_as_reference;
using test::spread;

constexpr std::array<int64_t, 10> kWidths = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const std::vector<Op>& unary_operators() {
  static const std::vector<Op> all = {Op::kExp,  Op::kLog,     Op::kSqrt, Op::kSin,  Op::kCos,  Op::kTanh,
                                      Op::kRelu, Op::kSigmoid, Op::kGelu, Op::kSilu, Op::kMish, Op::kSoftplus};
  return all;
}

// One node with an input for each operand.
Graph one_node(Op op, Type type, const std::vector<Shape>& shapes, const std::vector<int64_t>& ints = {},
               const std::vector<double>& reals = {}) {
  Graph graph;
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(graph.add_input("x" + std::to_string(i), type, shapes[i]));
  }
  graph.add_output(info_of(op).name, graph.add(op, inputs, ints, reals));
  return graph;
}

// bool: whether a number is above 0.
ValueId positive(Graph& graph, ValueId x) {
  const std::string name = "zero" + std::to_string(graph.constants().size());
  const ValueId zero = graph.value(x).type == Type::kFloat ? graph.add_constant(name, {}, std::vector<float>{0.0F})
                                                           : graph.add_constant(name, {}, std::vector<int64_t>{0});
  return graph.add(Op::kLess, {zero, x});
}

// Of every pair, one has rows or both have none.
std::vector<std::array<Shape, 2>> shapes_that_broadcast() {
  return {{Shape{1, {17}}, Shape{1, {17}}},
          {Shape{1, {3, 9}}, Shape{1, {1, 9}}},
          {Shape{1, {3, 9}}, Shape{1, {3, 1}}},
          {Shape{1, {3, 1}}, Shape{1, {1, 9}}},
          {Shape{1, {3, 9}}, Shape{0, {}}},
          {Shape{0, {}}, Shape{1, {3, 9}}},
          {Shape{1, {3, 9}}, Shape{0, {9}}},
          {Shape{0, {9}}, Shape{1, {3, 9}}},
          {Shape{1, {3, 9}}, Shape{0, {3, 1}}},
          {Shape{1, {3, 9}}, Shape{0, {1, 3, 9}}},
          {Shape{1, {1, 9}}, Shape{0, {5, 1}}},
          {Shape{2, {3}}, Shape{2, {1}}},
          {Shape{2, {3}}, Shape{0, {3}}},
          {Shape{1, {}}, Shape{1, {}}},
          {Shape{1, {}}, Shape{0, {1}}},
          {Shape{1, {1, 1}}, Shape{1, {1, 1}}},
          {Shape{0, {4, 1, 5}}, Shape{0, {3, 1}}},
          {Shape{0, {}}, Shape{0, {}}},
          {Shape{1, {2, 1, 3, 1, 2}}, Shape{1, {1, 4, 1, 5, 2}}},
          {Shape{2, {1, 7}}, Shape{0, {1, 4, 1}}}};
}

TEST(Elementwise, EveryFunctionIsTheReferencesForEveryWidth) {
  for (const Op op : unary_operators()) {
    SCOPED_TRACE(info_of(op).name);
    const bool positive_only = op == Op::kLog || op == Op::kSqrt;
    for (const int64_t width : kWidths) {
      expect_as_reference(one_node(op, Type::kFloat, {{1, {width}}}), [&](size_t index, int64_t i) {
        const double x = spread(index, i) * (i % 3 == 0 ? 4.0 : i % 3 == 1 ? 0.5 : 1e-3);
        return positive_only ? std::abs(x) + 1e-6 : x;
      });
      if (HasFailure()) return;
    }
  }
}

TEST(Elementwise, EveryFunctionIsTheReferencesForLargeSmallAndNoNumbers) {
  const std::vector<double> corners = {0.0,   -0.0,  1.0,   -1.0, 1e-7,   -1e-7,     1e-30, -1e-30, 10.0, -10.0, 15.9,
                                       -15.9, 20.5,  -20.5, 80.0, -80.0,  100.0,     -100., 1000.0, -1e3, 1e10,  -1e10,
                                       3e38,  -3e38, 0.5,   -0.5, 1.0001, kInfinity, 2.0,   kNaN,   3.0};
  for (const Op op : unary_operators()) {
    SCOPED_TRACE(info_of(op).name);
    // Sines of numbers that are many turns: only that they are numbers is asked of them, below.
    const bool turns = op == Op::kSin || op == Op::kCos;
    expect_as_reference(one_node(op, Type::kFloat, {{1, {31}}}), [&](size_t, int64_t i) {
      const double x = at(corners, i % std::ssize(corners));
      return turns && std::abs(x) > 1e4 ? 1.0 : x;
    });
  }
}

TEST(Elementwise, OperatorsOfTwoAreTheReferencesForEveryBroadcast) {
  for (const Op op :
       {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax, Op::kDiv, Op::kPow, Op::kLess, Op::kLessEqual, Op::kEqual}) {
    for (const auto& [a, b] : shapes_that_broadcast()) {
      SCOPED_TRACE(info_of(op).name + " " + shown_shape(a) + " " + shown_shape(b));
      expect_as_reference(one_node(op, Type::kFloat, {a, b}), [&](size_t index, int64_t i) {
        const double x = spread(index, i);
        if (op == Op::kPow && index == 0) return std::abs(x) + 0.01;
        if (op >= Op::kLess) return std::nearbyint(x);  // so that some are equal
        return x == 0.0 ? 1.0 : x;
      });
      if (HasFailure()) return;
    }
  }
}

TEST(Elementwise, OperatorsOfTwoAreTheReferencesForEveryWidth) {
  for (const Op op : {Op::kAdd, Op::kMul, Op::kDiv, Op::kPow, Op::kMin, Op::kLess}) {
    for (const int64_t width : kWidths) {
      for (const Shape& b : {Shape{1, {width}}, Shape{0, {}}, Shape{1, {1}}}) {
        SCOPED_TRACE(info_of(op).name + " " + std::to_string(width) + " " + shown_shape(b));
        expect_as_reference(one_node(op, Type::kFloat, {{1, {width}}, b}),
                            [](size_t index, int64_t i) { return std::abs(spread(index, i)) + 0.1; });
        if (HasFailure()) return;
      }
    }
  }
}

TEST(Elementwise, WhatIsNoNumberOrInfiniteIsAsIeeeHasIt) {
  const std::vector<double> corners = {0.0, -0.0, 1.0, -1.0, kInfinity, -kInfinity, kNaN, 2.0, -3.0, 0.5};
  const int64_t count = std::ssize(corners);
  for (const Op op :
       {Op::kAdd, Op::kSub, Op::kMul, Op::kDiv, Op::kMin, Op::kMax, Op::kPow, Op::kLess, Op::kLessEqual, Op::kEqual}) {
    SCOPED_TRACE(info_of(op).name);
    Graph graph = one_node(op, Type::kFloat, {{0, {count, 1}}, {0, {1, count}}});
    expect_as_reference(graph,
                        [&](size_t, int64_t i) {
                          // Powers of -0 are those of 0 (operators.h).
                          return op == Op::kPow ? at(corners, i) + 0.0 : at(corners, i);
                        },
                        {1});
    if (HasFailure()) return;
  }
}

TEST(Elementwise, ClampOfBothTypesAndInfiniteBounds) {
  const std::vector<std::array<double, 2>> bounds = {
      {-1.0, 1.0}, {-kInfinity, 0.5}, {-0.5, kInfinity}, {-kInfinity, kInfinity}, {1.0, 1.0}};
  const std::vector<double> numbers = {-2.0, -0.75, -0.0, 0.0, 0.75, 2.0, kInfinity, -kInfinity, kNaN, 1e30};
  for (const auto& [low, high] : bounds) {
    expect_as_reference(one_node(Op::kClamp, Type::kFloat, {{1, {17}}}, {}, {low, high}),
                        [&](size_t, int64_t i) { return at(numbers, i % 10); });
    expect_as_reference(one_node(Op::kClamp, Type::kInt, {{1, {17}}}, {}, {low * 4.0, high * 4.0}),
                        [](size_t index, int64_t i) { return std::nearbyint(spread(index, i) * 8.0); });
  }
  // Bounds that no i64 holds are none.
  for (const double far : {9.21e18, 9.25e18, 1e300}) {
    expect_as_reference(one_node(Op::kClamp, Type::kInt, {{1, {3}}}, {}, {-far, far}),
                        [](size_t, int64_t i) { return i % 2 == 0 ? 9.2233e18 : -9.2233e18; });
  }
}

TEST(Elementwise, WholeNumbersForEveryBroadcast) {
  for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax, Op::kLess, Op::kLessEqual, Op::kEqual}) {
    for (const auto& [a, b] : shapes_that_broadcast()) {
      SCOPED_TRACE(info_of(op).name + " " + shown_shape(a) + " " + shown_shape(b));
      expect_as_reference(one_node(op, Type::kInt, {a, b}),
                          [](size_t index, int64_t i) { return std::nearbyint(spread(index, i) * 2.0); });
      // Beyond what i64 holds they wrap around.
      expect_as_reference(one_node(op, Type::kInt, {a, b}),
                          [](size_t index, int64_t i) { return std::trunc(spread(index, i) * 4.6e18); });
      if (HasFailure()) return;
    }
  }
}

TEST(Elementwise, FloorDivGoesTowardsMinusInfinity) {
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{{}, {3}, {2, 1}, {1, 2, 3}}) {
    Graph graph;
    const ValueId x = graph.add_input("x", Type::kInt, {1, {2, 3}});
    std::vector<int64_t> divisors;
    for (int64_t i = 0; i < Shape{0, shape}.inner(); ++i) divisors.push_back(1 + i * 3);
    graph.add_output("y", graph.add(Op::kFloorDiv, {x, graph.add_constant("d", shape, divisors)}));
    expect_as_reference(graph, [](size_t, int64_t i) { return as_double(i % 41 - 20); });
    expect_as_reference(graph, [](size_t, int64_t i) { return i % 2 == 0 ? -0x1p63 : 0x1p62; });
  }
}

TEST(Elementwise, CastsBetweenAllTypes) {
  const std::vector<double> reals = {0.0,  -0.0,    0.4,    -0.9,      1.5,        -1.5,
                                     1e10, -0x1p63, 0x1p63, kInfinity, -kInfinity, kNaN};
  const std::vector<double> wholes = {0.0, 1.0, -1.0, 7.0, 16777217.0, 33554435.0, 0x1p62, -0x1p63};
  for (const Type to : {Type::kFloat, Type::kInt, Type::kBool}) {
    const std::vector<int64_t> ints = {static_cast<int64_t>(to)};
    for (const int64_t width : kWidths) {
      expect_as_reference(one_node(Op::kCast, Type::kFloat, {{1, {width}}}, ints),
                          [&](size_t, int64_t i) { return at(reals, i % std::ssize(reals)); });
      expect_as_reference(one_node(Op::kCast, Type::kInt, {{1, {width}}}, ints),
                          [&](size_t, int64_t i) { return at(wholes, i % std::ssize(wholes)); });
      Graph graph;
      const ValueId x = graph.add_input("x", Type::kInt, {1, {width}});
      graph.add_output("y", graph.add(Op::kCast, {positive(graph, x)}, ints));
      expect_as_reference(graph, spread);
    }
  }
}

TEST(Elementwise, BoolsForEveryBroadcast) {
  for (const auto& [a, b] : shapes_that_broadcast()) {
    SCOPED_TRACE(shown_shape(a) + " " + shown_shape(b));
    Graph graph;
    const ValueId x = positive(graph, graph.add_input("a", Type::kFloat, a));
    const ValueId y = positive(graph, graph.add_input("b", Type::kInt, b));
    graph.add_output("and", graph.add(Op::kAnd, {x, y}));
    graph.add_output("or", graph.add(Op::kOr, {x, y}));
    graph.add_output("not", graph.add(Op::kNot, {x}));
    expect_as_reference(graph, [](size_t index, int64_t i) { return std::nearbyint(spread(index, i)); });
    if (HasFailure()) return;
  }
}

TEST(Elementwise, WhereOfEveryTypeForEveryBroadcast) {
  for (const auto& [a, b] : shapes_that_broadcast()) {
    SCOPED_TRACE(shown_shape(a) + " " + shown_shape(b));
    Graph graph;
    const ValueId x = graph.add_input("x", Type::kFloat, a);
    const ValueId y = graph.add_input("y", Type::kFloat, b);
    const ValueId i = graph.add_input("i", Type::kInt, a);
    const ValueId j = graph.add_input("j", Type::kInt, b);
    const ValueId scalar = graph.add_constant("scalar", {}, std::vector<float>{7.5F});
    const ValueId a_positive = positive(graph, x);
    const ValueId b_positive = positive(graph, y);
    graph.add_output("f32", graph.add(Op::kWhere, {b_positive, x, y}));
    graph.add_output("f32 with a scalar", graph.add(Op::kWhere, {a_positive, scalar, y}));
    graph.add_output("i64", graph.add(Op::kWhere, {a_positive, j, i}));
    graph.add_output("bool", graph.add(Op::kWhere, {b_positive, a_positive, b_positive}));
    expect_as_reference(graph, spread);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace genbid::graph
