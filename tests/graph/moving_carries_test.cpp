#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/convert.h"
#include "base/error.h"
#include "graph/carry_buffers.h"
#include "graph/program.h"
#include "reference.h"

// Carries that move say what copied ones say, bit by bit; where one cannot move, it is copied.

namespace genbid::graph {
namespace {

using test::spread;

constexpr int64_t kRows = 3;
constexpr int64_t kPlaces = 5;
constexpr int64_t kStep = 2;

ValueId constant(Graph& graph, const std::vector<int64_t>& shape) {
  std::vector<float> numbers;
  const int64_t first = std::ssize(graph.constants());
  for (int64_t i = 0; i < Shape{0, shape}.inner(); ++i) numbers.push_back(as_float(0.1 * spread(first, i)));
  return graph.add_constant("c" + std::to_string(first), shape, numbers);
}

struct Layer {
  ValueId all = -1;   // [R, places + step, 2e]
  ValueId said = -1;  // [R, step, e]
};

// Keys and values of e numbers each; those of the last places come from the carry.
Layer attend(Graph& graph, ValueId x, ValueId past, int64_t e) {
  const int64_t all = kPlaces + kStep;
  Layer layer;
  const ValueId made = graph.add(Op::kLinear, {x, constant(graph, {2 * e, e}), constant(graph, {2 * e})});
  layer.all = graph.add(Op::kConcat, {past, made}, {1});
  const auto heads = [&](ValueId value, int64_t places) {
    return graph.add(Op::kPermute, {graph.add(Op::kReshape, {value}, {1, places, 2, e / 2})}, {0, 2, 1, 3});
  };
  const ValueId k = heads(graph.add(Op::kSlice, {layer.all}, {2, 0, e}), all);
  const ValueId v = heads(graph.add(Op::kSlice, {layer.all}, {2, e, 2 * e}), all);
  const ValueId said = graph.add(Op::kAttention, {heads(x, kStep), k, v}, {0});
  const ValueId flat = graph.add(Op::kReshape, {graph.add(Op::kPermute, {said}, {0, 2, 1, 3})}, {1, kStep, e});
  layer.said = graph.add(Op::kAdd, {x, flat});
  return layer;
}

ValueId left_behind(Graph& graph, ValueId all) { return graph.add(Op::kSlice, {all}, {1, kStep, kPlaces + kStep}); }

// Two layers in one carry, as a transformer has them, and a third in one of its own.
Graph transformer() {
  constexpr int64_t e = 8;
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, e}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {2, kPlaces, 2 * e}});
  const ValueId other = graph.add_input("carry.1", Type::kFloat, {1, {kPlaces, 2 * e}});
  const auto past = [&](int64_t layer) {
    return graph.add(Op::kReshape, {graph.add(Op::kSlice, {carry}, {1, layer, layer + 1})}, {1, kPlaces, 2 * e});
  };
  const Layer first = attend(graph, x, past(0), e);
  const Layer second = attend(graph, first.said, past(1), e);
  const Layer third = attend(graph, second.said, other, e);
  graph.add_output("y", third.said);
  const auto kept = [&](ValueId all) {
    return graph.add(Op::kReshape, {left_behind(graph, all)}, {1, 1, kPlaces, 2 * e});
  };
  graph.add_output("carry.0", graph.add(Op::kConcat, {kept(first.all), kept(second.all)}, {1}));
  graph.add_output("carry.1", left_behind(graph, third.all));
  return graph;
}

void write_x(Workspace& workspace, int64_t call) {
  const std::span<float> x = workspace.float_input(0);
  for (size_t i = 0; i < x.size(); ++i) x[i] = as_float(spread(call, to_signed(i)));
}

