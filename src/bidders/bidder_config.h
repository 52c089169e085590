#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/pacing.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

// Who bids: `pid`, or `{bidder: fixed_alpha, alpha: 90}`. A kind has only the options that it reads.
struct BidderConfig {
  std::string bidder = "pid";
  double alpha = 0.0;      // fixed_alpha: bid = alpha * p-value; 0: cpa_ratio decides
  double cpa_ratio = 1.0;  // fixed_alpha: alpha = cpa_ratio * the seat's CPA limit
  std::string table = {};  // online_lp: a shipped table or the path of a CSV file
  std::string agent = {};  // official_agent: one of official_agent_names()
  PacingOptions pacing = {};

  void fields(ConfigVisitor& v);
  // All but `bidder`, which the caller knows; rejects what the kind does not read.
  void option_fields(ConfigVisitor& v);
};

const std::vector<std::string>& bidder_names();

class OnlineLpTable;   // bidders/online_lp.h
struct OfficialAgent;  // bidders/official_agents.h

// Where bidders get what they know beside their options (play/official_assets.h). Errors for what is not there.
class BidderAssets {
 public:
  virtual ~BidderAssets() = default;
  virtual std::shared_ptr<const OnlineLpTable> online_lp_table(const std::string& name_or_path) const = 0;
  virtual std::shared_ptr<const OfficialAgent> official_agent(const std::string& name) const = 0;
};

// For days of so many ticks and, where given, for seats of these categories. Error for a bidder that cannot play them:
// AuctionNet's agents play days of 48 ticks, an OnlineLP table those that it was made for.
std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, Rules rules, const BidderAssets& assets,
                                    int num_ticks = kTicksPerPeriod, std::span<const int> categories = {});
// "pid", "fixed_alpha 90", "fixed_alpha 1.1 x CPA limit", "abid", "online_lp episode-3", "official iql", "pacing",
// "pacing cpa_brake 1.2": with the options that are not the default.
std::string bidder_label(const BidderConfig& config);

}  // namespace genbid::bidders
