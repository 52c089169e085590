#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/threads.h"
#include "bidding/advertiser.h"
#include "bidding/bidder.h"
#include "bidding/score.h"
#include "data/log_ticks.h"

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
  // Every advertiser's, whatever the log says; none: the log's.
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
  double optimum = 0.0;       // highest expected score that any choice of impressions has (replay_hindsight.h)
};

// Returns the cells of each bidder, by period and then as the log lists its advertisers. All bidders meet the same log
// and the same draws; equal results for any number of threads. `progress` is told the number of ticks done. Empty if a
// stop was asked for. Error for a log that cannot be read or does not hold what is asked for.
std::optional<std::vector<std::vector<ReplayCell>>> replay(const ReplayConfig& config, std::span<Bidder* const> bidders,
                                                           Threads& threads,
                                                           const std::function<void(int64_t)>& progress = {});

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
  // Empty: the first advertiser alone.
  explicit OfficialDays(std::vector<int64_t> advertisers) : advertisers_(std::move(advertisers)) {}

  void add(const data::LoggedTick& tick);
  // After the last tick. Forgets the period.
  std::vector<OfficialDay> finish();

 private:
  std::vector<int64_t> advertisers_;
  std::vector<size_t> seats_;  // of the log, chosen
  std::vector<OfficialDay> days_;
  std::vector<uint8_t> tick_of_row_;
  int64_t period_ = 0;
};

}  // namespace genbid::replay
