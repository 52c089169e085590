#pragma once

#include <memory>

#include "market/market.h"

namespace genbid::market {

// The rules `corrected`: AuctionNet's auction with its defects corrected (clearing.h, cell_tick.h) on traffic that is a
// pure function of (seed, period, tick, impression, seat) (traffic.h).
//
// A tick, for one of the cells that play its period side by side:
//
//   Traffic(seed, period, tick), made once for all cells            the cell's bidders
//   values [block][seat][32 lanes]    shown, draws [block][lane]    alphas [seat]
//        |                                  |                          |
//        +------------------> clear_block <-|--------------------------+
//                                 |         |
//   the four highest bids of an impression: BlockTopFour [block][4][lane]
//                                 |         |
//                            tally_block <--+
//                                 |
//   wins, exposures, cost, p-values, conversions: TickSums [seat]
//                                 |
//   somebody spent too much? its bids are dropped at random, those impressions cleared again (cell_tick.h)
//                                 |
//   TickOutcome [seat]: accounts are paid, histories move on (market.h)
//
// Where a cell has misled seats (market/stress.h) all of it is played on the values as these believe them to be, in a
// copy of the tick, and what they were shown is counted again by the true ones.
class CorrectedMarket : public Market {
 public:
  CorrectedMarket(const MarketConfig& config, Threads& threads);
  ~CorrectedMarket() override;

  AuctionRule auction_rule(const Cell& cell) const override;

 private:
  void open_day() override;
  void open_tick() override;
  void open_beliefs();
  bool any_misled() const;
  bool is_misled(size_t row) const;
  TickStart start(size_t row) const override;
  void play_tick(std::span<const BidFormula> bids) override;

  // Before a day is played: does it fit into memory?
  void check_day() const;
  struct Worker;  // what a cell's tick needs
  void play_cell(size_t cell, std::span<const BidFormula> bids, Worker& worker, Threads* split);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::market