// Both over `calls` calls. How many carries move.
size_t expect_same(const Graph& graph, const std::string& target, int64_t calls) {
  Workspace copied(std::make_shared<const Program>(graph, target), kRows);
  Workspace moving(std::make_shared<const Program>(graph, target, Carries::kMoving), kRows);
  const std::vector<MovingCarry>& carries = moving.program().moving_carries();
  CarryBuffers buffers(moving);
  for (int64_t call = 0; call < calls; ++call) {
    write_x(copied, call);
    write_x(moving, call);
    copied.run(kRows);
    moving.run(kRows);
    buffers.move_on();
    EXPECT_TRUE(std::ranges::equal(moving.output(0), copied.output(0))) << target << ", call " << call;
    for (size_t i = 1; i < graph.outputs().size(); ++i) {
      const std::span<const float> left = copied.output(i);
      std::ranges::copy(left, copied.float_input(i).begin());
      if (carries.empty()) {
        EXPECT_TRUE(std::ranges::equal(moving.output(i), left)) << target << ", call " << call;
        std::ranges::copy(left, moving.float_input(i).begin());
        continue;
      }
      std::vector<float> windows;
      for (int64_t row = 0; row < kRows; ++row) {
        const std::vector<float> window = buffers.window(i - 1, row);
        windows.insert(windows.end(), window.begin(), window.end());
      }
      EXPECT_TRUE(std::ranges::equal(windows, left)) << target << ", call " << call << ", carry " << i - 1;
    }
  }
  return carries.size();
}

// Windows come back to the beginning of their buffers after two calls.
TEST(MovingCarries, SayWhatCopiedOnesSay) {
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(transformer(), target, 20), 2U);
}

TEST(MovingCarries, HaveTheirPlacesAlongOneDimension) {
  const Program program(transformer(), best_target(), Carries::kMoving);
  ASSERT_EQ(program.moving_carries().size(), 2U);
  const MovingCarry& carry = program.moving_carries()[0];
  EXPECT_EQ(carry.input, 1U);
  EXPECT_EQ(carry.output, 1U);
  EXPECT_EQ(carry.dimension, 2U);
  EXPECT_EQ(carry.outer, 2);
  EXPECT_EQ(carry.places, kPlaces);
  EXPECT_EQ(carry.inner, 16);
  EXPECT_EQ(carry.step, kStep);
  EXPECT_EQ(carry.capacity, 2 * kPlaces);
  EXPECT_EQ(carry.most_moves(), 1);
}

// A graph with one carry [R, places, 2], what is made of it, and what it leaves.
Graph with_carry(const std::function<ValueId(Graph&, ValueId x, ValueId carry, ValueId& left)>& make) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, 2}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {kPlaces, 2}});
  ValueId left = -1;
  const ValueId y = make(graph, x, carry, left);
  graph.add_output("y", y);
  graph.add_output("carry.0", left);
  return graph;
}

TEST(MovingCarries, AreReadByOtherOperatorsThroughACopy) {
  const Graph graph = with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
    const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
    left = left_behind(g, all);
    const ValueId y = g.add(Op::kLinear, {g.add(Op::kSlice, {all}, {1, 3, 4}), constant(g, {2, 2}), constant(g, {2})});
    return g.add(Op::kAdd, {y, g.add(Op::kReshape, {g.add(Op::kSum, {carry}, {1})}, {1, 1, 2})});
  });
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

TEST(MovingCarries, MayTakeTheirNewPlacesInPieces) {
  const Graph graph = with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
    const ValueId one = g.add(Op::kSlice, {x}, {1, 0, 1});
    const ValueId all = g.add(Op::kConcat, {carry, one, g.add(Op::kMul, {one, one})}, {1});
    left = left_behind(g, all);
    return g.add(Op::kSum, {all}, {1});
  });
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

// More new places than a window has: of what was appended only the last stay.
TEST(MovingCarries, MayMoveFurtherThanTheyAreLong) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {5, 3}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {2, 3}});
  const ValueId all = graph.add(Op::kConcat, {carry, x}, {1});
  graph.add_output("y", graph.add(Op::kSum, {all}, {1}));
  graph.add_output("carry.0", graph.add(Op::kSlice, {all}, {1, 5, 7}));
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

