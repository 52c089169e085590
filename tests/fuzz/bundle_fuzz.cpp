#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/files/content_hash.h"
#include "fuzz.h"
#include "serve/bundle.h"
#include "serve/click_bundle.h"

// The text of bundle.json of either kind of bundle. It is read as it is, and with the hash that it ought to have,
// without which nothing would be accepted. What is accepted is written and read as the same. And the same bytes as a
// table of matched campaigns.

namespace {

// The hash is over the text of the JSON, which is written by recursion.
bool is_flat(std::string_view text) {
  return std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') < 500;
}

std::optional<std::string> with_hash(std::string_view text) {
  if (!is_flat(text)) return {};
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  json.erase("hash");
  json["hash"] = genbid::content_hash(json.dump());
  return json.dump();
}

void read(std::string_view text) {
  using namespace genbid;
  serve::BundleInfo info;
  if (!fuzz::accepted([&] { info = serve::read_bundle_info(text, "fuzz.json"); })) return;
  const std::string written = serve::bundle_json(info);
  fuzz::require_equal(written, serve::bundle_json(serve::read_bundle_info(written, "written.json")),
                      "a bundle's description is read as it was written");
}

void read_agents(std::string_view text) {
  using namespace genbid;
  serve::ClickBundleInfo info;
  if (!fuzz::accepted([&] { info = serve::read_click_bundle_info(text, "fuzz.json"); })) return;
  const std::string written = serve::click_bundle_json(info);
  fuzz::require_equal(written, serve::click_bundle_json(serve::read_click_bundle_info(written, "written.json")),
                      "a description of agents is read as it was written");
}

void read_matching(std::string_view text) {
  using namespace genbid;
  std::unordered_map<int64_t, int32_t> agent_of;
  if (!fuzz::accepted([&] { agent_of = serve::read_matching(text, 3, "fuzz.csv"); })) return;
  std::vector<serve::MatchedCampaign> matched;
  for (const auto& [campaign, agent] : agent_of) matched.push_back({campaign, agent, {0.5, 0.25, 1e300}});
  const auto again = serve::read_matching(serve::matching_csv(matched, 3), 3, "written.csv");
  fuzz::require_equal(std::to_string(again == agent_of), "1", "matched campaigns are read as they were written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = genbid::fuzz::text_of(data, size);
  read(text);
  read_agents(text);
  read_matching(text);
  if (const auto hashed = with_hash(text)) {
    read(*hashed);
    read_agents(*hashed);
  }
  return 0;
}
