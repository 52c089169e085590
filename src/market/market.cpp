#include "market/market.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
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
  v.check(set.adjustable || !auction.changed(), "auction",
          "the defaults: the rules " + rules +
              " are AuctionNet's, whose auction has a reserve of 0.0001 and exposures of 1, 0.8 and 0.6");
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
  AuctionRule rule = auction.rule();
  rule.num_slots = shape().slots;
  if (rule_set().caps_bids) rule.highest_bid = as_double(kMaxBid);
  return rule;
}

Rules MarketConfig::bidder_rules() const {
  return official::parse_corrections(corrections).pid ? Rules::kCorrected : rule_set().bidders;
}

std::string MarketConfig::rules_label() const {
  std::string label = corrections.empty() ? rules : rules + " with " + listed(corrections) + " corrected";
  for (const std::string& changed : {auction.label(), stress.label()}) {
    if (!changed.empty()) label += ", " + changed;
  }
  return label;
}

std::unique_ptr<Market> make_market(const MarketConfig& config, Threads& threads) {
  if (config.auction.reserve_from.on() && config.auction.own_reserves.empty()) {
    throw Error("market.auction.reserve_from: the reserves of " + config.auction.reserve_from.population +
                " are not made, expected whoever plays the market to make them");
  }
  return config.rule_set().make(config, threads);
}

double bid_unit(const Cell& cell) {
  constexpr double kHighestLimit = 1024.0;
  double limit = 0.0;
  for (const Advertiser& advertiser : cell.advertisers) limit = std::max(limit, advertiser.cpa_limit);
  double unit = 1.0;
  while (limit > kHighestLimit * unit) unit *= 2.0;
  return unit;
}

void check_cells(std::span<const Cell> cells) {
  for (const Cell& cell : cells) {
    for (size_t seat = 0; seat < cell.advertisers.size(); ++seat) {
      const auto check = [&](const char* what, double money) {
        if (money >= 0.0 && money <= kMostMoney) return;
        throw Error("period " + std::to_string(cell.period) + ", seat " + std::to_string(seat) + ": " + what +
                    " times its scales: found " + shortest(money) + ", expected 0 to " + shortest(kMostMoney));
      };
      check("budget", cell.advertisers[seat].budget);
      check("CPA limit", cell.advertisers[seat].cpa_limit);
    }
  }
}

void check_currency(std::span<const Cell> cells) {
  for (const Cell& cell : cells) {
    const double unit = bid_unit(cell);
    if (unit == 1.0) continue;
    const auto limit = [&](size_t seat) { return cell.advertisers[seat].cpa_limit; };
    size_t lowest = 0;
    size_t highest = 0;
    for (size_t seat = 1; seat < cell.advertisers.size(); ++seat) {
      if (limit(seat) > limit(highest)) highest = seat;
      if (limit(lowest) == 0.0 || (limit(seat) > 0.0 && limit(seat) < limit(lowest))) lowest = seat;
    }
    if (limit(lowest) >= unit) continue;
    throw Error("period " + std::to_string(cell.period) + ", seats " + std::to_string(highest) + " and " +
                std::to_string(lowest) + ": CPA limits times their cpa_scale: found " + shortest(limit(highest)) +
                " and " + shortest(limit(lowest)) + ", expected at least " + shortest(unit) + " beside the higher: " +
                "a market has one currency, so give the budgets and limits of all its campaigns in it");
  }
}

void check_bids(std::span<const SeatView> views, std::span<const BidFormula> bids) {
  for (size_t row = 0; row < bids.size(); ++row) {
    const SeatView& view = views[row];
    if (view.may_bid && !(std::isfinite(bids[row].value) && std::isfinite(bids[row].value_squared))) {
      throw Error("period " + std::to_string(view.period) + ", tick " + std::to_string(view.now.tick) + ", seat " +
                  std::to_string(view.seat) +
                  ": the bidder answered with a bid coefficient that is not a finite number");
    }
  }
}

}  // namespace genbid::market
