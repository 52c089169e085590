#pragma once

#include <memory>

#include "market/market.h"

namespace genbid::market::official {

// The rules `official`: AuctionNet's traffic (auctionnet.md 2.2), auction and over-spend loop (auction.h), bit for bit.
// The traffic of a period is made whole at reset() (its p-values are one stream through all ticks) and kept as long
// as the next cells play that period too: about 800 bytes an impression.
class OfficialMarket : public Market {
 public:
  OfficialMarket(const MarketConfig& config, Threads& threads);
  ~OfficialMarket() override;

  void reset(std::vector<Cell> cells) override;
  int tick() const override;
  std::span<const SeatView> observe() override;
  void step(std::span<const BidFormula> bids) override;
  std::span<const SeatTick> last_tick() const override;
  const TickImpressions& impressions(size_t cell) const override;
  const TickLadder& ladder(size_t cell) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::market::official
