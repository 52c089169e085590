#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/convert.h"
#include "base/threads.h"
#include "bidding/bidder.h"
#include "market/auction/impressions.h"
#include "market/auction/ladder.h"
#include "market/cell.h"
#include "market/market_config.h"

namespace genbid::market {

// One seat's tick, finished.
struct SeatTick {
  TickStart start;
  TickOutcome outcome;
  BidFormula bid;         // what the bidder asked for
  bool may_bid = false;   // false: out of budget
  int num_clearings = 0;  // clearing passes of the tick (the same for all seats of a cell)
};

// Plays cells side by side, tick by tick together, under one of the rule sets. A row is a seat of a cell: row = cell *
// shape().seats + seat.
//
// This class is what rule sets have in common: who sits in which row, what each row knows and has done, and what is
// kept of a tick. A rule set (corrected/corrected_market.h, official/official_market.h) says what impressions there are
// and plays them:
//
//   reset(cells) -> open_day()
//   observe()    -> open_tick(), then start(row) of every row            -> views
//   step(bids)   -> play_tick(bids), which calls finish() once a row     -> last_tick(), histories, what is kept
//
// corrected/corrected_market.h draws what becomes of the numbers within a tick.
class Market {
 public:
  Market(const MarketShape& shape, Threads& threads) : shape_(shape), threads_(threads) {}
  virtual ~Market() = default;
  Market(const Market&) = delete;
  Market& operator=(const Market&) = delete;

  const MarketShape& shape() const { return shape_; }
  Threads& threads() const { return threads_; }
  // Goes to tick 0 of these cells. Error for money out of range (check_cells), and where there is not enough memory.
  void reset(std::vector<Cell> cells);
  int tick() const { return tick_; }
  bool done() const { return tick_ >= shape_.ticks; }

  // What every row knows before bidding in this tick. Valid until step().
  std::span<const SeatView> observe();
  // Plays the tick with one formula a row. Rows that are out of budget bid nothing whatever their formula.
  // Error for a coefficient that is not a finite number. Those beyond +-1e9 units of bids (rules corrected) or +-1e100
  // (official) count as that, so that no product is infinite. Negative bids are none.
  void step(std::span<const BidFormula> bids);
  // The tick that step() finished, one a row.
  std::span<const SeatTick> last_tick() const { return finished_; }

  // How impressions are sold to a cell, in its money.
  virtual AuctionRule auction_rule(const Cell& cell) const = 0;

  // Whether the impressions of a tick are kept until the next one, from the next step() on. They take 1.7 KB each,
  // 64 MB a cell in the largest tick of a period of 500,000.
  void keep_impressions(bool keep) { keeps_impressions_ = keep; }
  bool keeps_impressions() const { return keeps_impressions_; }
  // The impressions of the tick that step() finished. They are there only where they are kept.
  const TickImpressions& impressions(size_t cell) const { return impressions_.at(cell); }

  // Whether the highest bids of every impression are kept: 20 bytes an impression (under AuctionNet's rules 212).
  void keep_ladders(bool keep) { keeps_ladders_ = keep; }
  bool keeps_ladders() const { return keeps_ladders_; }
  const TickLadder& ladder(size_t cell) const { return ladders_.at(cell); }

 protected:
  // Called when the cells are others than before: makes their traffic and opens the rows' accounts.
  virtual void open_day() = 0;
  // Called as tick() begins.
  virtual void open_tick() {}
  // What a row knows of tick() as it begins.
  virtual TickStart start(size_t row) const = 0;
  // Plays tick() in all cells, on threads(), and finishes every row.
  virtual void play_tick(std::span<const BidFormula> bids) = 0;

  size_t num_seats() const { return to_size(shape_.seats); }
  const std::vector<Cell>& cells() const { return cells_; }
  const Advertiser& advertiser(size_t row) const { return cells_[row / num_seats()].advertisers[row % num_seats()]; }
  bool may_bid(size_t row) const { return views_[row].may_bid; }
  // What the row's formula brought it. Rows may be finished side by side. `believed` is what a misled seat takes it
  // for, and all that its bidder ever sees.
  void finish(size_t row, const BidFormula& bid, const TickOutcome& outcome, int num_clearings,
              const TickOutcome* believed = nullptr);
  // Where a cell's impressions or highest bids of tick() are to be put; null where nobody wants them.
  TickImpressions* kept_impressions(size_t cell) { return keeps_impressions_ ? &impressions_[cell] : nullptr; }
  TickLadder* kept_ladder(size_t cell) { return keeps_ladders_ ? &ladders_[cell] : nullptr; }

 private:
  MarketShape shape_;
  Threads& threads_;
  std::vector<Cell> cells_;
  int tick_ = 0;
  bool observed_ = false;  // views are of tick_

  // By row.
  std::vector<TickHistory> histories_;
  std::vector<SeatView> views_;
  std::vector<SeatTick> finished_;
  std::vector<TickOutcome> believed_;  // the last tick's; empty where no cell has a misled seat

  // By cell, of the last tick.
  bool keeps_impressions_ = false;
  bool keeps_ladders_ = false;
  std::vector<TickImpressions> impressions_;
  std::vector<TickLadder> ladders_;
};

std::unique_ptr<Market> make_market(const MarketConfig& config, Threads& threads);
// Error for a coefficient that is not a finite number, from a seat that may bid.
void check_bids(std::span<const SeatView> views, std::span<const BidFormula> bids);

// Receives what a market plays. Calls come in order of tick, then cell.
class PeriodSink {
 public:
  virtual ~PeriodSink() = default;
  virtual void on_tick(int64_t cell, int tick, std::span<const SeatTick> seats) = 0;
  // After on_tick, where the market keeps impressions.
  virtual void on_impressions([[maybe_unused]] int64_t cell, [[maybe_unused]] int tick,
                              [[maybe_unused]] std::span<const SeatTick> seats,
                              [[maybe_unused]] const TickImpressions& impressions) {}
  // After those, where the market keeps ladders.
  virtual void on_ladder([[maybe_unused]] int64_t cell, [[maybe_unused]] int tick,
                         [[maybe_unused]] const TickLadder& ladder) {}
};

// Who plays: bidders[seat_bidder[row]] asks for row's formula. Plays the cells from tick 0 to the end. Different
// bidders are asked at the same time, on the market's threads.
// Returns false if a stop was asked for (base/stop_signal.h) before the end.
bool play(Market& market, std::vector<Cell> cells, std::span<Bidder* const> bidders, std::span<const int> seat_bidder,
          PeriodSink& sink);

}  // namespace genbid::market
