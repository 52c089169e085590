#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidding/auction_rule.h"
#include "market/traffic/traffic_config.h"

namespace genbid::market {

// Section `market.auction.reserve_from`: reserves by category and tick, from what a population paid. They are meant
// against collusion by low bids: PlatformBid (2607.27265) takes 80 % of the lowest price that won in the past.
struct ReserveFromConfig {
  std::string population;  // that played the days; empty: there are no such reserves
  double share = 0.8;      // of the lowest price of a slot that a seat of the category held in the tick, over the days
  PeriodList periods;

  bool on() const { return !population.empty(); }
  void fields(ConfigVisitor& v);
};

// Section `market.auction`: how impressions are sold (bidding/auction_rule.h). The defaults are AuctionNet's, and the
// official rules take no others.
struct AuctionConfig {
  // Money in a market of AuctionNet's currency; where a cell's unit of bids is more than 1 (bid_unit), that many units.
  // A bid below it does not compete, and a slot costs at least as much. It may be as low as clearing_blocks can sort
  // bids (above 2^-24 units) and must be below the highest bid.
  double reserve = AuctionRule().reserve;
  // By slot: the probability that it is shown where the one before it is. The first is always shown.
  std::vector<double> exposures;
  ReserveFromConfig reserve_from;
  // Not a field: what reserve_from comes to, as AuctionRule has them, in units of bids. Whoever plays a market makes
  // them (play/category_reserves.h).
  std::vector<double> own_reserves;

  AuctionConfig();

  bool changed() const;  // from AuctionNet's
  // The rule in units of bids, for days of this shape.
  AuctionRule rule(const MarketShape& shape) const;
  // What is not AuctionNet's, for tables: "reserve 0.02, exposures 1/0.5/0.25, 0.8 of official's prices"; empty if
  // nothing.
  std::string label() const;
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::market