// Windows that go on within a call are no carry's: what is appended to them stands elsewhere.
TEST(MovingCarries, MayBeginLongerPasts) {
  const Graph graph = with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
    const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
    left = left_behind(g, all);
    ValueId past = left;
    ValueId new_ones = x;
    ValueId y = g.add(Op::kSum, {all}, {1});
    for (int i = 0; i < 3; ++i) {
      new_ones = g.add(Op::kMul, {new_ones, x});
      const ValueId longer = g.add(Op::kConcat, {past, new_ones}, {1});
      past = left_behind(g, longer);
      y = g.add(Op::kAdd, {y, g.add(Op::kSum, {longer}, {1})});
    }
    return y;
  });
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

// Three layers, of which what they leave is also read in another order.
TEST(MovingCarries, StandInTheOrderOfTheirBuffer) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, 2}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {3, kPlaces, 2}});
  std::vector<ValueId> kept;
  for (int64_t layer = 0; layer < 3; ++layer) {
    const ValueId past =
        graph.add(Op::kReshape, {graph.add(Op::kSlice, {carry}, {1, layer, layer + 1})}, {1, kPlaces, 2});
    const ValueId made = graph.add(Op::kMul, {x, constant(graph, {2})});
    const ValueId all = graph.add(Op::kConcat, {past, made}, {1});
    kept.push_back(graph.add(Op::kReshape, {left_behind(graph, all)}, {1, 1, kPlaces, 2}));
  }
  const ValueId other = graph.add(Op::kConcat, {kept[0], kept[2], kept[1]}, {1});
  graph.add_output("y", graph.add(Op::kMul, {other, constant(graph, {3, kPlaces, 2})}));
  graph.add_output("carry.0", graph.add(Op::kConcat, kept, {1}));
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

// Two layers, the second of which is turned where both are read.
TEST(MovingCarries, StandTogetherOnlyAlike) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, kPlaces}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {2, kPlaces, kPlaces}});
  std::vector<ValueId> kept;
  for (int64_t layer = 0; layer < 2; ++layer) {
    const ValueId past =
        graph.add(Op::kReshape, {graph.add(Op::kSlice, {carry}, {1, layer, layer + 1})}, {1, kPlaces, kPlaces});
    const ValueId all = graph.add(Op::kConcat, {past, graph.add(Op::kMul, {x, constant(graph, {kPlaces})})}, {1});
    kept.push_back(graph.add(Op::kReshape, {left_behind(graph, all)}, {1, 1, kPlaces, kPlaces}));
  }
  const ValueId turned = graph.add(Op::kPermute, {kept[1]}, {0, 1, 3, 2});
  const ValueId other = graph.add(Op::kConcat, {kept[0], turned}, {1});
  graph.add_output("y", graph.add(Op::kMul, {other, constant(graph, {2, kPlaces, kPlaces})}));
  graph.add_output("carry.0", graph.add(Op::kConcat, kept, {1}));
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 1U);
}

// A layer that appends more than the carry moves by would write behind its buffer.
TEST(MovingCarries, AppendNoMoreThanTheyMove) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, 2}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {2, kPlaces, 2}});
  const auto past = [&](int64_t layer) {
    return graph.add(Op::kReshape, {graph.add(Op::kSlice, {carry}, {1, layer, layer + 1})}, {1, kPlaces, 2});
  };
  const auto kept = [&](ValueId all) { return graph.add(Op::kReshape, {left_behind(graph, all)}, {1, 1, kPlaces, 2}); };
  const ValueId square = graph.add(Op::kMul, {x, x});
  const ValueId first = graph.add(Op::kConcat, {past(0), x}, {1});
  const ValueId second = graph.add(Op::kConcat, {past(1), square, x, graph.add(Op::kMul, {square, x})}, {1});
  graph.add_output("y", graph.add(Op::kAdd, {graph.add(Op::kSum, {first}, {1}), graph.add(Op::kSum, {second}, {1})}));
  graph.add_output("carry.0", graph.add(Op::kConcat, {kept(first), kept(second)}, {1}));
  for (const std::string& target : test::targets_here()) EXPECT_EQ(expect_same(graph, target, 9), 0U);
}

