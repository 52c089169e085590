#include "market/market_config.h"

#include <limits>

#include "base/convert.h"
#include "base/shown.h"
#include "market/auction/money.h"
#include "market/official/corrections.h"
#include "market/rule_sets.h"

namespace genbid::market {
namespace {

constexpr int64_t kMostImpressions = 100'000'000;
constexpr int64_t kMostHeldImpressions = 10'000'000;  // of a rule set that holds a period's traffic

}  // namespace

void MarketConfig::fields(ConfigVisitor& v) {
  v.field("rules", rules, rules_names());
  const RuleSet& set = rule_set();
  v.field("impressions", impressions, {kNumSeats, kMostImpressions});
  v.field("budget_scale", budget_scale, {1e-6, 1e3});
  v.field("rival_budget_scale", rival_budget_scale, {1e-6, 1e3});
  v.field("cpa_scale", cpa_scale, {1e-6, 1e3});
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.check(!set.holds_traffic || impressions <= kMostHeldImpressions, "impressions",
          "at most 10,000,000 under the " + rules + " rules, which keep a period's traffic in memory, 800 bytes each");
  v.check(set.seeded || seed == MarketConfig().seed, "seed", "none: the " + rules + " rules have their own seeds");
  v.field("corrections", corrections);
  v.check(set.has_defects || corrections.empty(), "corrections",
          "none: the rules " + rules + " have no defects of AuctionNet's");
  v.check(official::are_corrections(corrections), "corrections",
          "some of " + listed(official::correction_names()) + ", each once");
  v.later_section("auction", auction, auction.changed());
  v.check(set.adjustable || !auction.changed(), "auction", "the defaults: the rules " + rules + " are AuctionNet's");
  v.later_section("stress", stress, stress.changed());
  v.check(set.adjustable || !stress.changed(), "stress",
          "none: the rules " + rules + " play AuctionNet's days as they are");
  if (set.adjustable) v.section("traffic", traffic);
}

const RuleSet& MarketConfig::rule_set() const { return market::rule_set(rules); }

MarketShape MarketConfig::shape() const {
  return rule_set().adjustable && traffic.own() ? traffic.shape() : MarketShape();
}

AuctionRule MarketConfig::auction_rule() const {
  AuctionRule rule = auction.rule(shape());
  if (rule_set().caps_bids) rule.highest_bid = as_double(kMaxBid);
  return rule;
}

BiddingRules MarketConfig::bidder_rules() const {
  return official::parse_corrections(corrections).pid ? BiddingRules::kCorrected : rule_set().bidders;
}

std::string MarketConfig::rules_label() const {
  std::string label = corrections.empty() ? rules : rules + " with " + listed(corrections) + " corrected";
  for (const std::string& changed : {auction.label(), stress.label()}) {
    if (!changed.empty()) label += ", " + changed;
  }
  return label;
}

}  // namespace genbid::market
