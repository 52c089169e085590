#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"
#include "graph/program.h"
#include "serve/bundle_files.h"

// A bundle of agents of campaigns that pay by the click (docs/perbid.md): what each agent computes, the network of
// profiles that they read, and which campaign has which agent. R rows, H numbers that agents read of a campaign beside
// its status, N random numbers:
//
//   agent.K.graph.json, agent.K.safetensors   status [R, 7]  start [R, 1]  read [R, H]  noise [R, N]  carry.0, ..
//                                             -> bid [R, 2], carry.0, ..
//   profile.graph.json, profile.safetensors   slot [R, 8]  limits [R, 2]  known [R, 1]  carry.0 [R, H] -> carry.0
//   matching.csv                              a row per campaign that is known, with its agent
//
// `status` is campaigns::CampaignStatus, `start` the alpha that the day began with, `bid` alpha and beta of the slot;
// `slot` campaigns::SlotProfile, `limits` budget and price of a click, `known` 1 where the slot is. What is not read
// may be missing. What a graph carries is zeros before the day's first slot; the profile's before yesterday's.

namespace genbid::serve {

inline constexpr const char* kClickBundleFormat = "genbid-click-bundle";
inline constexpr int64_t kClickBundleSchema = 1;
inline constexpr const char* kMatchingFile = "matching.csv";
inline constexpr const char* kProfileGraphFile = "profile.graph.json";
inline constexpr const char* kProfileWeightsFile = "profile.safetensors";
std::string agent_graph_file(int64_t agent);
std::string agent_weights_file(int64_t agent);

// What agents read of a campaign beside its status.
enum class ClickRead {
  kNothing,
  kConditions,  // campaigns::tightness() by yesterday's slots: H = 2
  kProfile,     // what the network of profiles says after yesterday's slots and today's so far
};

struct ClickBundleInfo {
  std::string version;
  std::string model = "agents";
  std::string program;  // which one made it
  int64_t slots = 0;    // of a day
  int64_t num_agents = 1;
  ClickRead read = ClickRead::kNothing;
  int64_t read_size = 0;               // H
  bool starts_with_yesterday = false;  // days begin with yesterday's best bid, where it is known
  double start_alpha = 1.0;            // else with this
  double start_beta = 0.5;
  int64_t noise_size = 0;       // N; campaigns/agent_moves.h draws them
  int64_t default_agent = 0;    // of campaigns that matching.csv does not name
  std::string matching = "{}";  // JSON objects, for people
  std::string training = "{}";
  std::string config = "{}";
  std::vector<BundleFile> files;
};

std::string click_bundle_json(const ClickBundleInfo& info);
ClickBundleInfo read_click_bundle_info(std::string_view text, const std::string& name);

struct ClickBundle {
  std::string folder;
  ClickBundleInfo info;
  std::string json;
  std::string hash;  // of that text, and so of all the bundle
  std::vector<std::shared_ptr<const graph::Program>> agents;
  std::shared_ptr<const graph::Program> profile;  // null: they read none
  std::unordered_map<int64_t, int32_t> agent_of;  // by campaign

  int32_t agent(int64_t campaign) const;  // that one, or the default
};

// Whether bundle.json of the folder (or of what its CURRENT names) says that it is of this kind.
bool is_click_bundle(const std::string& path);
std::shared_ptr<const ClickBundle> load_click_bundle(const std::string& path);

// The numbers that agent graphs carry for a row, one tensor behind the other.
int64_t carry_size(const graph::Graph& graph);

// matching.csv: "campaign,agent", ordered by campaign, and for people what each agent brought on the days before.
struct MatchedCampaign {
  int64_t campaign = 0;
  int32_t agent = 0;
  std::vector<double> res;  // of each agent, in the weighted mean
};
std::unordered_map<int64_t, int32_t> read_matching(std::string_view text, int64_t num_agents, const std::string& name);
std::string matching_csv(const std::vector<MatchedCampaign>& matched, int64_t num_agents);

}  // namespace genbid::serve
