#pragma once

#include <memory>

#include "market/market.h"

namespace genbid::market::official {

class Auction;  // market/official/auction.h

// The rules `official`: AuctionNet's traffic (auctionnet.md 2.2), auction and over-spend loop (auction.h), bit for bit.
// All traffic of a period is made at reset(), because its p-values are one stream through all ticks. It is kept as long
// as the next cells play that period too, and takes about 800 bytes an impression.
class OfficialMarket : public Market {
 public:
  OfficialMarket(const MarketConfig& config, Threads& threads);
  ~OfficialMarket() override;

  AuctionRule auction_rule(const Cell& cell) const override;

 private:
  void open_day() override;
  TickStart start(size_t row) const override;
  void play_tick(std::span<const BidFormula> bids) override;
  void play_cell(size_t cell, std::span<const BidFormula> bids, Auction& auction, Threads* split);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::market::official
