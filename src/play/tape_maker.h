#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/threads.h"
#include "data/tape_store.h"
#include "market/market.h"
#include "oracle/fit.h"
#include "oracle/responses.h"
#include "oracle/tape.h"
#include "play/hindsight.h"

namespace genbid::play {

// What a tape of this market says of itself.
data::TapeInfo tape_info(const market::MarketShape& shape, const std::string& config_text);

// Empty responses for the tape of a cell: each seat has its own grid (oracle::tape_grid), and slots are counted.
oracle::Responses tape_responses(const market::Market& market, const market::Cell& cell);
// The knots of all seats and ticks as data::TapeColumns has them, seats side by side.
std::vector<float> tape_knots(const oracle::Responses& day, Threads& threads);

// Makes the tape of a cell (data::TapeColumns) while it is played: the market must keep ladders. Curves are of the true
// values, also those of a seat that is misled (market/stress.h), and of the others' final bids.
//
// Its responses are its own, beside those of labels: they count slots, and have as many octaves for every seat and day.
// Memory: 31 KB a seat and tick, and the tape of one period.
class TapeMaker : public market::PeriodSink {
 public:
  explicit TapeMaker(market::Market& market) : market_(market) {}

  // To be called with the cell about to be played; the one before is forgotten.
  void start(const market::Cell& cell);
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override;
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override;
  // The cell's days by seat, once the last tick is played. Where prices or values lie beyond what the oracle's units
  // were made for (oracle/fit.h), `again` has to record the same day again. Empty if a stop was asked for.
  std::optional<data::TapeColumns> finish(const oracle::Record& again);

 private:
  market::Market& market_;
  market::Cell cell_;
  std::optional<oracle::Responses> responses_;
  std::optional<ResponseSink> sink_;
  data::TapeColumns columns_;
};

}  // namespace genbid::play
