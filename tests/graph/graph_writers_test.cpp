#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "graph/onnx_writer.h"
#include "graph/graph_files.h"
#include "graph/operators.h"
#include "graph/protobuf_writer.h"
#include "graph/python_writer.h"

namespace genbid::graph {
namespace {

using test::error_of;

using std::string_literals::operator""s;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The examples of the encoding's specification, and the largest numbers.
TEST(ProtobufWriter, WritesTheWireFormat) {
  ProtobufWriter number;
  number.number(1, 150);
  EXPECT_EQ(number.bytes(), "\x08\x96\x01"s);
  ProtobufWriter text;
  text.text(2, "testing");
  EXPECT_EQ(text.bytes(), "\x12\x07testing"s);
  ProtobufWriter message;
  message.message(3, number);
  EXPECT_EQ(message.bytes(), "\x1a\x03\x08\x96\x01"s);
  ProtobufWriter negative;
  negative.number(1, -2);
  EXPECT_EQ(negative.bytes(), "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
  ProtobufWriter real;
  real.real(20, 1.0F);  // a field above 15 takes two bytes
  EXPECT_EQ(real.bytes(), "\xa5\x01\x00\x00\x80\x3f"s);
}

TEST(OnnxWriter, AnOutputThatIsCalledLikeAnInputHasAnotherName) {
  Graph graph;
  const ValueId carry = graph.add_input("carry", Type::kFloat, {1, {2}});
  graph.add_output("carry", graph.add(Op::kTanh, {carry}));
  EXPECT_TRUE(contains(onnx_model(graph, {}), "carry_out"));
  EXPECT_TRUE(contains(policy_python(graph, ""), "return {\"carry\": tanh_1}"));
}

TEST(GraphWriters, RowsComeFromAnInput) {
  Graph graph;
  const ValueId one = graph.add_constant("one", {1, 2}, std::vector<float>{1.0F, 2.0F});
  graph.add_output("out", graph.add(Op::kExpand, {one}, {1, 2}));
  EXPECT_EQ(error_of([&] { onnx_model(graph, {}); }),
            "onnx: found no input with rows, expected one, since a value is expanded to rows");
  EXPECT_EQ(error_of([&] { policy_python(graph, ""); }),
            "policy.py: found no input with rows, expected one, since a value is expanded to rows");
}

TEST(GraphWriters, BoundsOfWholeNumbersHave64Bits) {
  Graph graph;
  const ValueId x = graph.add_input("x", Type::kInt, {1, {2}});
  graph.add_output("out", graph.add(Op::kClamp, {x}, {}, {1e30, std::numeric_limits<double>::infinity()}));
  EXPECT_TRUE(error_of([&] { onnx_model(graph, {}); }).starts_with("onnx: found a clamp to 1000000000"));
  EXPECT_TRUE(error_of([&] { policy_python(graph, ""); }).starts_with("policy.py: found a clamp to 1000000000"));
}

TEST(PythonWriter, NamesOfInputsBecomeNamesOfPython) {
  Graph graph;
  graph.add_input("in", Type::kFloat, {1, {}});
  graph.add_input("2 states", Type::kFloat, {1, {}});
  graph.add_input("_2_states", Type::kFloat, {1, {}});
  EXPECT_TRUE(contains(policy_python(graph, ""), "def forward(self, in_, _2_states, _2_states_):"));
}

TEST(PythonWriter, TensorsHaveNamesThatModulesCanHave) {
  const auto error_with = [](const std::vector<std::string>& names) {
    Graph graph;
    for (const std::string& name : names) graph.add_constant(name, {1}, std::vector<float>{1.0F});
    return error_of([&] { policy_python(graph, ""); });
  };
  EXPECT_EQ(error_with({"layers.0.weight", "layers.0.bias", "layers.1"}), "no error");
  EXPECT_EQ(
      error_with({"layer.half.weight"}),
      "policy.py: found the tensor 'layer.half.weight', expected no part called 'half', which torch.nn.Module has "
      "itself");
  EXPECT_TRUE(contains(error_with({"layer.type"}), "no part called 'type'"));
  EXPECT_TRUE(contains(error_with({"a..b"}), "no part called ''"));
  EXPECT_TRUE(contains(error_with({"a."}), "no part called ''"));
  EXPECT_TRUE(contains(error_with({"_apply"}), "no part called '_apply'"));
  EXPECT_EQ(error_with({"a.b", "a.b.c"}), "policy.py: found the tensor 'a.b' and others within it, expected either");
}

}  // namespace
}  // namespace genbid::graph
