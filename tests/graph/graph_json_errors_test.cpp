#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/graph_files.h"
#include "graph/graph_json.h"
#include "graph/operators.h"

// Each fault of a graph.json once: where, what was found, what was expected.

namespace genbid::graph {
namespace {

Graph sample() {
  Graph graph;
  const ValueId x = graph.add_input("states", Type::kFloat, {1, {3}});
  const ValueId i = graph.add_input("ticks", Type::kInt, {1, {3}});
  const ValueId weight = graph.add_constant("w", {2, 3}, std::vector<float>(6, 1.0F));
  const ValueId bias = graph.add_constant("b", {2}, std::vector<float>(2, 1.0F));
  const ValueId seven = graph.add_constant("seven", {}, std::vector<int64_t>{7});
  const std::vector<std::byte> yes(3, std::byte{1});
  const ValueId mask = graph.add_constant("mask", Type::kBool, {3}, yes);
  const ValueId wide = graph.add(Op::kLinear, {x, weight, bias});
  const ValueId limited = graph.add(Op::kClamp, {wide}, {}, {-1.5, 2.0});
  const ValueId weeks = graph.add(Op::kFloorDiv, {i, seven});
  const ValueId picked = graph.add(Op::kPick, {weeks}, {1, 2, 0});
  const ValueId whole = graph.add(Op::kCast, {limited}, {static_cast<int64_t>(Type::kInt)});
  graph.add_output("coefficients", graph.add(Op::kAdd, {whole, picked}));
  graph.add_output("mask", graph.add(Op::kNot, {mask}));
  return graph;
}

std::string error_of(const std::string& json, const SafetensorsFile& weights) {
  try {
    read_graph(json, weights, "G");
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// The error of the sample's text with one place changed.
std::string error_with(const std::string& from, const std::string& to) {
  std::string json = graph_json(sample());
  const size_t place = json.find(from);
  if (place == std::string::npos) return "no '" + from + "' to replace";
  return error_of(json.replace(place, from.size(), to), test::Weights(sample()).file());
}

TEST(GraphJsonErrors, NotAGraph) {
  const test::Weights weights(sample());
  EXPECT_TRUE(error_of("", weights.file()).starts_with("G: found no JSON")) << error_of("", weights.file());
  EXPECT_EQ(error_of("[1]", weights.file()), "G: found [1], expected an object");
  EXPECT_EQ(error_of("{}", weights.file()), "G: found no field 'format', expected it");
  EXPECT_EQ(error_of(std::string(100, '['), weights.file()),
            "G: found brackets nested deeper than 4, expected a graph");
  EXPECT_EQ(error_of(std::string((size_t{1} << 26) + 1, ' '), weights.file()),
            "G: found 67108865 bytes, expected 67108864 at most");
  std::string many = "[1";
  for (int i = 0; i < 1 << 22; ++i) many += ",1";
  EXPECT_EQ(error_of(many + "]", weights.file()), "G: found more than 4194304 entries, expected a graph");
  EXPECT_EQ(error_with("genbid-graph", "onnx"), R"(G: 'format': found "onnx", expected "genbid-graph")");
  EXPECT_EQ(error_with("\"schema\": 1", "\"schema\": 2"), "G: 'schema': found 2, expected 1, which this genbid reads");
}

TEST(GraphJsonErrors, Fields) {
  EXPECT_EQ(error_with("\"op\": \"not\"", "\"op\": \"not\", \"op\": \"not\""),
            "G: found the key 'op' twice in one place, expected it once");
  EXPECT_EQ(error_with("\"op\": \"not\"", "\"op\": \"not\", \"speed\": 1"),
            "G: node 6 (not): found the field 'speed', expected only those that belong there");
  EXPECT_EQ(error_with("\"op\": \"not\", ", ""), "G: node 6: found no field 'op', expected it");
  EXPECT_EQ(error_with("\"op\": \"not\"", "\"op\": 3"), "G: node 6: 'op': found 3, expected a string");
  EXPECT_EQ(error_with("\"low\": -1.5, ", ""), "G: node 1 (clamp): found no field 'low', expected it");
  EXPECT_EQ(error_with("\"low\": -1.5", "\"low\": \"nan\""),
            R"(G: node 1 (clamp): 'low': found "nan", expected a number, "inf" or "-inf")");
  EXPECT_TRUE(error_with("\"low\": -1.5", "\"low\": -1e999").starts_with("G: found no JSON"));
  EXPECT_EQ(error_with("\"dimension\": 1", "\"dimension\": 1.5"),
            "G: node 3 (pick): 'dimension': found 1.5, expected whole numbers of 64 bits");
  EXPECT_EQ(error_with("\"dimension\": 1", "\"dimension\": 9223372036854775808"),
            "G: node 3 (pick): 'dimension': found 9223372036854775808, expected whole numbers of 64 bits");
  EXPECT_EQ(error_with("\"places\": [2, 0]", "\"places\": 2"), "G: node 3 (pick): 'places': found 2, expected a list");
  EXPECT_EQ(error_with(R"({"name": "coefficients", "value": 11})", "7"), "G: output 0: found 7, expected an object");
}

TEST(GraphJsonErrors, TypesAndShapes) {
  EXPECT_EQ(error_with("\"type\": \"f32\"", "\"type\": \"f64\""),
            R"(G: input 0: 'type': found "f64", expected "f32", "i64" or "bool")");
  for (const std::string rows :
       {"\"1R\"", "\"0R\"", "\"02R\"", "\"-1R\"", "\"R2\"", "\"\"", "\"rows\"", "\"99999999999R\""}) {
    EXPECT_EQ(error_with("[\"R\", 3]", "[" + rows + ", 3]"),
              "G: input 0: 'shape': found [" + rows + R"(,3], expected "R", "2R" and the like in front)");
  }
  EXPECT_EQ(error_with("[\"R\", 3]", "[3, \"R\"]"),
            R"(G: input 0: 'shape': found [3,"R"], expected whole numbers of 64 bits)");
  EXPECT_EQ(
      error_with("[\"R\", 3]", "[\"R\", 0]"),
      "G: input 0: input states: found shape [R, 0], expected up to 8 extents of 1 or more and at most 4294967296 "
      "numbers");
  EXPECT_EQ(error_with("[\"R\", 3]", "[\"R\", 4]"),
            "G: node 0 (linear): linear: found f32 [R, 4], f32 [2, 3], f32 [2], expected [.., K], [N, K] and [N]");
  EXPECT_EQ(error_with("\"high\": 2.0, \"type\": \"f32\", \"shape\": [\"R\", 2]",
                       "\"high\": 2.0, \"type\": \"f32\", \"shape\": [\"R\", 4]"),
            "G: node 1 (clamp): found f32 [R, 4], expected f32 [R, 2], which follow from the inputs");
  EXPECT_EQ(error_with("\"high\": 2.0, \"type\": \"f32\"", "\"high\": 2.0, \"type\": \"i64\""),
            "G: node 1 (clamp): found i64 [R, 2], expected f32 [R, 2], which follow from the inputs");
}

TEST(GraphJsonErrors, Values) {
  EXPECT_EQ(error_with("{\"value\": 1,", "{\"value\": 0,"),
            "G: input 1: 'value': found 0, expected a number that G: input 0 does not have");
  EXPECT_EQ(error_with("{\"value\": 1,", "{\"value\": 13,"),
            "G: input 1: 'value': found 13, expected one of the numbers below 13");
  EXPECT_EQ(error_with("{\"value\": 1,", "{\"value\": -1,"),
            "G: input 1: 'value': found -1, expected one of the numbers below 13");
  EXPECT_EQ(error_with("\"inputs\": [0, 2, 3]", "\"inputs\": [0, 2, 6]"),
            "G: node 0 (linear): found the input 6, expected one of the 6 values before it");
  EXPECT_EQ(error_with("\"inputs\": [0, 2, 3]", "\"inputs\": [0, 2, -1]"),
            "G: node 0 (linear): found the input -1, expected one of the 6 values before it");
  EXPECT_EQ(error_with("\"inputs\": [0, 2, 3]", "\"inputs\": [0, 2, 4294967299]"),
            "G: node 0 (linear): found the input 4294967299, expected one of the 6 values before it");
  EXPECT_EQ(error_with("\"inputs\": [0, 2, 3]", "\"inputs\": [0, 2]"),
            "G: node 0 (linear): linear: found 2 inputs, expected 3 to 3");
  EXPECT_EQ(error_with("\"value\": 11}", "\"value\": 13}"),
            "G: output 0: 'value': found 13, expected the number of a value");
  EXPECT_EQ(error_with("\"name\": \"ticks\"", "\"name\": \"states\""),
            "G: input 1: graph: found two of the inputs named 'states', expected one");
  EXPECT_EQ(error_with("\"op\": \"not\"", "\"op\": \"nor\""),
            "G: node 6: operator: found 'nor', expected one of the table (src/graph/operators.h)");
  EXPECT_EQ(error_with("\"places\": [2, 0]", "\"places\": [3, 0]"),
            "G: node 3 (pick): pick: found place 3, expected one below 3");
}

TEST(GraphJsonErrors, Constants) {
  EXPECT_EQ(error_with("\"name\": \"b\"", "\"name\": \"c\""),
            "G: constant 1 (c): found no such tensor in the weights, expected F32 [2]");
  EXPECT_EQ(error_with("\"name\": \"b\", \"type\": \"f32\"", "\"name\": \"b\", \"type\": \"i64\""),
            "G: constant 1 (b): found a tensor F32 [2] in the weights, expected I64 [2]");
  EXPECT_EQ(error_with("\"type\": \"f32\", \"shape\": [2]", "\"type\": \"f32\", \"shape\": [2, 1]"),
            "G: constant 1 (b): found a tensor F32 [2] in the weights, expected F32 [2, 1]");
  EXPECT_EQ(error_with("\"type\": \"f32\", \"shape\": [2]", "\"type\": \"f32\", \"shape\": [\"R\", 2]"),
            "G: constant 1 (b): found the shape [R, 2], expected one without rows");
  const auto error_with_tensor = [](const std::string& name, const std::vector<std::byte>& bytes) {
    const Graph graph = sample();
    std::vector<TensorBytes> tensors = weights_of(graph);
    for (TensorBytes& tensor : tensors) {
      if (tensor.name == name) tensor.data = bytes;
    }
    return error_of(graph_json(graph), test::Weights(tensors).file());
  };
  EXPECT_EQ(error_with_tensor("mask", {std::byte{1}, std::byte{2}, std::byte{0}}),
            "G: constant 3 (mask): found a byte above 1 in the weights, expected 0 or 1 for each bool");
  EXPECT_EQ(error_with_tensor("seven", std::vector<std::byte>(8)),
            "G: node 2 (floor_div): floor_div: found the divisor 0, expected one above 0");
}

// What a made-up graph could overflow with.
TEST(GraphJsonErrors, TooManyNumbers) {
  Graph graph;
  const ValueId one = graph.add_constant("one", {}, std::vector<float>{1.0F});
  const ValueId tall = graph.add(Op::kExpand, {one}, {0, int64_t{1} << 31, 1});
  const ValueId wide = graph.add(Op::kExpand, {one}, {0, 1, int64_t{1} << 31});
  EXPECT_THROW(graph.add(Op::kMul, {tall, wide}), Error);
  EXPECT_THROW(graph.add(Op::kMatmul, {tall, wide}), Error);
  const ValueId x = graph.add_input("x", Type::kFloat, {1, {1, 3}});
  const ValueId kernel = graph.add_constant("kernel", {1, 1, 3}, std::vector<float>(3));
  const ValueId bias = graph.add_constant("bias", {1}, std::vector<float>(1));
  EXPECT_THROW(graph.add(Op::kConv1d, {x, kernel, bias}, {1, int64_t{1} << 62}), Error);
  EXPECT_THROW(graph.add(Op::kConvTranspose1d, {x, kernel, bias}, {int64_t{1} << 62, 0}), Error);
}

}  // namespace
}  // namespace genbid::graph
