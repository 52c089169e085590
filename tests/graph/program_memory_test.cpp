#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <limits>
#include <thread>

#include "base/convert.h"
#include "base/error.h"
#include "counted_allocations.h"
#include "graph/memory_plan.h"
#include "graph/program.h"
#include "reference.h"

// Where values lie and how long: a workspace's memory, its inputs and outputs, and what it refuses.

namespace genbid::graph {
namespace {

using test::expect_as_reference;
using test::spread;

std::string error_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

ValueId constant(Graph& graph, const std::vector<int64_t>& shape) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < Shape{0, shape}.inner(); ++i) numbers.push_back(as_float(0.1 * spread(9, i)));
  return graph.add_constant("c" + std::to_string(graph.constants().size()), shape, numbers);
}

std::shared_ptr<const Program> program_of(const Graph& graph, const std::string& target = best_target()) {
  return std::make_shared<const Program>(graph, target);
}

// A bit of everything: views, copies, products with scratch.
Graph mixed_graph() {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {6, 8}});
  ValueId y = graph.add(Op::kConv1d, {x, constant(graph, {10, 6, 3}), constant(graph, {10})}, {1, 1});
  y = graph.add(Op::kGroupNorm, {y, constant(graph, {10}), constant(graph, {10})}, {2}, {1e-5});
  y = graph.add(Op::kMish, {graph.add(Op::kPermute, {y}, {0, 2, 1})});
  y = graph.add(Op::kConcat, {y, y}, {0});
  y = graph.add(Op::kLinear, {y, constant(graph, {12, 10}), constant(graph, {12})});
  y = graph.add(Op::kPermute, {graph.add(Op::kReshape, {y}, {2, 8, 3, 4})}, {0, 2, 1, 3});
  y = graph.add(Op::kAttention, {y, y, y}, {1});
  graph.add_output("heads", y);
  y = graph.add(Op::kSoftmax, {graph.add(Op::kReshape, {graph.add(Op::kPermute, {y}, {0, 2, 1, 3})}, {2, 8, 12})});
  graph.add_output("second", graph.add(Op::kSlice, {y}, {0, 1, 2}));
  graph.add_output("sum", graph.add(Op::kSum, {graph.add(Op::kPad, {y}, {2, 1, 0})}, {1}));
  return graph;
}

std::vector<std::vector<float>> run(Workspace& workspace, int64_t rows) {
  const std::span<float> in = workspace.float_input(0);
  for (int64_t i = 0; i < rows * 48; ++i) at(in, i) = as_float(spread(0, i));
  workspace.run(rows);
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < workspace.program().graph().outputs().size(); ++i) {
    const std::span<const float> out = workspace.output(i);
    all.emplace_back(out.begin(), out.end());
  }
  return all;
}

TEST(MemoryOfPrograms, ALongChainThatReadsEarlyValuesAgain) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {5, 3}});
  std::vector<ValueId> values = {x};
  for (size_t i = 0; i < 60; ++i) {
    const Op op = i % 3 == 0 ? Op::kAdd : i % 3 == 1 ? Op::kSub : Op::kMax;
    ValueId y = graph.add(op, {values.back(), values[i / 2]});
    if (i % 7 == 0) y = graph.add(Op::kReshape, {graph.add(Op::kPermute, {y}, {0, 2, 1})}, {1, 5, 3});
    values.push_back(graph.add(Op::kTanh, {y}));
  }
  graph.add_output("last", values.back());
  graph.add_output("early", values[3]);
  expect_as_reference(graph, spread);
  // 121 values share a few places.
  EXPECT_LT(Workspace(program_of(graph), 48).bytes(), 48 * 15 * 4 * 60);
}

TEST(MemoryOfPrograms, TensorsOfOneMomentLieApart) {
  const auto program = program_of(mixed_graph());
  const Program::Plan& plan = program->plan();
  const MemoryPlan memory = plan_memory(plan, 7);
  std::vector<std::array<int64_t, 2>> lives(plan.tensors.size(), {std::ssize(plan.steps), -1});
  const auto uses = [&](int32_t tensor, int64_t step) {
    auto& [first, last] = at(lives, tensor);
    first = std::min(first, step);
    last = std::max(last, step);
  };
  for (int64_t i = 0; i < std::ssize(plan.steps); ++i) {
    uses(at(plan.steps, i).out.place, i);
    for (const Operand& in : at(plan.steps, i).in) {
      if (in.place >= 0) uses(in.place, i);
    }
  }
  const auto bytes_of = [&](size_t i) {
    const Tensor& tensor = plan.tensors[i];
    return tensor.numbers * (tensor.rows ? 7 : 1) * static_cast<int64_t>(size_of(tensor.type)) + kSlack;
  };
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    if (plan.tensors[i].kind == Tensor::Kind::kConstant) continue;
    if (plan.tensors[i].kind == Tensor::Kind::kInput || plan.tensors[i].kept) lives[i] = {0, std::ssize(plan.steps)};
    EXPECT_GE(memory.offsets[i], 0);
    EXPECT_LE(memory.offsets[i] + bytes_of(i), memory.bytes);
    for (size_t j = 0; j < i; ++j) {
      if (plan.tensors[j].kind == Tensor::Kind::kConstant) continue;
      if (lives[i][1] < lives[j][0] || lives[j][1] < lives[i][0]) continue;
      EXPECT_TRUE(memory.offsets[i] + bytes_of(i) <= memory.offsets[j] ||
                  memory.offsets[j] + bytes_of(j) <= memory.offsets[i])
          << i << " and " << j;
    }
  }
}