TEST(MovingCarries, AreNotTurned) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {kStep, kPlaces}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {kPlaces, kPlaces}});
  const ValueId all = graph.add(Op::kConcat, {carry, x}, {1});
  graph.add_output("y", graph.add(Op::kSum, {all}, {1}));
  graph.add_output("carry.0", graph.add(Op::kPermute, {left_behind(graph, all)}, {0, 2, 1}));
  EXPECT_EQ(expect_same(graph, best_target(), 9), 0U);
}

TEST(MovingCarries, AreCopiedWhereTheyDoNotMove) {
  const std::vector<Graph> graphs = {
      // Replaced.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        left = g.add(Op::kMul, {carry, carry});
        return g.add(Op::kSum, {g.add(Op::kConcat, {carry, x}, {1})}, {1});
      }),
      // Left as it was.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
        left = g.add(Op::kSlice, {all}, {1, 0, kPlaces});
        return g.add(Op::kSum, {all}, {1});
      }),
      // Moved by another step than what is appended.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
        left = g.add(Op::kSlice, {all}, {1, 1, kPlaces + 1});
        return g.add(Op::kSum, {all}, {1});
      }),
      // Two sets of numbers in the places behind it.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
        const ValueId again = g.add(Op::kConcat, {carry, g.add(Op::kMul, {x, x})}, {1});
        left = left_behind(g, all);
        return g.add(Op::kMul, {g.add(Op::kSum, {all}, {1}), g.add(Op::kSum, {again}, {1})});
      }),
      // Halves that overlap.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
        const auto second = [&](ValueId value) { return g.add(Op::kSlice, {value}, {2, 1, 2}); };
        const ValueId half = g.add(Op::kConcat, {second(carry), g.add(Op::kMul, {second(x), second(x)})}, {1});
        left = left_behind(g, all);
        return g.add(Op::kMul, {g.add(Op::kSum, {all}, {1}), g.add(Op::kSum, {half}, {1})});
      }),
      // Read in place, and broadcast, by an operator that knows nothing of windows.
      with_carry([](Graph& g, ValueId x, ValueId carry, ValueId& left) {
        const ValueId all = g.add(Op::kConcat, {carry, x}, {1});
        left = left_behind(g, all);
        return g.add(Op::kMul, {g.add(Op::kSlice, {all}, {1, 3, 4}), x});
      }),
  };
  for (size_t i = 0; i < graphs.size(); ++i) {
    EXPECT_EQ(expect_same(graphs[i], best_target(), 9), 0U) << "graph " << i;
  }
}

TEST(MovingCarries, RowsNeedTheirWindows) {
  Workspace workspace(std::make_shared<const Program>(transformer(), best_target(), Carries::kMoving), 2);
  std::vector<float> buffer(to_size(workspace.program().moving_carries()[0].buffer_size()) + 16);
  const auto error_of = [](const std::function<void()>& what) -> std::string {
    try {
      what();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  workspace.set_carry(0, 0, buffer.data());
  EXPECT_EQ(error_of([&] { workspace.run(1); }), "moving carry 1: found a row without a window");
  EXPECT_EQ(error_of([&] { workspace.float_input(1); }), "input carry.0: found a carry that moves");
  EXPECT_EQ(error_of([&] { workspace.output(2); }), "output carry.1: found a carry that moves");
  EXPECT_EQ(error_of([&] { workspace.set_carry(0, 2, buffer.data()); }),
            "moving carry 0, row 2: expected one of 2 and of 2 rows");
}

}  // namespace
}  // namespace genbid::graph
