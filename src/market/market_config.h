#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidding/advertiser.h"
#include "bidding/auction_rule.h"
#include "bidding/bidder.h"
#include "market/auction/auction_config.h"
#include "market/stress.h"
#include "market/traffic/traffic_config.h"

namespace genbid::market {

struct RuleSet;

struct MarketConfig {
  std::string rules = "corrected";  // a name of the table (rule_sets.h)
  int64_t impressions = 500000;     // nominal impressions of a period
  double budget_scale = 1.0;        // times every seat's budget
  double rival_budget_scale = 1.0;  // competition: times the budgets of all who are not judged, once more
  double cpa_scale = 1.0;           // times every seat's CPA limit; below 1: tighter
  int64_t seed = 1;                 // seed of all streams of the market; official streams have their own
  AuctionConfig auction;            // read by rule sets that are adjustable (rule_sets.h), as the next two
  TrafficConfig traffic;
  StressConfig stress;
  std::vector<std::string> corrections = {};  // which defects of the rule set are corrected (official/corrections.h)
  // For traffic that is kept from one reset to the next, where the same periods are played again. It is no field of the
  // section: whoever plays periods again sets it.
  int64_t cache_megabytes = 0;

  const RuleSet& rule_set() const;  // its line of the table (rule_sets.h). Error for an unknown name
  // How impressions are sold in this market, in money of a cell whose unit of bids is 1 (bid_unit): slots, exposures,
  // reserve, and the highest bid.
  AuctionRule auction_rule() const;
  MarketShape shape() const;
  BiddingRules bidder_rules() const;  // the rules that its bidders bid under
  // "corrected", "official", "official with draws, pid corrected", "corrected, reserve 0.02".
  std::string rules_label() const;
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::market
