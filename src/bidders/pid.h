#pragma once

#include <memory>

#include "bidders/bidder_setting.h"
#include "bidding/bidder.h"

namespace genbid {
class ConfigVisitor;
}

namespace genbid::bidders {

// AuctionNet's PID (auctionnet.md 4.2): alpha starts at 15; if the last tick's cost, kept up for the rest of the
// period, would use less than 0.7 of the remaining money, alpha rises by 1.2, if more than 1.1 it falls by 0.7.
//
// Under the official rules it keeps its books as the original does (6.10). It takes the fall of its money since it was
// last asked for the last tick's cost. The money it remembers starts at 100, whatever the budget, and is not put back
// between periods, so tick 1 compares the remaining money with 100 or with the end of the period before. Under the
// corrected rules each period starts anew with the true budget.
std::unique_ptr<Bidder> make_pid(BiddingRules rules);

struct PidOptions {
  void fields(ConfigVisitor& /*v*/) {}
  std::unique_ptr<Bidder> make(const BidderSetting& setting) const { return make_pid(setting.rules); }
};

}  // namespace genbid::bidders
