#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/threads.h"
#include "market/market.h"
#include "play/period_tables.h"

namespace genbid {

// Section `output` of `kind: simulate`: what is written of a market's periods (data/README.md), beside the two tables
// always there.
struct OutputConfig {
  std::string dir;
  bool raw_log = false;                          // raw_log/period-P.csv: AuctionNet's log, one a period
  bool trajectories = false;                     // trajectories.h5, and trajectories.csv in AuctionNet's form
  std::string features = "constraint";           // state features of trajectories.h5: auctionnet16 or constraint
  bool market_log = false;                       // market_log.h5
  std::string market_log_precision = "float32";  // of its predicted values: float32 or float64

  bool needs_impressions() const { return raw_log || market_log; }
  void fields(ConfigVisitor& v);
};

// The outputs of a run, under temporary names until all are whole. A new folder appears with all of them in it; in a
// folder that is there already they replace what has their names, `raw_log` as a whole, and nothing else; an output of
// an earlier run that would stay beside them is an error. At no moment do an old and a new one lie side by side.
//
// Memory: rows of the tables, one tick of text, one period of the market log (market_log.h).
class Outputs : public PeriodSink {
 public:
  // `config_text` goes into the stores. Error if a place cannot be written.
  Outputs(const OutputConfig& config, const MarketShape& shape, int64_t num_periods, std::string config_text,
          Threads& threads);
  ~Outputs() override;

  // The cells about to be played, by period; one where impressions are needed.
  void start(const Population& population, std::span<const Cell> cells);
  void on_tick(int64_t cell, int tick, std::span<const SeatTick> seats) override;
  void on_impressions(int64_t cell, int tick, std::span<const SeatTick> seats,
                      const TickImpressions& impressions) override;
  // Once their last tick is played.
  void finish_cells();
  std::vector<PeriodSummary> summaries() const;  // of these cells

  // Puts everything in its place. Returns where, the tables first.
  std::vector<std::string> commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid
