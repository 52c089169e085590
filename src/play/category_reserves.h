#pragma once

#include "base/threads.h"
#include "market/market.h"

namespace genbid::play {

// Makes the reserves that market.auction.reserve_from asks for (AuctionConfig::own_reserves). It plays its periods in
// this market with its population in every seat, sold at market.auction.reserve. A reserve is, by category and tick, a
// share of the lowest price of a slot that a seat of the category held; it is market.auction.reserve where that is
// more, or where none held a slot. Every seat of a category has its reserve. They are made anew whenever a market is
// opened, which takes 40 to 50 ms a period of 500,000 impressions on one thread. Stress (market.stress) is no part of
// these days.
//
// Does nothing where none are asked for. False if a stop was asked for.
bool make_reserves(market::MarketConfig& config, Threads& threads);

}  // namespace genbid::play
