#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/threads.h"
#include "bidding/advertiser.h"
#include "bidding/bidder.h"
#include "bidding/cell_day.h"
#include "bidding/score.h"
#include "data/log_ticks.h"
#include "oracle/optima.h"

// Replay: a bidder meets a log in place of a market. One advertiser at a time buys at the logged least winning costs;
// nobody reacts to it, a win is always exposed.

namespace genbid::replay {

// Section `replay` of a run.
struct ReplayConfig {
  // corrected: each advertiser with its own budget and CPA limit, counter-based draws (replay/corrected_replay_tick.h).
  // official: AuctionNet's offline evaluation, bit for bit (replay/official_replay_tick.h): the first advertiser,
  // budget 100 and CPA limit 2 (auctionnet.md 6.25), values as pandas reads them, rows in the order that its sort
  // leaves them in, one stream of random numbers for each period and advertiser.
  std::string rules = "corrected";
  std::vector<std::string> log;  // one market log (of float64, if official), or raw logs (data/README.md)
  PeriodList periods;
  PeriodList advertisers;  // their numbers; empty: all, or the first if official
  double budget = 0.0;     // of everybody; 0: the log's, or 100 if official
  double cpa = 0.0;        // limit; 0: the log's, or 2 if official
  int64_t seed = 1;        // corrected: of the conversions

  bool official() const { return rules == "official"; }
  // The category of every advertiser, whatever the log says. Where it is left out, the log's hold.
  std::optional<double> common_budget() const;
  std::optional<double> common_cpa() const;
  void fields(ConfigVisitor& v);
};

// One advertiser's period, replayed.
struct ReplayCell {
  int64_t period = 0;
  int64_t advertiser = 0;
  Advertiser campaign;  // budget, CPA limit, category
  double cost = 0.0;
  double conversions = 0.0;
  double expected_conversions = 0.0;  // p-values of what was won
  ConversionSums conversion_sums;     // the same p-values, their squares and cubes
  double score = 0.0;
  double expected_score = 0.0;
  double score_of_expectation = 0.0;
  int64_t num_pv = 0;
  int64_t wins = 0;
  int last_active_tick = -1;  // last tick with a win
  CellDay day;                // by ticks
  double optimum = 0.0;       // highest expected score that any choice of impressions has (replay_hindsight.h)
};

// What is wanted of one period of a log.
struct PeriodWish {
  bool hindsight = true;      // what was possible in it
  std::vector<bool> bidders;  // which of them play it

  bool anything() const { return hindsight || std::find(bidders.begin(), bidders.end(), true) != bidders.end(); }
};

// What became of it, by advertiser in the order in which the log lists them.
struct ReplayedPeriod {
  int64_t period = 0;
  std::vector<oracle::Optimum> optima;         // empty if no hindsight was wanted
  std::vector<std::vector<ReplayCell>> cells;  // by bidder, of those who played; their `optimum` is left out
};

// Says what is wanted of each period, and takes it when it is played.
class PeriodTaker {
 public:
  virtual ~PeriodTaker() = default;
  // The answer may only change when the period is taken, or at a restart.
  virtual PeriodWish wish(int64_t period) = 0;
  virtual void take(ReplayedPeriod period) = 0;
  // Whatever was taken since the beginning is void, because the log's rows are not in the order that they seemed to be
  // in. Everything is asked for again, and there is no second restart.
  virtual void restart() = 0;
  virtual void on_tick() {}
};

// Plays what is wanted. A period is a run of its own: no bidder remembers the one before, and it is played alike
// whoever else plays it. Equal results for any number of threads. False if a stop was asked for. Error for a log that
// cannot be read or does not hold what is asked for; that of a raw log may come when all periods have been taken.
bool replay(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads, PeriodTaker& taker);

// All periods of the config: the cells of each bidder with their optima, by period and then in the order in which the
// log lists its advertisers. Nothing if a stop was asked for.
std::optional<std::vector<std::vector<ReplayCell>>> replay(const ReplayConfig& config, std::span<Bidder* const> bidders,
                                                           Threads& threads);

// One advertiser's day as the official protocol plays it.
struct OfficialDay {
  struct Tick {
    std::vector<double> pvalue, sigma, least_winning_cost;
    std::vector<int64_t> source_row;  // in the period's file, counted from 0
  };
  int64_t period = 0;
  int64_t advertiser = 0;
  int category = 0;
  std::vector<Tick> ticks;
};

// Gathers a period, tick by tick, and puts its rows into the order of pandas' sort by tick (auctionnet.md 1.2).
class OfficialDays {
 public:
  // An empty list stands for the first advertiser alone.
  explicit OfficialDays(std::vector<int64_t> advertisers) : advertisers_(std::move(advertisers)) {}

  void add(const data::LoggedTick& tick);
  // To be called after the last tick; forgets the period.
  std::vector<OfficialDay> finish();

 private:
  std::vector<int64_t> advertisers_;
  std::vector<size_t> seats_;  // places in the log of the advertisers that are played
  std::vector<OfficialDay> days_;
  std::vector<uint8_t> tick_of_row_;
  int64_t period_ = 0;
};

}  // namespace genbid::replay
