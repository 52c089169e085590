#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/market.h"

// The table of the rule sets that a market plays under (market.rules).

namespace genbid::market {

struct RuleSet {
  std::string name;
  Rules bidders;  // what its bidders bid under, uncorrected (MarketConfig::bidder_rules)
  std::unique_ptr<Market> (*make)(const MarketConfig& config, Threads& threads);
};

std::span<const RuleSet> rule_sets();
const std::vector<std::string>& rules_names();
// Error for an unknown name.
const RuleSet& rule_set(const std::string& name);

}  // namespace genbid::market
