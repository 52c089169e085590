#include "runs/evaluate_config.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/shard.h"
#include "bidders/bidder_table.h"
#include "eval/evaluation.h"
#include "market/rule_sets.h"
#include "train/device.h"

namespace genbid::runs {

bool CandidateOptions::is_rule() const {
  const auto& rules = bidders::bidder_names();
  return std::find(rules.begin(), rules.end(), policy) != rules.end();
}

Wishes CandidateOptions::wishes() const {
  Wishes wishes;
  for (const OutcomeKind& kind : outcome_kinds()) {
    const std::optional<double>& target = targets[index_of(kind.outcome)];
    if (target) wishes[kind.outcome] = *target;
  }
  return wishes;
}

void ModelSettingsConfig::fields(ConfigVisitor& v) {
  v.field("set", set);
  // Which outcomes it reads, and what it asks for by itself, are buffers that were fitted with its weights.
  static const std::vector<std::string> kFitted = {"name", "wishes", "wish", "target_quantile", "target_cpa"};
  const bool good = std::all_of(set.begin(), set.end(), [](const std::string& one) {
    const size_t end = one.find('=');
    return end != std::string::npos && std::find(kFitted.begin(), kFitted.end(), one.substr(0, end)) == kFitted.end();
  });
  v.check(good, "set",
          "settings of the policy's model, as sampling_levels=2, but for its name and what it can be asked");
}

void CandidateOptions::option_fields(ConfigVisitor& v) {
  if (is_rule()) {
    rule.set_kind(policy);
    rule.option_fields(v);
  } else if (policy == "hindsight") {
    v.field("choice", choice, eval::hindsight_choices());
  } else if (!knows_the_day()) {
    constexpr RealRange kWishes = {0.0, std::numeric_limits<float>::max()};  // policies read floats
    for (const OutcomeKind& kind : outcome_kinds()) {
      v.field(wish_option(kind.outcome), targets[index_of(kind.outcome)], kWishes);
    }
    v.field("weights", weights, {"ema", "raw"});
    v.later_section("model", model, !model.set.empty());
  }
}

void SelectOption::fields(ConfigVisitor& v) {
  v.field("checkpoint", checkpoint);
  v.check(checkpoint.empty() || is_policy(), "checkpoint", "options of the rule bidder");
  const bool is_name = checkpoint.empty() || checkpoint == "checkpoints" || checkpoint.starts_with("step-");
  v.check(is_name, "checkpoint", "checkpoints (all of the run), or one's name, such as step-00000100");
  option_fields(v);
}

void SelectConfig::fields(ConfigVisitor& v) {
  SelectOption fresh;
  static_cast<CandidateOptions&>(fresh) = candidate;
  v.list("over", over, "checkpoint", fresh);
  v.field("periods", periods);
  v.check(!on() || !periods.values.empty(), "periods", "at least one period, for tuning alone");
  v.check(on() || periods.values.empty(), "over", "what to select from: checkpoints, or a list of options");
}

void ActConfig::fields(ConfigVisitor& v) {
  v.list("constraint", constraint, "policy");
  const bool plain = std::all_of(constraint.begin(), constraint.end(), [](const CandidateConfig& one) {
    return !one.knows_the_day() && !one.select.on() && one.act.constraint.empty();
  });
  v.check(constraint.size() <= 1 && plain, "constraint", "one policy or rule bidder as it is, or none");
}

void CandidateConfig::fields(ConfigVisitor& v) {
  v.required_path("policy", policy);
  v.field("name", name);
  v.check(!name.starts_with('.'), "name", "a name for a folder, without a dot in front");
  constexpr size_t kLongestName = 100;
  const bool printable = std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  v.check(printable && name.size() <= kLongestName, "name", "a name of up to 100 bytes in one line");
  option_fields(v);
  if (knows_the_day()) return;
  v.section("act", act);
  select.candidate = *this;
  v.section("select", select);
}

void PlatformConfig::fields(ConfigVisitor& v) {
  v.field("mix", mix, eval::platform_mixes());
  v.list("opponent", opponent, "policy");
  if (eval::parse_platform_mix(mix) == eval::PlatformMix::kHeterogeneous) {
    v.check(opponent.size() == 1, "opponent", "one policy or rule bidder, who has the other seats");
  } else {
    v.check(opponent.empty(), "opponent", "none: every seat is the candidate's unless mix is heterogeneous");
  }
  for (const CandidateConfig& one : opponent) {
    v.check(!one.knows_the_day() && !one.select.on(), "opponent", "a policy or a rule bidder as it is");
  }
  v.field("optimum", optimum);
}

BiddingRules EvaluateConfig::bidder_rules() const {
  if (in_market()) return market.bidder_rules();
  return replay.official() ? BiddingRules::kOfficial : BiddingRules::kCorrected;
}

std::vector<int> EvaluateConfig::categories() const {
  std::vector<int> all;
  for (int seat = 0; in_market() && seat < market.shape().seats; ++seat) {
    all.push_back(play::official_campaign(seat).category);
  }
  return all;
}

std::vector<int> EvaluateConfig::judged_seats() const {
  std::vector<int> judged;
  for (const int64_t seat : seats.values) judged.push_back(static_cast<int>(seat));
  for (int seat = 0; seats.values.empty() && seat < market.shape().seats; ++seat) judged.push_back(seat);
  return judged;
}

std::vector<int64_t> EvaluateConfig::seeds_of_market() const {
  return market_seeds.values.empty() ? std::vector<int64_t>{market.seed} : market_seeds.values;
}

void EvaluateConfig::Output::fields(ConfigVisitor& v) {
  v.required_path("dir", dir);
  v.path("hindsight", hindsight, true);
  v.field("shard", shard);
  v.check(shard.empty() || parse_shard(shard), "shard", kShardForm);
}

void EvaluateConfig::fields(ConfigVisitor& v) {
  v.list("policy", policy, "policy");
  v.check(!policy.empty(), "policy", "a checkpoint, a run folder or a rule bidder");
  v.field("protocol", protocol, kProtocols);
  if (in_market()) {
    v.section("market", market);
    if (!market.rule_set().holds_traffic) v.field("cache_megabytes", cache_megabytes, {0, 1 << 20});
    if (on_platform()) {
      v.section("platform", platform);
      const bool play = std::none_of(policy.begin(), policy.end(), [](const auto& one) { return one.knows_the_day(); });
      v.check(play, "policy", "with protocol platform none that knows the day: there every seat plays it otherwise");
    } else {
      v.field("seats", seats, "seat");
    }
    const bool seats_there = std::all_of(seats.values.begin(), seats.values.end(),
                                         [&](int64_t seat) { return seat < market.shape().seats; });
    v.check(seats_there, "seats", "seats of the market, 0 to " + std::to_string(market.shape().seats - 1));
    v.field("market_seeds", market_seeds, "seed");
    v.check(market_seeds.values.empty() || market.rule_set().seeded, "market_seeds",
            "none: the " + market.rules + " rules have their own seeds");
    v.field("policy_seeds", policy_seeds, "seed");
    v.check(!policy_seeds.values.empty(), "policy_seeds", "at least one seed");
  } else {
    v.section("replay", replay);
  }
  for (const CandidateConfig& one : policy) {
    const auto& chosen_on = one.select.periods.values;
    const bool apart = std::none_of(chosen_on.begin(), chosen_on.end(), [&](int64_t period) {
      return std::find(periods().begin(), periods().end(), period) != periods().end();
    });
    v.check(apart, "policy", "select.periods that are not among the periods of this evaluation");
    v.check(!one.select.on() || protocol == "market", "policy", "select with protocol market alone");
  }
  v.field("reference", reference);
  v.field("allow_seen_periods", allow_seen_periods);
  v.section("output", output);
  v.check(!on_platform() || output.shard.empty(), "output", "no shard with protocol platform");
  v.field("threads", threads, {0, 1024});
  v.field("device", device);
  v.check(train::is_device(device), "device", "cpu, cuda or cuda:N");
}

}  // namespace genbid::runs
