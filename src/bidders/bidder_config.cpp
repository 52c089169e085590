#include "bidders/bidder_config.h"

#include <algorithm>

#include "base/error.h"
#include "bidders/official_agents.h"
#include "bidders/online_lp.h"
#include "bidders/pacing.h"
#include "bidders/rule_bidders.h"

namespace genbid::bidders {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string pacing_label(const PacingOptions& options) {
  const PacingOptions usual;
  std::string text = "pacing";
  const auto add = [&](const char* name, double value, double usual_value) {
    if (value != usual_value) text += std::string(" ") + name + " " + shortest(value);
  };
  add("price_level", options.price_level, usual.price_level);
  add("later_value", options.later_value, usual.later_value);
  add("prior_days", options.prior_days, usual.prior_days);
  add("cpa_brake", options.cpa_brake, usual.cpa_brake);
  return text;
}

}  // namespace

const std::vector<std::string>& bidder_names() {
  static const std::vector<std::string> names = {"pid", "fixed_alpha", "abid", "online_lp", "official_agent", "pacing"};
  return names;
}

void BidderConfig::fields(ConfigVisitor& v) {
  v.field("bidder", bidder, bidder_names());
  option_fields(v);
}

void BidderConfig::option_fields(ConfigVisitor& v) {
  if (bidder == "fixed_alpha") {
    v.field("alpha", alpha, {0.0, 1e12});
    v.field("cpa_ratio", cpa_ratio, {0.0, 1e6});
    v.check(alpha == 0.0 || cpa_ratio == BidderConfig().cpa_ratio, "alpha", "either alpha or cpa_ratio, not both");
  } else if (bidder == "online_lp") {
    v.required_path("table", table);
    v.check(!table.empty(), "table", "episode-0 to episode-6, own_category, or the path of a CSV file");
  } else if (bidder == "official_agent") {
    v.required("agent", agent);
    const auto& names = official_agent_names();
    v.check(std::find(names.begin(), names.end(), agent) != names.end(), "agent", "one of " + listed(names));
  } else if (bidder == "pacing") {
    pacing.fields(v);
  }
}

std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, Rules rules, const BidderAssets& assets, int num_ticks,
                                    std::span<const int> categories) {
  if (config.bidder == "pid") return make_pid(rules);
  if (config.bidder == "fixed_alpha") return make_fixed_alpha(config.alpha, config.cpa_ratio);
  if (config.bidder == "abid") return make_abid();
  if (config.bidder == "online_lp") {
    return make_online_lp(assets.online_lp_table(config.table), num_ticks, categories);
  }
  if (config.bidder == "official_agent") {
    return make_official_agent(assets.official_agent(config.agent), num_ticks);
  }
  if (config.bidder == "pacing") return make_pacing(config.pacing);
  throw Error("bidder: found '" + config.bidder + "', expected one of " + listed(bidder_names()));
}

std::string bidder_label(const BidderConfig& config) {
  if (config.bidder == "online_lp") return "online_lp " + config.table;
  if (config.bidder == "official_agent") return "official " + config.agent;
  if (config.bidder == "pacing") return pacing_label(config.pacing);
  if (config.bidder != "fixed_alpha") return config.bidder;
  if (config.alpha > 0.0) return "fixed_alpha " + shortest(config.alpha);
  return "fixed_alpha " + shortest(config.cpa_ratio) + " x CPA limit";
}

}  // namespace genbid::bidders