TEST(MemoryOfPrograms, OutputsThatAreInputsConstantsViewsOrOneAnother) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {4, 3}});
  const ValueId i = graph.add_input("i", Type::kInt, {0, {2}});
  const ValueId c = constant(graph, {2, 3});
  const ValueId y = graph.add(Op::kExp, {x});
  const ValueId part = graph.add(Op::kSlice, {y}, {1, 1, 3});
  graph.add_output("input", x);
  graph.add_output("input again", x);
  graph.add_output("whole input", i);
  graph.add_output("view of the input", graph.add(Op::kSlice, {x}, {1, 1, 3}));
  graph.add_output("turned input", graph.add(Op::kPermute, {x}, {0, 2, 1}));
  graph.add_output("constant", c);
  graph.add_output("turned constant", graph.add(Op::kPermute, {c}, {1, 0}));
  graph.add_output("constant with rows", graph.add(Op::kExpand, {c}, {2, 2, 3}));
  graph.add_output("value", y);
  graph.add_output("value again", y);
  graph.add_output("view", part);
  graph.add_output("view of the view", graph.add(Op::kReshape, {part}, {1, 6}));
  graph.add_output("what follows", graph.add(Op::kTanh, {graph.add(Op::kMul, {part, c})}));
  expect_as_reference(graph, spread);
}

TEST(MemoryOfPrograms, OutputsStayWhileTheNextInputsAreWritten) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {3}});
  graph.add_output("x", x);
  graph.add_output("first", graph.add(Op::kSlice, {x}, {1, 0, 1}));
  Workspace workspace(program_of(graph), 2);
  for (float& number : workspace.float_input(0)) number = 1.0F;
  workspace.run(2);
  for (float& number : workspace.float_input(0)) number = 2.0F;
  for (const size_t output : {0, 1}) {
    for (const float number : workspace.output(output)) EXPECT_EQ(number, 1.0F);
  }
}

TEST(MemoryOfPrograms, InputsKeepWhatWasWritten) {
  Workspace workspace(program_of(mixed_graph()), 4);
  const auto first = run(workspace, 4);
  workspace.run(4);
  workspace.run(2);
  workspace.run(4);
  for (size_t i = 0; i < first.size(); ++i) {
    const std::span<const float> again = workspace.output(i);
    EXPECT_TRUE(std::equal(again.begin(), again.end(), first[i].begin(), first[i].end())) << i;
  }
}

TEST(MemoryOfPrograms, RowsOfEarlierRunsLeaveNoTrace) {
  const auto program = program_of(mixed_graph());
  for (const int64_t rows : {1, 2, 5, 48}) {
    Workspace fresh(program, rows);
    const auto expected = run(fresh, rows);
    Workspace used(program, 48);
    for (const int64_t before : {48, 1, 7, 48, 2}) {
      for (float& number : used.float_input(0)) number = std::numeric_limits<float>::quiet_NaN();
      used.run(before);
      EXPECT_EQ(run(used, rows), expected) << before << " before " << rows;
    }
  }
}

