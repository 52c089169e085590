#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/convert.h"
#include "graph/program.h"
#include "reference.h"

// Operators that move numbers: most take no step of their own but are views of the same memory.

namespace genbid::graph {
namespace {

using test::expect_as_reference;
using test::spread;

template <typename Make>
void expect_of(Type type, const Shape& shape, Make make) {
  Graph graph;
  const ValueId x = graph.add_input("x", type, shape);
  const ValueId made = make(graph, x);
  SCOPED_TRACE(shown_shape(shape) + " -> " + shown_shape(graph.value(made).shape));
  graph.add_output("y", made);
  expect_as_reference(
      graph, [&](size_t index, int64_t i) { return type == Type::kFloat ? spread(index, i) : as_double(i % 1000); });
}

// Of all three types; a bool is whether a number is odd.
template <typename Make>
void expect_of(const Shape& shape, Make make) {
  expect_of(Type::kFloat, shape, make);
  expect_of(Type::kInt, shape, make);
  expect_of(Type::kInt, shape, [&](Graph& graph, ValueId x) {
    const ValueId two = graph.add_constant("two", {}, std::vector<int64_t>{2});
    const ValueId half = graph.add(Op::kFloorDiv, {x, two});
    const ValueId odd = graph.add(Op::kSub, {x, graph.add(Op::kMul, {half, two})});
    return make(graph, graph.add(Op::kCast, {odd}, {static_cast<int64_t>(Type::kBool)}));
  });
}

TEST(PlacesOfGraphs, EachOperatorOfEveryType) {
  const std::vector<std::pair<Op, std::vector<int64_t>>> of_two_rows = {
      {Op::kReshape, {2, 12}},      {Op::kReshape, {1, 4, 6}}, {Op::kReshape, {1, 24}},
      {Op::kReshape, {2, 1, 4, 3}}, {Op::kPermute, {0, 2, 1}}, {Op::kPermute, {0, 1, 2}},
      {Op::kSlice, {0, 1, 2}},      {Op::kSlice, {0, 0, 1}},   {Op::kSlice, {1, 1, 3}},
      {Op::kSlice, {2, 2, 3}},      {Op::kExpand, {2, 3, 4}},  {Op::kPad, {1, 0, 2}},
      {Op::kPad, {2, 3, 0}},        {Op::kPad, {2, 0, 0}},     {Op::kPick, {1, 2, 0, 0}},
      {Op::kPick, {2, 0, 2}},       {Op::kPick, {2, 3}},       {Op::kPick, {1, 0, 2}},
      {Op::kPick, {2, 3, 2, 1, 0}}, {Op::kPick, {2, 1, 1}},    {Op::kPick, {1, 2, 1, 0, 1}},
  };
  for (const auto& [op, ints] : of_two_rows) {
    SCOPED_TRACE(info_of(op).name);
    expect_of({2, {3, 4}}, [&op = op, &ints = ints](Graph& graph, ValueId x) { return graph.add(op, {x}, ints); });
    if (HasFailure()) return;
  }
  const std::vector<std::pair<Op, std::vector<int64_t>>> without_rows = {
      {Op::kReshape, {0, 12}},  {Op::kReshape, {0, 2, 2, 3}}, {Op::kPermute, {1, 0}},      {Op::kSlice, {0, 1, 3}},
      {Op::kExpand, {3, 3, 4}}, {Op::kExpand, {0, 2, 3, 4}},  {Op::kExpand, {1, 5, 3, 4}}, {Op::kPad, {0, 1, 1}},
      {Op::kPick, {0, 1, 0}},   {Op::kPick, {1, 1, 3}},
  };
  for (const auto& [op, ints] : without_rows) {
    SCOPED_TRACE(info_of(op).name);
    expect_of({0, {3, 4}}, [&op = op, &ints = ints](Graph& graph, ValueId x) { return graph.add(op, {x}, ints); });
    if (HasFailure()) return;
  }
}

TEST(PlacesOfGraphs, ConcatAlongEveryDimension) {
  for (const Shape& shape : {Shape{2, {3, 4}}, Shape{0, {3, 4}}, Shape{1, {33}}, Shape{1, {1, 1, 1}}}) {
    for (int64_t dimension = 0; dimension < to_signed(shape.rank()); ++dimension) {
      expect_of(shape, [&](Graph& graph, ValueId x) { return graph.add(Op::kConcat, {x, x, x}, {dimension}); });
      expect_of(shape, [&](Graph& graph, ValueId x) { return graph.add(Op::kConcat, {x}, {dimension}); });
    }
  }
  // Of parts that stand otherwise than the first.
  expect_of({1, {4, 4}}, [](Graph& graph, ValueId x) {
    const ValueId turned = graph.add(Op::kPermute, {x}, {0, 2, 1});
    const ValueId two = graph.add(Op::kConcat, {turned, x}, {2});
    const ValueId part = graph.add(Op::kSlice, {two}, {2, 1, 6});
    return graph.add(Op::kConcat, {part, turned}, {2});
  });
}

TEST(PlacesOfGraphs, ViewsOfViews) {
  expect_of({2, {3, 4, 5}}, [](Graph& graph, ValueId x) {
    ValueId y = graph.add(Op::kPermute, {x}, {0, 3, 1, 2});
    y = graph.add(Op::kSlice, {y}, {1, 1, 4});
    y = graph.add(Op::kSlice, {y}, {0, 1, 2});
    y = graph.add(Op::kReshape, {y}, {1, 3, 12});
    y = graph.add(Op::kPick, {y}, {2, 1, 4, 7});
    y = graph.add(Op::kReshape, {y}, {1, 3, 1, 3, 1});
    y = graph.add(Op::kExpand, {y}, {1, 3, 2, 3, 2});
    return graph.add(Op::kReshape, {y}, {1, 6, 6});
  });
  // Rows that are split off an expanded tensor and joined again.
  expect_of({0, {3, 4}}, [](Graph& graph, ValueId x) {
    ValueId y = graph.add(Op::kExpand, {x}, {4, 3, 4});
    y = graph.add(Op::kReshape, {y}, {2, 2, 12});
    y = graph.add(Op::kPermute, {y}, {0, 2, 1});
    return graph.add(Op::kReshape, {y}, {2, 24});
  });
}

TEST(PlacesOfGraphs, GatherOfEveryTypeAndDimension) {
  for (const Shape& shape : {Shape{2, {3, 4}}, Shape{0, {3, 4}}}) {
    for (const int64_t first_rest : {0, 1}) {
      const int64_t dimension = first_rest + (shape.rows > 0 ? 1 : 0);
      for (const bool turned : {false, true}) {
        expect_of(shape, [&](Graph& graph, ValueId x) {
          if (turned) {
            std::vector<int64_t> order = {0, 1, 2};
            order.resize(shape.rank());
            std::swap(order[shape.rank() - 1], order[shape.rank() - 2]);
            x = graph.add(Op::kPermute, {x}, order);
          }
          Shape of = graph.value(x).shape;
          of.rest[to_size(first_rest)] = 5;
          of.rest[to_size(1 - first_rest)] = 2;
          return graph.add(Op::kGather, {x, graph.add_input("index", Type::kInt, of)}, {dimension});
        });
      }
    }
  }
}

TEST(PlacesOfGraphs, IndicesThatAreOutOfRangeTakeTheNearest) {
  const std::vector<double> odd = {-0x1p63, -1.0, 0.0, 1.0, 2.0, 3.0, 100.0, 0x1p62};
  for (const Shape& index : {Shape{1, {8}}, Shape{2, {2, 8}}, Shape{0, {8}}, Shape{0, {}}}) {
    for (const std::vector<int64_t>& table : std::vector<std::vector<int64_t>>{{3}, {3, 5}, {1, 2, 2}}) {
      SCOPED_TRACE(shown_shape(index));
      Graph graph;
      const ValueId i = graph.add_input("index", Type::kInt, index);
      std::vector<float> numbers(to_size(Shape{0, table}.inner()));
      for (int64_t j = 0; j < std::ssize(numbers); ++j) at(numbers, j) = as_float(spread(1, j));
      graph.add_output("take", graph.add(Op::kTake, {graph.add_constant("table", table, numbers), i}));
      if (index.rest.size() == 1) {
        const ValueId x = graph.add_input("x", Type::kFloat, {index.rows, {3}});
        graph.add_output("gather", graph.add(Op::kGather, {x, i}, {index.rows > 0 ? 1 : 0}));
      }
      expect_as_reference(graph, [&](size_t input, int64_t j) { return input == 0 ? at(odd, j % 8) : spread(1, j); });
    }
  }
}

// Each kind of operator gets its numbers in an order and with gaps that it did not choose.
TEST(PlacesOfGraphs, EveryKernelReadsNumbersThatStandOtherwise) {
  const auto constant = [](Graph& graph, const std::vector<int64_t>& shape) {
    std::vector<float> numbers(to_size(Shape{0, shape}.inner()));
    for (int64_t j = 0; j < std::ssize(numbers); ++j) at(numbers, j) = as_float(spread(7, j));
    return graph.add_constant("c" + std::to_string(graph.constants().size()), shape, numbers);
  };
  for (int form = 0; form < 6; ++form) {
    SCOPED_TRACE(form);
    Graph graph;
    const ValueId whole = graph.add_input("x", Type::kFloat, {2, {6, 4}});
    ValueId x = whole;
    if (form == 0) x = graph.add(Op::kPermute, {graph.add(Op::kReshape, {whole}, {2, 4, 6})}, {0, 2, 1});
    if (form == 1) x = graph.add(Op::kExpand, {graph.add(Op::kSlice, {whole}, {1, 2, 3})}, {2, 6, 4});
    if (form == 2) x = graph.add(Op::kExpand, {graph.add(Op::kSlice, {whole}, {2, 2, 3})}, {2, 6, 4});
    if (form == 3) x = graph.add(Op::kExpand, {constant(graph, {6, 1})}, {2, 6, 4});
    if (form == 4) x = graph.add(Op::kPick, {graph.add(Op::kConcat, {whole, whole}, {2})}, {2, 1, 3, 5, 7});
    if (form == 5)
      x = graph.add(Op::kConcat, {graph.add(Op::kSlice, {whole}, {0, 1, 2}), graph.add(Op::kSlice, {whole}, {0, 0, 1})},
                    {0});
    const auto out = [&](const std::string& name, ValueId value) { graph.add_output(name, value); };
    out("tanh", graph.add(Op::kTanh, {x}));
    out("add", graph.add(Op::kAdd, {x, whole}));
    out("mul", graph.add(Op::kMul, {whole, graph.add(Op::kSlice, {x}, {1, 3, 4})}));
    out("less", graph.add(Op::kLess, {x, whole}));
    out("cast", graph.add(Op::kCast, {x}, {1}));
    out("linear", graph.add(Op::kLinear, {x, constant(graph, {9, 4}), constant(graph, {9})}));
    out("matmul", graph.add(Op::kMatmul, {x, constant(graph, {4, 5})}));
    out("matmul of two", graph.add(Op::kMatmul, {x, graph.add(Op::kPermute, {x}, {0, 2, 1})}));
    out("conv", graph.add(Op::kConv1d, {x, constant(graph, {5, 6, 3}), constant(graph, {5})}, {1, 1}));
    out("conv of one place", graph.add(Op::kConv1d, {x, constant(graph, {5, 6, 1}), constant(graph, {5})}, {2, 0}));
    const ValueId one_channel = graph.add(Op::kSlice, {x}, {1, 1, 2});
    out("conv of a channel",
        graph.add(Op::kConv1d, {one_channel, constant(graph, {3, 1, 3}), constant(graph, {3})}, {1, 0}));
    out("conv back", graph.add(Op::kConvTranspose1d, {x, constant(graph, {6, 5, 3}), constant(graph, {5})}, {2, 1}));
    const ValueId heads = graph.add(Op::kPermute, {graph.add(Op::kReshape, {x}, {2, 3, 2, 4})}, {0, 2, 1, 3});
    out("attention", graph.add(Op::kAttention, {heads, heads, heads}, {1}));
    out("softmax", graph.add(Op::kSoftmax, {x}));
    const ValueId weight = constant(graph, {4});
    out("layer_norm", graph.add(Op::kLayerNorm, {x, weight, weight}, {}, {1e-1}));
    const ValueId channels = constant(graph, {6});
    out("group_norm", graph.add(Op::kGroupNorm, {x, channels, channels}, {2}, {1e-1}));
    out("sum", graph.add(Op::kSum, {x}, {1}));
    out("pad", graph.add(Op::kPad, {x}, {1, 1, 2}));
    out("pick", graph.add(Op::kPick, {x}, {1, 3, 0, 5}));
    out("reshape", graph.add(Op::kReshape, {x}, {1, 2, 8, 3}));
    expect_as_reference(graph, spread, {5, 1, 2});
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace genbid::graph
