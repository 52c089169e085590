#pragma once

#include <memory>

#include "market/market.h"

namespace genbid {

// The rules `fast`: AuctionNet's auction with its defects corrected (clearing.h, cell_tick.h) on traffic that is a
// pure function of (seed, period, tick, impression, seat) (traffic.h).
class FastMarket : public Market {
 public:
  FastMarket(const MarketConfig& config, Threads& threads);
  ~FastMarket() override;

  void reset(std::vector<Cell> cells) override;
  int tick() const override;
  std::span<const SeatView> observe() override;
  void step(std::span<const BidFormula> bids) override;
  std::span<const SeatTick> last_tick() const override;
  double reserve_scale(const Cell& cell) const override { return bid_unit(cell); }
  double bid_cap(const Cell& cell) const override;
  const TickImpressions& impressions(size_t cell) const override;
  const TickLadder& ladder(size_t cell) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid
