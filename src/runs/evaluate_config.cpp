#include "runs/evaluate_config.h"

#include <algorithm>
#include <limits>

#include "bidders/bidder_table.h"
#include "eval/evaluation.h"

namespace genbid::runs {

bool CandidateConfig::is_rule() const {
  const auto& rules = bidders::bidder_names();
  return std::find(rules.begin(), rules.end(), policy) != rules.end();
}

void CandidateConfig::fields(ConfigVisitor& v) {
  v.required_path("policy", policy);
  v.field("name", name);
  v.check(!name.starts_with('.'), "name", "a name for a folder, without a dot in front");
  constexpr size_t kLongestName = 100;
  const bool printable = std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  v.check(printable && name.size() <= kLongestName, "name", "a name of up to 100 bytes in one line");
  if (is_rule()) {
    rule.set_kind(policy);
    rule.option_fields(v);
  } else if (policy == "hindsight") {
    v.field("choice", choice, eval::hindsight_choices());
  } else if (!knows_the_day()) {
    constexpr RealRange kWishes = {0.0, std::numeric_limits<float>::max()};  // policies read floats
    v.field("target_return", target_return, kWishes);
    v.field("target_cpa", target_cpa, kWishes);
    v.field("weights", weights, {"ema", "raw"});
  }
}

Rules EvaluateConfig::bidder_rules() const {
  if (in_market()) return market.bidder_rules();
  return replay.official() ? Rules::kOfficial : Rules::kCorrected;
}

std::vector<int> EvaluateConfig::categories() const {
  std::vector<int> all;
  for (int seat = 0; in_market() && seat < market.shape().seats; ++seat) {
    all.push_back(play::official_campaign(seat).category);
  }
  return all;
}

void EvaluateConfig::fields(ConfigVisitor& v) {
  v.list("policy", policy, "policy");
  v.check(!policy.empty(), "policy", "a checkpoint, a run folder or a rule bidder");
  v.field("protocol", protocol, {"market", "replay"});
  if (in_market()) {
    v.section("market", market);
    if (!market.official()) v.field("cache_megabytes", cache_megabytes, {0, 1 << 20});
  } else {
    v.section("replay", replay);
  }
  v.field("allow_seen_periods", allow_seen_periods);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
}

}  // namespace genbid::runs
