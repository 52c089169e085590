#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include "base/error.h"
#include "graph/graph_files.h"
#include "graph/graph_json.h"
#include "graph/sample_graphs.h"

namespace genbid::graph {
namespace {

using test::sample_graphs;
using test::Weights;

Graph read_again(const Graph& graph) { return read_graph(graph_json(graph), Weights(graph).file(), "graph.json"); }

void expect_same(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.num_values(), b.num_values());
  for (ValueId id = 0; id < a.num_values(); ++id) {
    EXPECT_EQ(a.value(id).type, b.value(id).type) << id;
    EXPECT_EQ(a.value(id).shape, b.value(id).shape) << id;
    EXPECT_EQ(a.value(id).source, b.value(id).source) << id;
    EXPECT_EQ(a.value(id).index, b.value(id).index) << id;
  }
  ASSERT_EQ(a.nodes().size(), b.nodes().size());
  for (size_t i = 0; i < a.nodes().size(); ++i) {
    EXPECT_EQ(a.nodes()[i].op, b.nodes()[i].op);
    EXPECT_EQ(a.nodes()[i].inputs, b.nodes()[i].inputs);
    EXPECT_EQ(a.nodes()[i].ints, b.nodes()[i].ints);
    EXPECT_EQ(a.nodes()[i].reals, b.nodes()[i].reals);
    EXPECT_EQ(a.nodes()[i].output, b.nodes()[i].output);
  }
  ASSERT_EQ(a.constants().size(), b.constants().size());
  for (size_t i = 0; i < a.constants().size(); ++i) {
    EXPECT_EQ(a.constants()[i].name, b.constants()[i].name);
    EXPECT_EQ(a.constants()[i].bytes, b.constants()[i].bytes);
  }
  const auto expect_same_names = [](const std::vector<Named>& x, const std::vector<Named>& y) {
    ASSERT_EQ(x.size(), y.size());
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(x[i].name, y[i].name);
      EXPECT_EQ(x[i].value, y[i].value);
    }
  };
  expect_same_names(a.inputs(), b.inputs());
  expect_same_names(a.outputs(), b.outputs());
}

TEST(GraphJson, AGraphThatIsReadIsTheOneThatWasWritten) {
  for (const auto& [name, graph] : sample_graphs()) {
    SCOPED_TRACE(name);
    expect_same(graph, read_again(graph));
    EXPECT_EQ(graph_json(read_again(graph)), graph_json(graph));
  }
}

TEST(GraphJson, TheSamplesHaveEveryOperator) {
  std::set<Op> used;
  for (const auto& [name, graph] : sample_graphs()) {
    for (const Node& node : graph.nodes()) used.insert(node.op);
  }
  for (const OpInfo& info : operators()) EXPECT_TRUE(used.contains(info.op)) << info.name;
}

TEST(GraphJson, ANodeIsALine) {
  Graph graph;
  const ValueId x = graph.add_input("states", Type::kFloat, {2, {3}});
  const ValueId two = graph.add_constant("two", {}, std::vector<float>{2.0F});
  const ValueId doubled = graph.add(Op::kMul, {x, two});
  const ValueId whole = graph.add(Op::kReshape, {doubled}, {1, 6});
  graph.add_output("doubled", graph.add(Op::kClamp, {whole}, {}, {-0.5, std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(graph_json(graph), R"({"format": "genbid-graph", "schema": 1,
 "inputs": [
  {"value": 0, "name": "states", "type": "f32", "shape": ["2R", 3]}
 ],
 "constants": [
  {"value": 1, "name": "two", "type": "f32", "shape": []}
 ],
 "nodes": [
  {"value": 2, "op": "mul", "inputs": [0, 1], "type": "f32", "shape": ["2R", 3]},
  {"value": 3, "op": "reshape", "inputs": [2], "type": "f32", "shape": ["R", 6]},
  {"value": 4, "op": "clamp", "inputs": [3], "low": -0.5, "high": "inf", "type": "f32", "shape": ["R", 6]}
 ],
 "outputs": [
  {"name": "doubled", "value": 4}
 ]}
)");
}

// Shortest decimal numbers that give the same double again; names that need escapes.
TEST(GraphJson, NumbersAndNamesAreKeptToTheLastBit) {
  Graph graph;
  const ValueId x = graph.add_input("a \"quoted\" \\ name\n\u00e9", Type::kFloat, {1, {1}});
  for (const double high : {0.1, 1.0 / 3.0, 1e-308, 5e-324, 1.7976931348623157e308, -0.0, 1e16, 123456789012345678.0}) {
    graph.add_output(std::to_string(graph.num_values()), graph.add(Op::kClamp, {x}, {}, {-2.0, high}));
  }
  expect_same(graph, read_again(graph));
}

TEST(GraphJson, ANameThatIsNoUtf8CannotBeWritten) {
  Graph graph;
  graph.add_input("\xff", Type::kFloat, {1, {}});
  EXPECT_THROW(graph_json(graph), Error);
}

TEST(GraphJson, WeightsMayHaveMoreTensorsThanTheGraph) {
  const std::map<std::string, Graph> graphs = sample_graphs();
  std::vector<TensorBytes> tensors = weights_of(graphs.at("mlp"));
  const std::vector<std::byte> numbers(8);
  tensors.push_back({"optimizer.step", "I64", {1}, numbers});
  expect_same(graphs.at("mlp"), read_graph(graph_json(graphs.at("mlp")), Weights(tensors).file(), "graph.json"));
}

// Whatever happens to a file, it is read as another graph or refused.
TEST(GraphJson, DamagedFilesAreRefused) {
  const std::map<std::string, Graph> graphs = sample_graphs();
  for (const char* name : {"places", "unet"}) {
    const Graph& graph = graphs.at(name);
    const std::string whole = graph_json(graph);
    const Weights weights(graph);
    const auto is_read = [&weights](const std::string& text) {
      try {
        graph_json(read_graph(text, weights.file(), "graph.json"));
        return true;
      } catch (const Error& e) {
        EXPECT_TRUE(std::string(e.what()).starts_with("graph.json: ")) << e.what();
        return false;
      }
    };
    for (size_t length = 0; length < whole.size() - 2; length += 37) {
      EXPECT_FALSE(is_read(whole.substr(0, length))) << length;
    }
    std::mt19937 random(3);
    const auto below = [&random](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
    constexpr std::string_view kPieces = "0123456789-[]{},:\"Re\xff";
    int num_refused = 0;
    for (int trial = 0; trial < 600; ++trial) {
      std::string text = whole;
      const size_t place = below(text.size());
      switch (trial % 3) {
        case 0:
          text[place] = kPieces[below(kPieces.size())];
          break;
        case 1:
          text.erase(place, 1 + below(8));
          break;
        default:
          text.insert(place, 1 + below(3), kPieces[below(kPieces.size())]);
      }
      if (!is_read(text)) ++num_refused;
    }
    EXPECT_GT(num_refused, 400);
  }
}

}  // namespace
}  // namespace genbid::graph
