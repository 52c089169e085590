#pragma once

#include <memory>

#include "market/bidder.h"

namespace genbid {

// AuctionNet's PID (auctionnet.md 4.2, its bookkeeping made right, 6.10): alpha starts at 15; if the last
// tick's cost, kept up for the rest of the period, would use less than 0.7 of the remaining money, alpha rises
// by 1.2, if more than 1.1 it falls by 0.7.
std::unique_ptr<Bidder> make_pid();

// alpha, the same in every tick; or, where `alpha` is 0, cpa_ratio times the seat's CPA limit.
std::unique_ptr<Bidder> make_fixed_alpha(double alpha, double cpa_ratio);

}  // namespace genbid
