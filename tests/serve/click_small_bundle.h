#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/atomic_file.h"
#include "graph/graph_json.h"
#include "serve/click_bundle.h"
#include "serve/small_bundle.h"

// A small bundle of agents whose numbers can be reckoned in the head.

namespace genbid::test {

inline ValueId number(Graph& graph, const std::string& name, float value) {
  return graph.add_constant(name, {1}, std::vector<float>{value});
}

// Its alpha is `alpha` times that of the slot before plus what is carried, which counts slots; its beta is the first
// number of what it reads.
inline Graph counting_agent(float alpha, int64_t read_size) {
  Graph graph;
  const ValueId status = graph.add_input("status", Type::kFloat, {1, {7}});
  const ValueId read = graph.add_input("read", Type::kFloat, {1, {read_size}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {1}});
  const ValueId before = graph.add(Op::kSlice, {status}, {1, 5, 6});
  const ValueId scaled = graph.add(Op::kMul, {before, number(graph, "alpha", alpha)});
  const ValueId first = graph.add(Op::kSlice, {read}, {1, 0, 1});
  graph.add_output("bid", graph.add(Op::kConcat, {graph.add(Op::kAdd, {scaled, carry}), first}, {1}));
  graph.add_output("carry.0", graph.add(Op::kAdd, {carry, number(graph, "one", 1.0F)}));
  return graph;
}

// Carries two sums over slots: of the first number of their profiles, and of what is known.
inline Graph summing_profile() {
  Graph graph;
  const ValueId slot = graph.add_input("slot", Type::kFloat, {1, {8}});
  const ValueId known = graph.add_input("known", Type::kFloat, {1, {1}});
  const ValueId carry = graph.add_input("carry.0", Type::kFloat, {1, {2}});
  const ValueId both = graph.add(Op::kConcat, {graph.add(Op::kSlice, {slot}, {1, 0, 1}), known}, {1});
  graph.add_output("carry.0", graph.add(Op::kAdd, {carry, both}));
  return graph;
}

inline constexpr int64_t kClickSlots = 3;

inline serve::ClickBundleInfo click_info() {
  serve::ClickBundleInfo info;
  info.version = "small-1";
  info.program = "genbid 0.1.0, test";
  info.slots = kClickSlots;
  info.num_agents = 2;
  info.read = serve::ClickRead::kProfile;
  info.read_size = 2;
  info.start_alpha = 4.0;
  info.default_agent = 1;
  return info;
}

inline void write_graph_files(const Graph& graph, const std::string& folder, const std::string& graph_file,
                              const std::string& weights_file) {
  write_file(folder + "/" + graph_file, graph::graph_json(graph));
  write_weights(graph, folder + "/" + weights_file);
}

// These agents, without a network of profiles; nobody is matched.
inline void write_click_bundle_of(const std::string& folder, serve::ClickBundleInfo info,
                                  const std::vector<Graph>& agents) {
  std::filesystem::create_directories(folder);
  info.num_agents = std::ssize(agents);
  info.default_agent = 0;
  for (int64_t k = 0; k < info.num_agents; ++k) {
    write_graph_files(at(agents, k), folder, serve::agent_graph_file(k), serve::agent_weights_file(k));
  }
  write_file(folder + "/" + serve::kMatchingFile, "campaign,agent\n");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != serve::kBundleFile) info.files.push_back(file_entry(folder, name));
  }
  write_file(folder + "/" + serve::kBundleFile, serve::click_bundle_json(info));
}

// Two agents, 2 and 3 times; campaign 7 has the first, campaign 8 the second, others the second.
inline void write_click_bundle(const std::string& folder, serve::ClickBundleInfo info = click_info(),
                               const std::string& matching = "campaign,agent,res_0,res_1\n7,0,0.5,0.25\n8,1,0,1\n") {
  std::filesystem::create_directories(folder);
  for (int64_t k = 0; k < 2; ++k) {
    write_graph_files(counting_agent(as_float(2 + k), info.read_size), folder, serve::agent_graph_file(k),
                      serve::agent_weights_file(k));
  }
  write_graph_files(summing_profile(), folder, serve::kProfileGraphFile, serve::kProfileWeightsFile);
  write_file(folder + "/" + serve::kMatchingFile, matching);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != serve::kBundleFile) info.files.push_back(file_entry(folder, name));
  }
  write_file(folder + "/" + serve::kBundleFile, serve::click_bundle_json(info));
}

}  // namespace genbid::test
