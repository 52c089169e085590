#include "graph/graph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "graph/operators.h"

// Graphs as they are built: shapes that follow, and each error once.

namespace genbid::graph {
namespace {

std::string error_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A graph with values of all kinds to build on.
struct Base {
  Graph graph;
  ValueId x = graph.add_input("x", Type::kFloat, {1, {4, 6}});
  ValueId i = graph.add_input("i", Type::kInt, {1, {4, 6}});
  ValueId flat = graph.add_input("flat", Type::kFloat, {0, {6}});
  ValueId rows = graph.add_input("rows", Type::kFloat, {1, {}});
  ValueId scalar = graph.add_input("scalar", Type::kFloat, {0, {}});
  ValueId six = graph.add_constant("six", {6}, std::vector<float>(6, 1.0F));
  ValueId four = graph.add_constant("four", {4}, std::vector<float>(4, 1.0F));
  ValueId whole = graph.add_constant("whole", {6}, std::vector<int64_t>(6, 2));
  ValueId weights = graph.add_constant("weights", {4, 6}, std::vector<float>(24, 1.0F));
  ValueId taps = graph.add_constant("taps", {2, 4, 3}, std::vector<float>(24, 1.0F));
  ValueId two = graph.add_constant("two", {2}, std::vector<float>(2, 1.0F));
  ValueId is = graph.add(Op::kLess, {x, flat});
  ValueId heads = graph.add(Op::kReshape, {x}, {1, 2, 2, 6});

