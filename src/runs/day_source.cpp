#include "runs/day_source.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/config_json.h"
#include "base/error.h"
#include "base/files/content_hash.h"

namespace genbid::runs {
namespace {

const char* const kAuctionNet = "auctionnet";

}  // namespace

std::string day_source(const std::string& settings, int64_t seed) {
  const auto all = nlohmann::ordered_json::parse(config_json(settings));
  const nlohmann::ordered_json& market = all.contains("market") ? all["market"] : all;
  if (!market.is_object() || !market.contains("traffic")) return kAuctionNet;  // the rules official have no choice
  const nlohmann::ordered_json& traffic = market["traffic"];
  if (traffic.value("structure", "") != "own") return kAuctionNet;
  return "own " + content_hash(traffic.dump() + " seed " + std::to_string(seed));
}

std::string day_source_of_store(const std::string& settings) {
  if (settings.empty()) return kAuctionNet;
  const auto all = nlohmann::ordered_json::parse(config_json(settings));
  if (!all.is_object() || !all.contains("market")) return kAuctionNet;  // an ingestion of files
  return day_source(settings, all["market"].value("seed", int64_t{1}));
}

std::string day_source_text(const std::string& source) {
  if (source == kAuctionNet) return "AuctionNet's days";
  return source.empty() ? "days of unknown source"
                        : "days of market.traffic.structure own (" + source.substr(4, 8) + ")";
}

void refuse_seen_days(const std::string& who, const std::string& key, const std::string& how,
                      const std::string& seen_source, const std::vector<int64_t>& seen, const std::string& source,
                      const std::vector<int64_t>& periods, const std::string& remedy) {
  if (!seen_source.empty() && !source.empty() && seen_source != source) return;
  for (const int64_t period : periods) {
    if (std::find(seen.begin(), seen.end(), period) == seen.end()) continue;
    throw Error(who + ": " + key + ": found period " + std::to_string(period) + ", which this policy was " + how +
                " on; expected other periods" + remedy);
  }
}

}  // namespace genbid::runs
