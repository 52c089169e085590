#include "serve/click_bundle.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "campaigns/agent_moves.h"
#include "campaigns/episode.h"
#include "campaigns/slot_profile.h"
#include "serve/bundle.h"

namespace genbid::serve {
namespace {

constexpr int64_t kMostAgents = 1024;
constexpr int64_t kMostNumbers = int64_t{1} << 20;
constexpr std::array<const char*, 3> kReads{"nothing", "conditions", "profile"};

Json described(const ClickBundleInfo& info) {
  Json json;
  json["format"] = kClickBundleFormat;
  json["schema"] = kClickBundleSchema;
  json["version"] = info.version;
  json["model"] = info.model;
  json["program"] = info.program;
  json["slots"] = info.slots;
  json["agents"] = info.num_agents;
  json["read"] = {{"what", at(kReads, static_cast<int>(info.read))}, {"size", info.read_size}};
  json["start"] = {{"bid", info.starts_with_yesterday ? "yesterday" : "middle"},
                   {"alpha", info.start_alpha},
                   {"beta", info.start_beta}};
  json["noise"] = {{"size", info.noise_size}, {"stream", campaigns::kMoveNoise}};
  json["default_agent"] = info.default_agent;
  json["matching"] = parse_json(info.matching, "matching");
  json["training"] = parse_json(info.training, "training");
  json["config"] = parse_json(info.config, "config");
  json["files"] = files_json(info.files);
  return json;
}

ClickRead read_of(const Part& part) {
  const std::string what = part.text("what");
  for (size_t i = 0; i < kReads.size(); ++i) {
    if (what == kReads[i]) return static_cast<ClickRead>(i);
  }
  throw Error(part.place("what") + ": found '" + shown(what) + "', expected nothing, conditions or profile");
}

double number_in(const Part& part, const char* key, double low, double high) {
  const double value = part.number(key);
  if (value >= low && value <= high) return value;
  throw Error(part.place(key) + ": found " + Json(value).dump() + ", expected a number from " + Json(low).dump() +
              " to " + Json(high).dump());
}

void check_reads(const ClickBundleInfo& info, const std::string& name) {
  const bool fits = info.read == ClickRead::kNothing      ? info.read_size == 0
                    : info.read == ClickRead::kConditions ? info.read_size == 2
                                                          : info.read_size > 0;
  if (fits) return;
  throw Error(name + ": read: found " + std::to_string(info.read_size) + " numbers of " +
              at(kReads, static_cast<int>(info.read)) + ", expected 0 of nothing, 2 of conditions, some of a profile");
}

std::vector<std::string> needed_files(const ClickBundleInfo& info) {
  std::vector<std::string> names{kMatchingFile};
  for (int64_t k = 0; k < info.num_agents; ++k) {
    names.push_back(agent_graph_file(k));
    names.push_back(agent_weights_file(k));
  }
  if (info.read == ClickRead::kProfile) {
    names.emplace_back(kProfileGraphFile);
    names.emplace_back(kProfileWeightsFile);
  }
  return names;
}

struct Expected {
  std::string name;
  int64_t size;
  bool operator==(const Expected&) const = default;
};

[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected) {
  throw Error(where + ": found " + found + ", expected " + expected);
}

// Inputs are some of those that may be there and what is carried; outputs are `output`, if any, and what is carried.
void check_signature(const graph::Graph& graph, const std::vector<Expected>& may, const std::string& output,
                     int64_t output_size, const std::string& name) {
  const auto shape_of = [&](const graph::Named& one) -> const graph::Shape& { return graph.value(one.value).shape; };
  const auto shown_one = [&](const graph::Named& one) {
    return shown(one.name) + " " + graph::shown_shape(shape_of(one));
  };
  std::vector<std::string> names;
  for (const Expected& one : may) names.push_back(one.name);
  for (const graph::Named& input : graph.inputs()) {
    const graph::Value& value = graph.value(input.value);
    const auto known = std::find_if(may.begin(), may.end(), [&](const auto& one) { return one.name == input.name; });
    const bool carried = input.name.starts_with("carry.");
    if (known == may.end() && !carried) refuse(name + ": inputs", shown_one(input), listed(names) + " or carry.N");
    const bool fits = value.type == graph::Type::kFloat && value.shape.rows == 1 &&
                      (carried || value.shape == graph::Shape{1, {known->size}});
    if (!fits)
      refuse(name + ": inputs", shown_one(input),
             carried ? "f32 [R, ..]" : "f32 [R, " + std::to_string(known->size) + "]");
    if (!carried) continue;
    const auto same = [&](const graph::Named& one) {
      return one.name == input.name && graph.value(one.value).type == graph::Type::kFloat &&
             shape_of(one) == value.shape;
    };
    if (std::none_of(graph.outputs().begin(), graph.outputs().end(), same)) {
      refuse(name + ": outputs", "no " + shown_one(input), "it, since it is carried");
    }
  }
  bool found = output.empty();
  for (const graph::Named& one : graph.outputs()) {
    if (one.name == output) {
      found = graph.value(one.value).type == graph::Type::kFloat && shape_of(one) == graph::Shape{1, {output_size}};
      if (found) continue;
    }
    const auto same = [&](const graph::Named& input) { return input.name == one.name; };
    if (one.name.starts_with("carry.") && std::any_of(graph.inputs().begin(), graph.inputs().end(), same)) continue;
    refuse(name + ": outputs", shown_one(one), (output.empty() ? "" : output + " or ") + "what is carried");
  }
  if (!found) refuse(name + ": outputs", "no " + output, "f32 [R, " + std::to_string(output_size) + "]");
}

void check_agent(const ClickBundleInfo& info, const graph::Graph& graph, const std::string& name) {
  std::vector<Expected> may{{"status", campaigns::kStatusSize}, {"start", 1}};
  if (info.read_size > 0) may.push_back({"read", info.read_size});
  if (info.noise_size > 0) may.push_back({"noise", info.noise_size});
  check_signature(graph, may, "bid", 2, name);
}

void check_profile(const ClickBundleInfo& info, const graph::Graph& graph, const std::string& name) {
  check_signature(graph, {{"slot", campaigns::kSlotProfileSize}, {"limits", 2}, {"known", 1}}, "", 0, name);
  const std::vector<graph::Named>& outputs = graph.outputs();
  const bool fits = outputs.size() == 1 && outputs.front().name == "carry.0" &&
                    graph.value(outputs.front().value).shape == graph::Shape{1, {info.read_size}};
  if (fits) return;
  refuse(name + ": outputs",
         std::to_string(carry_size(graph)) + " numbers in " + std::to_string(outputs.size()) + " tensors",
         "carry.0 [R, " + std::to_string(info.read_size) + "] alone, as bundle.json says");
}

}  // namespace

std::string agent_graph_file(int64_t agent) { return "agent." + std::to_string(agent) + ".graph.json"; }
std::string agent_weights_file(int64_t agent) { return "agent." + std::to_string(agent) + ".safetensors"; }

std::string click_bundle_json(const ClickBundleInfo& info) { return hashed_text(described(info)); }

ClickBundleInfo read_click_bundle_info(std::string_view text, const std::string& name) {
  const Json json = parse_json(text, name);
  const Part root(json, name);
  check_schema(root, kClickBundleFormat, kClickBundleSchema);
  ClickBundleInfo info;
  info.version = root.text("version");
  info.model = root.text("model");
  info.program = root.text("program");
  info.slots = root.count("slots", 1, campaigns::kMostDaySlots);
  info.num_agents = root.count("agents", 1, kMostAgents);
  const Part read = root.part("read");
  info.read = read_of(read);
  info.read_size = read.count("size", 0, kMostNumbers);
  check_reads(info, name);
  const Part start = root.part("start");
  const std::string bid = start.text("bid");
  if (bid != "middle" && bid != "yesterday") {
    refuse(start.place("bid"), "'" + shown(bid) + "'", "middle or yesterday");
  }
  info.starts_with_yesterday = bid == "yesterday";
  info.start_alpha = number_in(start, "alpha", campaigns::kLeastAlpha, campaigns::kMostAlpha);
  info.start_beta = number_in(start, "beta", 0.0, 1.0);
  const Part noise = root.part("noise");
  info.noise_size = noise.count("size", 0, kMostNumbers);
  if (noise.text("stream") != campaigns::kMoveNoise) {
    refuse(noise.place("stream"), "'" + shown(noise.text("stream")) + "'", campaigns::kMoveNoise);
  }
  info.default_agent = root.count("default_agent", 0, info.num_agents - 1);
  info.matching = root.object_text("matching");
  info.training = root.object_text("training");
  info.config = root.object_text("config");
  info.files = read_files(root);
  check_files(info.files, needed_files(info), name);
  check_hash(root, json);
  return info;
}

bool is_click_bundle(const std::string& path) {
  if (!is_bundle(path)) return false;
  const std::string file = bundle_folder(path) + "/" + kBundleFile;
  const Json json = Json::parse(read_regular(file), nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.value("format", Json()) == kClickBundleFormat;
}

std::shared_ptr<const ClickBundle> load_click_bundle(const std::string& path) {
  auto bundle = std::make_shared<ClickBundle>();
  bundle->folder = bundle_folder(path);
  const std::string file = bundle->folder + "/" + kBundleFile;
  bundle->json = read_regular(file);
  bundle->hash = content_hash(bundle->json);
  bundle->info = read_click_bundle_info(bundle->json, file);
  const ClickBundleInfo& info = bundle->info;
  const std::vector<std::string> needed = needed_files(info);
  const auto content = checked_files(bundle->folder, info.files, {needed.begin(), needed.end()});
  const auto program_of = [&](const std::string& graph_file, const std::string& weights_file, const auto& check) {
    graph::Graph graph = graph_of(content, bundle->folder, graph_file, weights_file);
    check(info, graph, bundle->folder + "/" + graph_file);
    return std::make_shared<const graph::Program>(std::move(graph), graph::best_target(), graph::Carries::kCopied);
  };
  for (int64_t k = 0; k < info.num_agents; ++k) {
    bundle->agents.push_back(program_of(agent_graph_file(k), agent_weights_file(k), check_agent));
    if (carry_size(bundle->agents.back()->graph()) == carry_size(bundle->agents.front()->graph())) continue;
    refuse(bundle->folder + "/" + agent_graph_file(k), "another size of what is carried", "that of the first agent");
  }
  if (info.read == ClickRead::kProfile) {
    bundle->profile = program_of(kProfileGraphFile, kProfileWeightsFile, check_profile);
  }
  bundle->agent_of = read_matching(content.at(kMatchingFile), info.num_agents, bundle->folder + "/" + kMatchingFile);
  return bundle;
}

int32_t ClickBundle::agent(int64_t campaign) const {
  const auto found = agent_of.find(campaign);
  return found != agent_of.end() ? found->second : static_cast<int32_t>(info.default_agent);
}

int64_t carry_size(const graph::Graph& graph) {
  int64_t size = 0;
  for (const graph::Named& one : graph.outputs()) {
    if (one.name.starts_with("carry.")) size += graph.value(one.value).shape.inner();
  }
  return size;
}

// Whole lines of numbers, "campaign,agent[,..]"; the rest of a line is for people.
std::unordered_map<int64_t, int32_t> read_matching(std::string_view text, int64_t num_agents, const std::string& name) {
  std::unordered_map<int64_t, int32_t> agent_of;
  size_t begin = 0;
  int64_t line = 0;
  const auto fail = [&](const std::string& found, const std::string& expected) {
    refuse(name + ":" + std::to_string(line), found, expected);
  };
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view row = text.substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (line == 1) {
      if (!row.starts_with("campaign,agent")) fail("'" + shown(std::string(row)) + "'", "campaign,agent");
      continue;
    }
    int64_t campaign = 0;
    int64_t agent = 0;
    const char* const last = row.data() + row.size();
    const auto first = std::from_chars(row.data(), last, campaign);
    const bool comma = first.ec == std::errc() && first.ptr != last && *first.ptr == ',';
    const auto second = comma ? std::from_chars(first.ptr + 1, last, agent) : first;
    const bool whole = comma && second.ec == std::errc() && (second.ptr == last || *second.ptr == ',');
    if (!whole || campaign < 0 || agent < 0 || agent >= num_agents) {
      fail("'" + shown(std::string(row)) + "'",
           "a campaign's number and that of its agent, below " + std::to_string(num_agents));
    }
    if (!agent_of.emplace(campaign, static_cast<int32_t>(agent)).second) {
      fail("campaign " + std::to_string(campaign) + " again", "it once");
    }
  }
  if (line == 0) fail("nothing", "a header");
  return agent_of;
}

std::string matching_csv(const std::vector<MatchedCampaign>& matched, int64_t num_agents) {
  std::string text = "campaign,agent";
  for (int64_t k = 0; k < num_agents; ++k) text += ",res_" + std::to_string(k);
  text += "\n";
  for (const MatchedCampaign& one : matched) {
    text += std::to_string(one.campaign) + "," + std::to_string(one.agent);
    for (const double res : one.res) {
      char number[32];
      std::snprintf(number, sizeof number, ",%.6g", res);
      text += number;
    }
    text += "\n";
  }
  return text;
}

}  // namespace genbid::serve