  std::string error(Op op, const std::vector<ValueId>& in, const std::vector<int64_t>& ints = {},
                    const std::vector<double>& reals = {}) {
    return error_of([&] { graph.add(op, in, ints, reals); });
  }
  std::string made(Op op, const std::vector<ValueId>& in, const std::vector<int64_t>& ints = {},
                   const std::vector<double>& reals = {}) {
    const Value& value = graph.value(graph.add(op, in, ints, reals));
    return type_name(value.type) + " " + shown_shape(value.shape);
  }
};

TEST(Graphs, ShapesFollow) {
  Base b;
  EXPECT_EQ(b.made(Op::kAdd, {b.x, b.flat}), "f32 [R, 4, 6]");
  EXPECT_EQ(b.made(Op::kEqual, {b.i, b.whole}), "bool [R, 4, 6]");
  EXPECT_EQ(b.made(Op::kConcat, {b.x, b.x}, {0}), "f32 [2R, 4, 6]");
  EXPECT_EQ(b.made(Op::kSum, {b.x}, {1}), "f32 [R, 6]");
  EXPECT_EQ(b.made(Op::kLinear, {b.x, b.weights, b.four}), "f32 [R, 4, 4]");
  EXPECT_EQ(b.made(Op::kConv1d, {b.x, b.taps, b.two}, {2, 1}), "f32 [R, 2, 3]");
  EXPECT_EQ(b.made(Op::kTake, {b.weights, b.i}), "f32 [R, 4, 6, 6]");
  EXPECT_EQ(b.made(Op::kExpand, {b.flat}, {2, 3, 6}), "f32 [2R, 3, 6]");
  EXPECT_EQ(b.made(Op::kCast, {b.scalar}, {1}), "i64 []");
}

TEST(Graphs, ErrorsOfNamesTypesAndExtents) {
  Graph graph;
  graph.add_input("x", Type::kFloat, {1, {2}});
  const std::vector<float> three(3, 0.0F);
  graph.add_constant("c", {3}, three);
  graph.add_output("y", 0);
  EXPECT_EQ(error_of([&] {
              graph.add_input("", Type::kFloat, {1, {2}});
            }),
            "graph: found no name of an input, expected one");
  EXPECT_EQ(error_of([&] {
              graph.add_input("x", Type::kFloat, {1, {2}});
            }),
            "graph: found two of the inputs named 'x', expected one");
  EXPECT_EQ(error_of([&] { graph.add_constant("c", {3}, three); }),
            "graph: found two of the constants named 'c', expected one");
  EXPECT_EQ(error_of([&] { graph.add_output("y", 0); }), "graph: found two of the outputs named 'y', expected one");
  EXPECT_EQ(error_of([&] { graph.add_output("z", 2); }), "graph: found value 2, expected one of the 2 before it");
  EXPECT_EQ(error_of([&] { graph.add(Op::kExp, {-1}); }), "graph: found value -1, expected one of the 2 before it");
  EXPECT_EQ(error_of([&] { graph.constant_of(0); }), "graph: found value 0, which is computed, expected a constant");
  EXPECT_EQ(error_of([&] { graph.add_constant("d", {4}, three); }), "constant d: found 12 bytes, expected [4] of f32");
  const std::vector<std::byte> bools = {std::byte{1}, std::byte{2}};
  EXPECT_EQ(error_of([&] { graph.add_constant("d", Type::kBool, {2}, bools); }),
            "constant d: found a byte above 1, expected bool of 0 and 1");
  EXPECT_EQ(error_of([&] { parse_type("f16"); }), "type of a tensor: found 'f16', expected one of f32, i64, bool");
  EXPECT_EQ(error_of([&] { parse_op("erf"); }),
            "operator: found 'erf', expected one of the table (src/graph/operators.h)");
  const std::string expected = ", expected up to 8 extents of 1 or more and at most 4294967296 numbers";
  const auto extents = [&](const Shape& shape) { return error_of([&] { graph.add_input("z", Type::kFloat, shape); }); };
  EXPECT_EQ(extents({1, {2, 0}}), "input z: found shape [R, 2, 0]" + expected);
  EXPECT_EQ(extents({1, {-1}}), "input z: found shape [R, -1]" + expected);
  EXPECT_EQ(extents({-1, {1}}), "input z: found shape [1]" + expected);
  EXPECT_EQ(extents({65537, {1}}), "input z: found shape [65537R, 1]" + expected);
  EXPECT_EQ(extents({1, {1, 1, 1, 1, 1, 1, 1, 1}}), "input z: found shape [R, 1, 1, 1, 1, 1, 1, 1, 1]" + expected);
  EXPECT_EQ(extents({0, {65536, 65537}}), "input z: found shape [65536, 65537]" + expected);
  // Whose product is 0 in 64 bits.
  EXPECT_EQ(extents({0, {int64_t{1} << 32, int64_t{1} << 32}}),
            "input z: found shape [4294967296, 4294967296]" + expected);
  EXPECT_EQ(extents({0, {std::numeric_limits<int64_t>::max()}}),
            "input z: found shape [9223372036854775807]" + expected);
  EXPECT_EQ(error_of([&] {
              graph.add_constant("e", {int64_t{1} << 32, int64_t{1} << 32}, std::vector<float>());
            }),
            "constant e: found shape [4294967296, 4294967296]" + expected);
}

// Extents that are fine each, and too much where they meet.
TEST(Graphs, ProductsOfExtentsThatGrowTooLargeAreRefused) {
  Graph graph;
  const int64_t large = int64_t{1} << 31;
  const ValueId a = graph.add_input("a", Type::kFloat, {0, {large, 1}});
  const ValueId b = graph.add_input("b", Type::kFloat, {0, {1, large}});
  const ValueId c = graph.add_input("c", Type::kInt, {1, {large}});
  const ValueId d = graph.add_input("d", Type::kFloat, {65536, {1}});
  const auto error = [&](Op op, const std::vector<ValueId>& in, const std::vector<int64_t>& ints) {
    return error_of([&] { graph.add(op, in, ints); });
  };
  const std::string expected = ", expected up to 8 extents of 1 or more and at most 4294967296 numbers";
  EXPECT_EQ(error(Op::kAdd, {a, b}, {}), "add: found shape [2147483648, 2147483648]" + expected);
  EXPECT_EQ(error(Op::kMatmul, {a, b}, {}), "matmul: found shape [2147483648, 2147483648]" + expected);
  EXPECT_EQ(error(Op::kTake, {b, c}, {}), "take: found shape [R, 2147483648, 2147483648]" + expected);
  EXPECT_EQ(error(Op::kConcat, {b, b, b}, {1}), "concat: found shape [1, 6442450944]" + expected);
  EXPECT_EQ(error(Op::kConcat, {d, d}, {0}), "concat: found shape [131072R, 1]" + expected);
  EXPECT_EQ(error(Op::kPad, {b}, {1, large, large}), "pad: found shape [1, 6442450944]" + expected);
  EXPECT_EQ(error(Op::kExpand, {a}, {0, large, large}), "shape: found shape [2147483648, 2147483648]" + expected);
  EXPECT_EQ(error(Op::kReshape, {a}, {0, large, large, 0}),
            "shape: found shape [2147483648, 2147483648, 0]" + expected);
}

TEST(Graphs, ErrorsOfNumbersOfInputsAndSettings) {
  Base b;
  EXPECT_EQ(b.error(Op::kExp, {}), "exp: found 0 inputs, expected 1 to 1");
  EXPECT_EQ(b.error(Op::kAdd, {b.x}), "add: found 1 inputs, expected 2 to 2");
  EXPECT_EQ(b.error(Op::kAttention, {b.x, b.x}, {0}), "attention: found 2 inputs, expected 3 to 4");
  EXPECT_EQ(b.error(Op::kSum, {b.x}), "sum: found 0 whole settings, expected 1");
  EXPECT_EQ(b.error(Op::kExp, {b.x}, {1}), "exp: found 1 whole settings, expected 0");
  EXPECT_EQ(b.error(Op::kPick, {b.x}), "pick: found 0 whole settings, expected 2");
  EXPECT_EQ(b.error(Op::kClamp, {b.x}, {}, {1.0}), "clamp: found 1 real settings, expected 2");
}

TEST(Graphs, ErrorsOfOperatorsNumberByNumber) {
  Base b;
  EXPECT_EQ(b.error(Op::kExp, {b.i}), "exp: found i64 [R, 4, 6], expected numbers of f32");
  EXPECT_EQ(b.error(Op::kClamp, {b.is}, {}, {0.0, 1.0}), "clamp: found bool [R, 4, 6], expected numbers");
  EXPECT_EQ(b.error(Op::kClamp, {b.x}, {}, {1.0, 0.5}),
            "clamp: found 1.000000 and 0.500000, expected the lower one first");
  EXPECT_EQ(b.error(Op::kClamp, {b.x}, {}, {std::nan(""), kInfinity}),
            "clamp: found nan and inf, expected the lower one first");
  EXPECT_EQ(b.error(Op::kCast, {b.x}, {3}), "cast: found type 3, expected 0 to 2");
  EXPECT_EQ(b.error(Op::kNot, {b.x}), "not: found f32 [R, 4, 6], expected bool");
  EXPECT_EQ(b.error(Op::kAdd, {b.is, b.is}), "add: found bool [R, 4, 6], bool [R, 4, 6], expected numbers");
  EXPECT_EQ(b.error(Op::kMax, {b.x, b.i}), "max: found f32 [R, 4, 6], i64 [R, 4, 6], expected one type");
  EXPECT_EQ(b.error(Op::kPow, {b.i, b.i}), "pow: found i64 [R, 4, 6], i64 [R, 4, 6], expected numbers of f32");
  EXPECT_EQ(b.error(Op::kFloorDiv, {b.i, b.i}),
            "floor_div: found i64 [R, 4, 6], i64 [R, 4, 6], expected i64 and a constant");
  EXPECT_EQ(b.error(Op::kLess, {b.x, b.whole}), "less: found f32 [R, 4, 6], i64 [6], expected one type");
  EXPECT_EQ(b.error(Op::kAnd, {b.is, b.x}), "and: found bool [R, 4, 6], f32 [R, 4, 6], expected bool");
  EXPECT_EQ(b.error(Op::kWhere, {b.x, b.x, b.x}),
            "where: found f32 [R, 4, 6], f32 [R, 4, 6], f32 [R, 4, 6], expected bool first");
  EXPECT_EQ(b.error(Op::kWhere, {b.is, b.x, b.i}),
            "where: found bool [R, 4, 6], f32 [R, 4, 6], i64 [R, 4, 6], expected one type");
  EXPECT_EQ(b.error(Op::kAdd, {b.x, b.four}), "shapes: found [R, 4, 6] and [4], expected ones that broadcast");
  for (const int64_t divisor : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    const std::vector<int64_t> divisors = {3, divisor};
    const ValueId by = b.graph.add_constant("by" + std::to_string(divisor), {2, 1}, divisors);
    EXPECT_EQ(b.error(Op::kFloorDiv, {b.whole, by}),
              "floor_div: found the divisor " + std::to_string(divisor) + ", expected one above 0");
  }
}

TEST(Graphs, WhatDoesNotBroadcast) {
  const auto error = [](const Shape& a, const Shape& b) { return error_of([&] { broadcast(a, b); }); };
  const auto text = [](const std::string& a, const std::string& b) {
    return "shapes: found " + a + " and " + b + ", expected ones that broadcast";
  };
  EXPECT_EQ(error({1, {3}}, {2, {3}}), text("[R, 3]", "[2R, 3]"));
  EXPECT_EQ(error({1, {3}}, {1, {1, 3}}), text("[R, 3]", "[R, 1, 3]"));
  EXPECT_EQ(error({1, {3}}, {0, {2, 3}}), text("[R, 3]", "[2, 3]"));
  EXPECT_EQ(error({0, {2, 3}}, {1, {3}}), text("[R, 3]", "[2, 3]"));
  EXPECT_EQ(error({1, {3}}, {0, {1, 1, 3}}), text("[R, 3]", "[1, 1, 3]"));
  EXPECT_EQ(error({0, {3}}, {0, {4}}), text("[3]", "[4]"));
  EXPECT_EQ(broadcast({1, {3}}, {0, {1, 3}}), (Shape{1, {3}}));
  EXPECT_EQ(broadcast({0, {2, 1}}, {0, {3}}), (Shape{0, {2, 3}}));
  EXPECT_EQ(broadcast({0, {}}, {2, {}}), (Shape{2, {}}));
}

TEST(Graphs, ErrorsOfProducts) {
  Base b;
  EXPECT_EQ(b.error(Op::kLinear, {b.x, b.weights, b.six}),
            "linear: found f32 [R, 4, 6], f32 [4, 6], f32 [6], expected [.., K], [N, K] and [N]");
  EXPECT_EQ(b.error(Op::kLinear, {b.x, b.x, b.six}),
            "linear: found f32 [R, 4, 6], f32 [R, 4, 6], f32 [6], expected constants behind the first input");
  EXPECT_EQ(b.error(Op::kMatmul, {b.x, b.weights}),
            "matmul: found f32 [R, 4, 6], f32 [4, 6], expected [.., M, K] and [.., K, N]");
  EXPECT_EQ(b.error(Op::kMatmul, {b.flat, b.x}),
            "matmul: found f32 [6], f32 [R, 4, 6], expected [.., M, K] and [.., K, N]");
  const ValueId matrices = b.graph.add_constant("matrices", {2, 6, 1}, std::vector<float>(12, 0.0F));
  EXPECT_EQ(b.error(Op::kMatmul, {b.heads, matrices}),
            "matmul: found f32 [R, 2, 2, 6], f32 [2, 6, 1], expected equal leading extents, or a second input of two");
  EXPECT_EQ(b.error(Op::kConv1d, {b.x, b.weights, b.two}, {1, 0}),
            "conv1d: found f32 [R, 4, 6], f32 [4, 6], f32 [2], expected [R, C, L] and three extents of weights");
  EXPECT_EQ(b.error(Op::kConv1d, {b.x, b.taps, b.four}, {1, 0}),
            "conv1d: found f32 [R, 4, 6], f32 [2, 4, 3], f32 [4], expected weights and biases of as many channels");
  EXPECT_EQ(b.error(Op::kConv1d, {b.x, b.taps, b.two}, {0, -1}),
            "conv1d: found stride 0 and padding -1, expected 1 and 0 at least, and at most 65536");
  EXPECT_EQ(b.error(Op::kConvTranspose1d, {b.x, b.taps, b.four}, {1, 0}),
            "conv_transpose1d: found f32 [R, 4, 6], f32 [2, 4, 3], f32 [4], expected weights and biases of as many "
            "channels");
  // The window is longer than the input, by less than a stride too.
  const ValueId two_long = b.graph.add(Op::kSlice, {b.x}, {2, 0, 2});
  for (const int64_t stride : {1, 2, 5}) {
    EXPECT_EQ(b.error(Op::kConv1d, {two_long, b.taps, b.two}, {stride, 0}),
              "conv1d: found f32 [R, 4, 2], f32 [2, 4, 3], f32 [2], expected a longer input");
  }
  const ValueId back = b.graph.add_constant("back", {4, 2, 1}, std::vector<float>(8, 0.0F));
  EXPECT_EQ(b.error(Op::kConvTranspose1d, {two_long, back, b.two}, {1, 1}),
            "conv_transpose1d: found f32 [R, 4, 2], f32 [4, 2, 1], f32 [2], expected a longer input");
}

TEST(Graphs, ErrorsOfAttention) {
  Base b;
  EXPECT_EQ(
      b.error(Op::kAttention, {b.x, b.x, b.x}, {0}),
      "attention: found f32 [R, 4, 6], f32 [R, 4, 6], f32 [R, 4, 6], expected queries, keys and values [R, H, L, d]");
  const ValueId longer = b.graph.add(Op::kConcat, {b.heads, b.heads}, {2});
  const std::string found = "attention: found f32 [R, 2, 2, 6], f32 [R, 2, 4, 6], f32 [R, 2, ";
  EXPECT_EQ(b.error(Op::kAttention, {b.heads, longer, b.heads}, {0}),
            found + "2, 6], expected queries, keys and values that fit");
  EXPECT_EQ(b.error(Op::kAttention, {b.heads, longer, longer}, {1}),
            found + "4, 6], expected as many queries as keys, and no mask, where it is causal");
  const std::string same = "attention: found f32 [R, 2, 2, 6], f32 [R, 2, 2, 6], f32 [R, 2, 2, 6], ";
  EXPECT_EQ(b.error(Op::kAttention, {b.heads, b.heads, b.heads, b.two}, {0}),
            same + "f32 [2], expected a bool mask [R, H, Q, L]");
  EXPECT_EQ(b.error(Op::kAttention, {b.heads, b.heads, b.heads, b.is}, {0}),
            "shapes: found [R, 4, 6] and [R, 2, 2, 2], expected ones that broadcast");
}

TEST(Graphs, ErrorsOverExtents) {
  Base b;
  EXPECT_EQ(b.error(Op::kSoftmax, {b.rows}), "softmax: found f32 [R], expected an extent behind the rows");
  EXPECT_EQ(b.error(Op::kSoftmax, {b.i}), "softmax: found i64 [R, 4, 6], expected numbers of f32");
  EXPECT_EQ(b.error(Op::kLayerNorm, {b.x, b.four, b.four}, {}, {0.0}),
            "layer_norm: found f32 [R, 4, 6], f32 [4], f32 [4], expected [.., D], [D] and [D]");
  EXPECT_EQ(b.error(Op::kLayerNorm, {b.x, b.six, b.six}, {}, {-1.0}),
            "layer_norm: found a negative eps, expected 0 or more");
  EXPECT_EQ(b.error(Op::kGroupNorm, {b.x, b.six, b.six}, {2}, {0.0}),
            "group_norm: found f32 [R, 4, 6], f32 [6], f32 [6], expected [R, C, L], [C] and [C]");
  EXPECT_EQ(b.error(Op::kGroupNorm, {b.x, b.four, b.four}, {3}, {0.0}),
            "group_norm: found 3 groups of 4 channels, expected a divisor");
  EXPECT_EQ(b.error(Op::kGroupNorm, {b.x, b.four, b.four}, {2}, {std::nan("")}),
            "group_norm: found a negative eps, expected 0 or more");
  EXPECT_EQ(b.error(Op::kSum, {b.x}, {3}), "sum: found dimension 3 of [R, 4, 6], expected one that it has");
  EXPECT_EQ(b.error(Op::kSum, {b.x}, {0}), "sum: found the dimension of the rows, expected another");
}

TEST(Graphs, ErrorsOfPlaces) {
  Base b;
  EXPECT_EQ(b.error(Op::kReshape, {b.x}),
            "reshape: found no shape, expected the multiple of the rows and the other extents");
  EXPECT_EQ(b.error(Op::kReshape, {b.x}, {1, 23}), "reshape: found [R, 4, 6] to [R, 23], expected as many numbers");
  EXPECT_EQ(b.error(Op::kReshape, {b.x}, {0, 24}), "reshape: found [R, 4, 6] to [24], expected as many numbers");
  EXPECT_EQ(b.error(Op::kPermute, {b.x}, {1, 0, 2}),
            "permute: found [1, 0, 2] of [R, 4, 6], expected each dimension once, that of the rows in front");
  EXPECT_EQ(b.error(Op::kPermute, {b.flat}),
            "permute: found [] of [6], expected each dimension once, that of the rows in front");
  EXPECT_EQ(b.error(Op::kSlice, {b.x}, {1, 2, 2}),
            "slice: found 2 to 2 of 4, expected places that there are, one at least");
  EXPECT_EQ(b.error(Op::kSlice, {b.x}, {0, 1, 2}),
            "slice: found 1 to 2 of 1, expected places that there are, one at least");
  EXPECT_EQ(b.error(Op::kSlice, {b.x}, {-1, 0, 1}), "slice: found dimension -1 of [R, 4, 6], expected one that it has");
  EXPECT_EQ(b.error(Op::kConcat, {b.x, b.flat}, {1}),
            "concat: found f32 [R, 4, 6], f32 [6], expected extents that fit");
  EXPECT_EQ(b.error(Op::kConcat, {b.x, b.i}, {1}), "concat: found f32 [R, 4, 6], i64 [R, 4, 6], expected one type");
  EXPECT_EQ(b.error(Op::kExpand, {b.x}, {2, 4, 6}),
            "shapes: found [R, 4, 6] and [2R, 4, 6], expected ones that broadcast");
  EXPECT_EQ(b.error(Op::kExpand, {b.x}, {1, 1, 6}),
            "expand: found [R, 4, 6] to [R, 1, 6], expected a shape that it broadcasts to");
  EXPECT_EQ(b.error(Op::kPad, {b.x}, {1, -1, 0}), "pad: found [-1, 0], expected numbers of zeros");
  EXPECT_EQ(b.error(Op::kPad, {b.x}, {1, 0, std::numeric_limits<int64_t>::max()}),
            "pad: found [0, 9223372036854775807], expected numbers of zeros");
  EXPECT_EQ(b.error(Op::kPick, {b.x}, {1, 4}), "pick: found place 4, expected one below 4");
  EXPECT_EQ(b.error(Op::kPick, {b.x}, {1}), "pick: found no places, expected some");
  EXPECT_EQ(b.error(Op::kGather, {b.x, b.x}, {1}),
            "gather: found f32 [R, 4, 6], f32 [R, 4, 6], expected an i64 index of as many extents");
  const ValueId wide = b.graph.add(Op::kConcat, {b.i, b.i}, {2});
  EXPECT_EQ(b.error(Op::kGather, {b.x, wide}, {1}),
            "gather: found f32 [R, 4, 6], i64 [R, 4, 12], expected an index within");
  EXPECT_EQ(b.error(Op::kTake, {b.x, b.i}),
            "take: found f32 [R, 4, 6], i64 [R, 4, 6], expected a table without rows, and an i64 index");
}

TEST(Graphs, WithoutWhatNoOutputNeeds) {
  Base b;
  const ValueId sum = b.graph.add(Op::kAdd, {b.x, b.six});
  b.graph.add(Op::kMul, {sum, b.six});  // for nobody
  const ValueId half = b.graph.add(Op::kMul, {sum, b.scalar});
  b.graph.add_output("half", half);
  b.graph.add_output("x", b.x);
  const Graph kept = without_unused(b.graph);
  EXPECT_EQ(kept.inputs().size(), 5U);
  ASSERT_EQ(kept.nodes().size(), 2U);
  EXPECT_EQ(kept.nodes()[1].op, Op::kMul);
  ASSERT_EQ(kept.constants().size(), 1U);
  EXPECT_EQ(kept.constants()[0].name, "six");
  EXPECT_EQ(kept.value_of_constant(0), kept.nodes()[0].inputs[1]);
  ASSERT_EQ(kept.outputs().size(), 2U);
  EXPECT_EQ(kept.outputs()[0].value, kept.nodes()[1].output);
  EXPECT_EQ(kept.outputs()[1].value, kept.inputs()[0].value);
  const Graph least = without_unused(b.graph, true);
  ASSERT_EQ(least.inputs().size(), 2U);
  EXPECT_EQ(least.inputs()[1].name, "scalar");
}

TEST(Operators, StandInTheOrderOfTheEnumeration) {
  ASSERT_EQ(operators().size(), to_size(kNumOps));
  for (int i = 0; i < kNumOps; ++i) {
    EXPECT_EQ(static_cast<int>(at(operators(), i).op), i);
    EXPECT_EQ(parse_op(at(operators(), i).name), static_cast<Op>(i));
  }
}

}  // namespace
}  // namespace genbid::graph
