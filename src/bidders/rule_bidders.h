#pragma once

#include <memory>

#include "bidding/bidder.h"

namespace genbid::bidders {

// AuctionNet's PID (auctionnet.md 4.2): alpha starts at 15; if the last tick's cost, kept up for the rest of the
// period, would use less than 0.7 of the remaining money, alpha rises by 1.2, if more than 1.1 it falls by 0.7.
//
// Under official rules with the original's bookkeeping (6.10): what it thinks the last cost was is the fall of the
// money since it was last asked, and that starts at 100 whatever the budget and is not put back between periods. So
// tick 1 compares the remaining money with 100, or with the end of the last period. Under corrected rules each period
// starts anew, with the true budget.
std::unique_ptr<Bidder> make_pid(Rules rules);

// alpha, the same in every tick; or, where `alpha` is 0, cpa_ratio times the seat's CPA limit.
std::unique_ptr<Bidder> make_fixed_alpha(double alpha, double cpa_ratio);

// AuctionNet's ABid (auctionnet.md 4.3): bid = CPA limit / mean p-value of the tick * p-value^2; nothing in a tick
// whose p-values are all 0.
std::unique_ptr<Bidder> make_abid();

}  // namespace genbid::bidders
