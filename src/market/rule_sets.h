#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/market.h"

// The table of the rule sets that a market plays under (market.rules). A line says what a rule set is like, fact by
// fact; whoever has to treat two of them differently asks for the fact, never for a name. So a new rule set is a new
// line here, and what follows from its facts is decided already.

namespace genbid::market {

struct RuleSet {
  std::string name;
  std::string help;      // one line, for `genbid simulate --help`
  BiddingRules bidders;  // what its bidders bid under while nothing is corrected (MarketConfig::bidder_rules)
  std::unique_ptr<Market> (*make)(const MarketConfig& config, Threads& threads);

  // Its chance comes from market.seed. If not, it has seeds of its own, and asking for one is an error.
  bool seeded = true;
  // The sections `auction`, `stress` and `traffic` of a config change what it plays. If not, it has AuctionNet's
  // auction and days, and asking for others is an error.
  bool adjustable = true;
  // It has defects that market.corrections can name.
  bool has_defects = false;
  // Its bidders remember the period before. Periods are then played one at a time and in the order in which they are
  // listed, nobody's bidder may be drawn anew for a period, and a data set can not be continued in its middle.
  bool remembers_periods = false;
  // It makes all of a period's traffic before tick 0 and holds it. If not, it makes a tick's traffic whenever it needs
  // it, and a cache saves time where periods are played again.
  bool holds_traffic = false;
  // A bid above kMaxBid units of bids (money.h) counts as that much.
  bool caps_bids = true;
};

std::span<const RuleSet> rule_sets();
const std::vector<std::string>& rules_names();
// Error for an unknown name.
const RuleSet& rule_set(const std::string& name);
// Names with what they mean, for help texts: a line each, with this many spaces before it.
std::string rules_help(int indent);

}  // namespace genbid::market
