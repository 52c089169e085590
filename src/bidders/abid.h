#pragma once

#include <memory>

#include "bidders/bidder_setting.h"
#include "bidding/bidder.h"

namespace genbid {
class ConfigVisitor;
}

namespace genbid::bidders {

// AuctionNet's ABid (auctionnet.md 4.3): bid = CPA limit / mean p-value of the tick * p-value^2. In a tick whose
// p-values are all 0 it bids nothing.
std::unique_ptr<Bidder> make_abid();

struct AbidOptions {
  void fields(ConfigVisitor& /*v*/) {}
  std::unique_ptr<Bidder> make(const BidderSetting& /*setting*/) const { return make_abid(); }
};

}  // namespace genbid::bidders
