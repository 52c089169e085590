#include "bidders/bidder_table.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/named_table.h"
#include "base/shown.h"
#include "bidders/abid.h"
#include "bidders/fixed_alpha.h"
#include "bidders/official_agents.h"
#include "bidders/online_lp.h"
#include "bidders/pacing.h"
#include "bidders/pid.h"
#include "bidders/planner.h"

namespace genbid::bidders {

std::span<const BidderKind> bidder_kinds() {
  static const std::array kKinds = {
      bidder_kind<PidOptions>("pid", "AuctionNet's PID: alpha follows how fast the money is spent"),
      bidder_kind<FixedAlphaOptions>("fixed_alpha", "one alpha all day: alpha, or cpa_ratio times the CPA limit"),
      bidder_kind<AbidOptions>("abid", "AuctionNet's ABid: the CPA limit for an impression of a tick's mean value"),
      bidder_kind<OnlineLpOptions>("online_lp",
                                   "AuctionNet's, by a table: own_category (the official population's) or a CSV file"),
      bidder_kind<OfficialAgentOptions>("official_agent",
                                        "AuctionNet's learned ones: agent: " + listed(official_agent_names())),
      bidder_kind<PacingOptions>("pacing", "budget pacing: price_level, later_value, prior_days, cpa_brake"),
      bidder_kind<PlannerOptions>(
          "planner",
          "plans the rest of the day: knowledge of a market, futures, attitude (score or strict), "
          "confidence, price_level, seed"),
  };
  return kKinds;
}

const std::vector<std::string>& bidder_names() {
  static const std::vector<std::string> names = names_in(bidder_kinds());
  return names;
}

const BidderKind& bidder_kind_named(const std::string& name) { return find_named(bidder_kinds(), name, "bidder"); }

const BidderKind& bidder_kind_of(const std::type_info& options) {
  const auto kinds = bidder_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const BidderKind& kind) {
    return kind.options.type() == options || kind.ranges.type() == options;
  });
  assert(found != kinds.end());
  return *found;
}

std::string bidder_help(size_t indent) {
  size_t widest = 0;
  for (const BidderKind& kind : bidder_kinds()) widest = std::max(widest, kind.name.size());
  std::string text;
  for (const BidderKind& kind : bidder_kinds()) {
    text += std::string(indent, ' ') + kind.name + std::string(widest + 2 - kind.name.size(), ' ') + kind.help + "\n";
  }
  return text;
}

}  // namespace genbid::bidders