TEST(MemoryOfPrograms, WorkspacesSideBySideDoNotMeet) {
  const auto program = program_of(mixed_graph());
  Workspace alone(program, 9);
  std::vector<std::vector<std::vector<float>>> expected;
  for (int64_t rows = 1; rows <= 9; ++rows) expected.push_back(run(alone, rows));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Workspace own(program, 9);
      for (int64_t i = 0; i < 40; ++i) {
        const int64_t rows = (i + t) % 9 + 1;
        if (run(own, rows) != at(expected, rows - 1)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(MemoryOfPrograms, AWorkspaceThatIsMovedGoesOn) {
  Workspace first(program_of(mixed_graph()), 3);
  const auto expected = run(first, 3);
  Workspace second = std::move(first);
  EXPECT_EQ(run(second, 3), expected);
}

TEST(MemoryOfPrograms, RunAllocatesNothing) {
#ifdef GENBID_COUNTS_ALLOCATIONS
  for (const std::string& target : test::targets_here()) {
    Workspace workspace(program_of(mixed_graph(), target), 48);
    const int64_t before = num_allocations;
    for (const int64_t rows : {48, 1, 7}) {
      workspace.run(rows);
      EXPECT_EQ(workspace.output(0).size(), to_size(rows * 2 * 96));
      EXPECT_FALSE(workspace.float_input(0).empty());
    }
    EXPECT_EQ(num_allocations, before) << target;
  }
  const int64_t before = num_allocations;
  static_cast<void>(program_of(mixed_graph()));
  EXPECT_GT(num_allocations, before);
#else
  GTEST_SKIP() << "a sanitizer allocates here";
#endif
}

TEST(ErrorsOfPrograms, WhatAWorkspaceRefuses) {
  const auto program = program_of(mixed_graph());
  EXPECT_EQ(error_of([&] { Workspace(program, 0); }), "rows of a workspace: found 0, expected 1 or more");
  EXPECT_EQ(error_of([&] { Workspace(program, std::numeric_limits<int64_t>::max()); }),
            "rows of a workspace: found 9223372036854775807, expected fewer: its tensors would take more than 64 TiB");
  Workspace workspace(program, 3);
  EXPECT_EQ(workspace.max_rows(), 3);
  EXPECT_EQ(error_of([&] { workspace.run(0); }), "rows: found 0, expected 1 to 3");
  EXPECT_EQ(error_of([&] { workspace.run(-1); }), "rows: found -1, expected 1 to 3");
  EXPECT_EQ(error_of([&] { workspace.run(4); }), "rows: found 4, expected 1 to 3");
  EXPECT_EQ(error_of([&] { workspace.int_input(0); }), "input x: found f32, expected i64");
  EXPECT_EQ(error_of([&] { workspace.float_input(1); }), "input 1: expected one of the graph's 1");
  EXPECT_EQ(error_of([&] { workspace.output(3); }), "output 3: expected one of the graph's 3");
  EXPECT_EQ(error_of([&] { workspace.output_bytes(3); }), "output 3: expected one of the graph's 3");

  Graph graph;
  const ValueId i = graph.add_input("i", Type::kInt, {1, {}});
  graph.add_output("same", graph.add(Op::kEqual, {i, i}));
  Workspace whole(program_of(graph), 1);
  EXPECT_EQ(error_of([&] { whole.float_input(0); }), "input i: found i64, expected f32");
  EXPECT_EQ(error_of([&] { whole.output(0); }), "output same: found bool, expected f32");
}

TEST(ErrorsOfPrograms, WhatAProgramRefuses) {
  EXPECT_EQ(error_of([] { Program{Graph()}; }), "graph: found no outputs, expected one at least");
  EXPECT_EQ(error_of([] { Program(mixed_graph(), "neon"); }),
            "target: found 'neon', expected one of sse2, avx2, avx512");
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {1, 2}});
  const ValueId y = graph.add(Op::kConvTranspose1d, {x, constant(graph, {1, 1, 9}), constant(graph, {1})}, {9, 0});
  graph.add_output("y", y);
  EXPECT_EQ(error_of([&] { Program{graph}; }), "conv_transpose1d: found stride 9, expected at most 8");
  const std::string best = best_target();
  if (best == target_names().back()) GTEST_SKIP() << "this processor has every target";
  const std::string lacks =
      " found " + target_names().back() + ", which this processor lacks, expected at most " + best;
  EXPECT_EQ(error_of([&] { Program(mixed_graph(), target_names().back()); }), "target:" + lacks);
  setenv("GENBID_TARGET", target_names().back().c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  EXPECT_EQ(error_of([] { best_target(); }), "GENBID_TARGET:" + lacks);
  unsetenv("GENBID_TARGET");  // NOLINT(concurrency-mt-unsafe): one thread
}

TEST(Targets, AreThoseOfTheEnvironment) {
  const char* const was = std::getenv("GENBID_TARGET");  // NOLINT(concurrency-mt-unsafe): one thread
  if (was != nullptr) GTEST_SKIP() << "GENBID_TARGET is set";
  // What an emulated processor should come to.
  const char* const expected = std::getenv("GENBID_EXPECTED_TARGET");  // NOLINT(concurrency-mt-unsafe): one thread
  if (expected != nullptr) {
    EXPECT_EQ(best_target(), expected);
  }
  for (const std::string& target : test::targets_here()) {
    setenv("GENBID_TARGET", target.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
    EXPECT_EQ(Program(mixed_graph()).target(), target);
  }
  setenv("GENBID_TARGET", "mmx", 1);  // NOLINT(concurrency-mt-unsafe): one thread
  EXPECT_EQ(error_of([] { best_target(); }), "GENBID_TARGET: found 'mmx', expected one of sse2, avx2, avx512");
  unsetenv("GENBID_TARGET");  // NOLINT(concurrency-mt-unsafe): one thread
}

TEST(ValueOf, IsWhatConstantsComeTo) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {2}});
  const ValueId c = graph.add_constant("c", {2}, std::vector<int64_t>{3, -4});
  const ValueId sum = graph.add(Op::kAdd, {c, c});
  const ValueId both = graph.add(Op::kAdd, {graph.add(Op::kCast, {sum}, {0}), x});
  const std::vector<std::byte> bytes = value_of(graph, sum);
  ASSERT_EQ(bytes.size(), 16U);
  EXPECT_EQ(static_cast<int>(bytes[0]), 6);
  EXPECT_EQ(value_of(graph, c).size(), 16U);
  EXPECT_EQ(error_of([&] { value_of(graph, both); }),
            "value 4: found that it depends on an input, expected constants alone");
  EXPECT_EQ(error_of([&] { value_of(graph, x); }), "value 0: found an input, expected what constants come to");
}

}  // namespace
}  // namespace genbid::graph
