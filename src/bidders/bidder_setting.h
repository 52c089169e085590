#pragma once

#include <memory>
#include <span>
#include <string>

#include "bidding/advertiser.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

class OnlineLpTable;      // bidders/online_lp.h
struct OfficialAgent;     // bidders/official_agents.h
struct PlannerKnowledge;  // bidders/planner_knowledge.h

// Where bidders get what they need to know beside their options (play/official_assets.h). What is not there is an
// Error.
class BidderAssets {
 public:
  virtual ~BidderAssets() = default;
  virtual std::shared_ptr<const OnlineLpTable> online_lp_table(const std::string& name_or_path) const = 0;
  virtual std::shared_ptr<const OfficialAgent> official_agent(const std::string& name) const = 0;
  virtual std::shared_ptr<const PlannerKnowledge> planner_knowledge(const std::string& name_or_path) const = 0;
};

// Where a bidder is to play.
struct BidderSetting {
  BiddingRules rules;
  const BidderAssets& assets;
  int num_ticks = kTicksPerPeriod;       // of its days
  std::span<const int> categories = {};  // of its seats, where they are known
};

// The answer of a kind or a bidder that plays days of any number of ticks.
inline constexpr int kAnyDays = 0;
// Throws an Error where the days have another number of ticks than those that the bidder called `label` is made for.
// Every bidder goes through this check when it is made and again before its first bid.
void check_days(const std::string& label, int made_for, int found);

}  // namespace genbid::bidders
