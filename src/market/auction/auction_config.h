#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidding/auction_rule.h"

namespace genbid::market {

// Section `market.auction`: how impressions are sold (bidding/auction_rule.h). The defaults are AuctionNet's, and the
// official rules take no others.
struct AuctionConfig {
  // Money in a market of AuctionNet's currency; where a cell's unit of bids is more than 1 (bid_unit), that many units.
  // A bid below it does not compete, a slot costs at least as much. The lowest is above the 2^-24 units that
  // clearing_blocks relies on, the highest below the highest bid.
  double reserve = AuctionRule().reserve;
  // By slot: the probability that it is shown where the one before it is. The first is always shown.
  std::vector<double> exposures;

  AuctionConfig();

  bool changed() const;  // from AuctionNet's
  // The rule in units of bids, for the highest number of slots.
  AuctionRule rule() const;
  // What is not AuctionNet's, for tables: "reserve 0.02, exposures 1/0.5/0.25"; empty if nothing.
  std::string label() const;
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::market
