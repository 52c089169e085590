#pragma once

#include <memory>

#include "market/market.h"

namespace genbid::market {

// The rules `corrected`: AuctionNet's auction with its defects corrected (clearing.h, cell_tick.h) on traffic that is a
// pure function of (seed, period, tick, impression, seat) (traffic.h).
class CorrectedMarket : public Market {
 public:
  CorrectedMarket(const MarketConfig& config, Threads& threads);
  ~CorrectedMarket() override;

  void reset(std::vector<Cell> cells) override;
  int tick() const override;
  std::span<const SeatView> observe() override;
  void step(std::span<const BidFormula> bids) override;
  std::span<const SeatTick> last_tick() const override;
  double reserve_scale(const Cell& cell) const override { return bid_unit(cell); }
  const TickImpressions& impressions(size_t cell) const override;
  const TickLadder& ladder(size_t cell) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::market
