#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/threads.h"
#include "data/tape_store.h"
#include "data/trajectory_store.h"
#include "market/market.h"
#include "play/period_tables.h"

namespace genbid::play {

// Section `output` of `kind: simulate`: what is written of a market's periods (data/README.md), beside periods.csv,
// which is always there.
struct OutputConfig {
  std::string dir;
  bool ticks = true;                             // ticks.csv: 0.4 MB a period
  bool raw_log = false;                          // raw_log/period-P.csv: AuctionNet's log, one a period
  bool trajectories = false;                     // trajectories.h5
  bool trajectories_csv = true;                  // with it trajectories.csv, in AuctionNet's form
  std::string features = "constraint";           // state features of trajectories.h5: auctionnet16 or constraint
  bool labels = false;                           // of trajectories.h5: the best alphas in hindsight (play/labels.h)
  bool market_log = false;                       // market_log.h5
  std::string market_log_precision = "float32";  // of its predicted values: float32 or float64
  bool tape = false;                             // tape.h5: what every bid would have got (play/tape_maker.h)
  std::string tables = "csv";                    // the form of ticks and trajectories: csv or parquet
  bool resumable = false;                        // trajectories.h5 and periods.csv alone: a stopped run goes on
  std::string shard;                             // "0/3": plays a third of the periods (play/sharded_simulate.h)

  bool is_parquet() const { return tables == "parquet"; }
  bool needs_impressions() const { return raw_log || market_log; }
  bool needs_ladders() const { return labels || tape; }
  void fields(ConfigVisitor& v);
};

// What a run writes, as its periods are played in groups.
class RunOutputs : public market::PeriodSink {
 public:
  // How many of the run's periods, counted from its first, are written already.
  virtual int64_t periods_done() const { return 0; }
  // To be called with the cells about to be played, by period, and who sits in each. It is one cell where impressions
  // or ladders are needed.
  virtual void start(std::span<const Population> populations, std::span<const market::Cell> cells) = 0;
  // To be called after the cells' last tick where labels are asked for: those of the trajectories, by cell and seat.
  virtual void label(std::vector<data::TrajectoryLabels> labels) = 0;
  // To be called after the last tick where a tape is asked for: that of the one cell.
  virtual void tape(data::TapeColumns columns) = 0;
  // To be called after the cells' last tick, once labels and tape are handed over.
  virtual void finish_cells() = 0;
  virtual std::vector<PeriodSummary> summaries() const = 0;  // of these cells
  // Puts everything in its place, and returns the paths, those of the tables first.
  virtual std::vector<std::string> commit() = 0;
};

// `identity` (run_identity.h) goes into the stores, and a run that goes on must have it as it was. Error if a place
// cannot be written.
std::unique_ptr<RunOutputs> make_outputs(const OutputConfig& config, const market::MarketShape& shape,
                                         int64_t num_periods, std::string identity, Threads& threads);

// The outputs of a run, under temporary names until all are whole. A new folder appears with all of them in it; in a
// folder that is there already they replace what has their names, `raw_log` as a whole, and nothing else; an output of
// an earlier run that would stay beside them is an error, and so is a file of such a name that is no such output
// (data/replaceable.h). There they are renamed into place one by one: a kill in between leaves new ones beside old
// ones, and the same run once more puts that right.
//
// In memory are the rows of the tables, the text of one tick, and one period of the market log (market_log.h).
class Outputs : public RunOutputs {
 public:
  Outputs(const OutputConfig& config, const market::MarketShape& shape, int64_t num_periods, std::string identity,
          Threads& threads);
  ~Outputs() override;

  void start(std::span<const Population> populations, std::span<const market::Cell> cells) override;
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override;
  void on_impressions(int64_t cell, int tick, std::span<const market::SeatTick> seats,
                      const market::TickImpressions& impressions) override;
  void label(std::vector<data::TrajectoryLabels> labels) override;
  void tape(data::TapeColumns columns) override;
  void finish_cells() override;
  std::vector<PeriodSummary> summaries() const override;
  std::vector<std::string> commit() override;
  // The next periods are those that a run of the same outputs, but for a market log, has left in a folder.
  void append_part(const std::string& dir);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::play
