#include "graph/pt2_writer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "graph/operators.h"
#include "graph/graph_files.h"
#include "graph/sample_graphs.h"

// What an archive consists of. Whether torch runs it is asked by graph_peer_test.

namespace genbid::graph {
namespace {

using test::error_of;

using Json = nlohmann::json;

// The files of an archive by their names: stored, one behind the other.
std::map<std::string, std::string> files_of(const std::string& archive) {
  std::map<std::string, std::string> files;
  for (size_t place = 0; archive.compare(place, 4, "PK\3\4") == 0;) {
    uint32_t size = 0;
    uint16_t name_size = 0;
    std::memcpy(&size, archive.data() + place + 18, sizeof size);
    std::memcpy(&name_size, archive.data() + place + 26, sizeof name_size);
    files[archive.substr(place + 30, name_size)] = archive.substr(place + 30 + name_size, size);
    place += 30 + name_size + size;
  }
  return files;
}

// doubled = 2 x; picked = x[1, 0], for rows of two numbers.
Graph small_graph() {
  Graph graph;
  const ValueId x = graph.add_input("x.y", Type::kFloat, {1, {2}});
  const ValueId two = graph.add_constant("scale.two", {}, std::vector<float>{2.0F});
  graph.add_output("doubled", graph.add(Op::kMul, {x, two}));
  graph.add_output("picked", graph.add(Op::kPick, {x}, {1, 1, 0}));
  return graph;
}

TEST(Pt2Writer, WritesTheFilesThatTorchLooksFor) {
  const std::map<std::string, std::string> files = files_of(pt2_archive(small_graph()));
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"policy/.data/version", "policy/archive_format", "policy/archive_version",
                                             "policy/byteorder", "policy/data/constants/model_constants_config.json",
                                             "policy/data/constants/tensor_0", "policy/data/sample_inputs/model.pt",
                                             "policy/data/weights/model_weights_config.json",
                                             "policy/data/weights/weight_0", "policy/models/model.json"}));
  EXPECT_EQ(files.at("policy/archive_format"), "pt2");
  EXPECT_EQ(files.at("policy/archive_version"), "0");
  EXPECT_EQ(files.at("policy/data/weights/weight_0"), std::string("\0\0\0\x40", 4));
  EXPECT_EQ(files.at("policy/data/constants/tensor_0"), std::string("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
  const Json weights = Json::parse(files.at("policy/data/weights/model_weights_config.json"))["config"];
  EXPECT_EQ(weights["scale.two"]["path_name"], "weight_0");
  EXPECT_EQ(weights["scale.two"]["is_param"], true);
}

TEST(Pt2Writer, NamesValuesAndLeavesTheRowsOpen) {
  const Json model = Json::parse(files_of(pt2_archive(small_graph())).at("policy/models/model.json"));
  EXPECT_EQ(model["schema_version"]["major"], 8);
  EXPECT_EQ(model["range_constraints"], Json::parse(R"({"s0": {"min_val": 1, "max_val": null}})"));
  const Json& graph = model["graph_module"]["graph"];
  EXPECT_EQ(graph["inputs"].dump(), R"([{"as_tensor":{"name":"p_scale_two"}},{"as_tensor":{"name":"c_places_3"}},)"
                                    R"({"as_tensor":{"name":"x_y"}}])");
  EXPECT_EQ(graph["outputs"].dump(), R"([{"as_tensor":{"name":"mul_2"}},{"as_tensor":{"name":"pick_3"}}])");
  EXPECT_EQ(graph["nodes"][0]["target"], "torch.ops.aten.mul.Tensor");
  const Json& sizes = graph["tensor_values"]["mul_2"]["sizes"];
  EXPECT_EQ(sizes[0]["as_expr"]["expr_str"], "Symbol('s0', positive=True, integer=True)");
  EXPECT_EQ(sizes[1]["as_int"], 2);
  EXPECT_EQ(graph["tensor_values"]["mul_2"]["strides"].dump(), R"([{"as_int":2},{"as_int":1}])");
}

TEST(Pt2Writer, WritesEveryOperatorAlwaysWithTheSameBytes) {
  std::set<Op> written;
  for (const auto& [name, graph] : test::sample_graphs()) {
    const std::string archive = pt2_archive(graph);
    EXPECT_EQ(archive, pt2_archive(graph)) << name;
    for (const Node& node : graph.nodes()) written.insert(node.op);
  }
  for (const OpInfo& info : operators()) EXPECT_TRUE(written.contains(info.op)) << info.name;
}

TEST(Pt2Writer, RefusesWhatTorchCannotHave) {
  Graph no_rows;
  const ValueId one = no_rows.add_constant("one", {1, 2}, std::vector<float>{1.0F, 2.0F});
  no_rows.add_output("out", no_rows.add(Op::kExpand, {one}, {1, 2}));
  EXPECT_EQ(error_of([&] { pt2_archive(no_rows); }),
            "pt2: found no input with rows, expected one, since a value is expanded to rows");
  Graph named;
  named.add_constant("layer.type", {1}, std::vector<float>{1.0F});
  EXPECT_EQ(error_of([&] { pt2_archive(named); }),
            "pt2: found the tensor 'layer.type', expected no part called 'type', which torch.nn.Module has itself");
  Graph bytes;
  bytes.add_constant("\xff", {1}, std::vector<float>{1.0F});
  EXPECT_TRUE(error_of([&] { pt2_archive(bytes); }).starts_with("pt2: found a name that is no UTF-8"));
  Graph bounds;
  const ValueId x = bounds.add_input("x", Type::kInt, {1, {2}});
  bounds.add_output("out", bounds.add(Op::kClamp, {x}, {}, {1e30, std::numeric_limits<double>::infinity()}));
  EXPECT_TRUE(error_of([&] { pt2_archive(bounds); }).starts_with("pt2: found a clamp to 1000000000"));
}

}  // namespace
}  // namespace genbid::graph
