#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/shard.h"
#include "market/market.h"
#include "play/exploration.h"
#include "play/outputs.h"
#include "play/period_tables.h"

namespace genbid::play {

// Section `market` of a run that plays periods: the market, who sits in it, and which days.
struct MarketRunConfig : market::MarketConfig {
  std::string population = "pid48";  // a shipped population or the path of a file (play/population.h)
  PeriodList periods;

  void fields(ConfigVisitor& v);
  void fields_but_periods(ConfigVisitor& v);
};

// `kind: simulate`.
struct SimulateConfig {
  MarketRunConfig market;
  ExploreConfig explore;
  OutputConfig output;
  int64_t threads = 0;  // 0: one a processor
  std::string program;  // revision of this program, recorded in outputs; not a setting

  void fields(ConfigVisitor& v);
};

struct SimulateSummary {
  std::vector<PeriodSummary> periods;       // played now
  int64_t num_played_before = 0;            // by a run that was interrupted, or in another call of a shard
  std::optional<Shard> shard;               // of output.shard
  std::vector<std::string> missing_shards;  // that have not been played yet
  bool merged = false;                      // all shards' outputs are in output.dir
  std::vector<std::string> files;           // written, and the folder of raw logs

  PeriodSummary mean() const;
  std::string text() const;  // a table for standard output; of many periods their mean alone
  std::string json(const SimulateConfig& config) const;  // every period played now, and what was asked for
};

// How many periods to play side by side: enough to keep all threads busy, within half a gigabyte of traffic. It is one
// where bidders remember the period before, or the rule set says that they do (market/rule_sets.h).
int64_t periods_together(const market::MarketConfig& market, std::span<Bidder* const> bidders, int num_threads);

// Plays the periods (in the order listed where the rule set remembers them, else ascending) and writes `periods.csv`
// and what else is asked for into output.dir (outputs.h): all whole, or nothing. The same bytes for any number of
// threads. `progress` is told the number of periods done, `after_tick` each tick of the next ones. Empty if a stop was
// asked for, and then nothing is written.
//
// With output.resumable what is played stays when the run is stopped or killed, and the same run goes on behind it
// (play/resumable_outputs.h). With output.shard it plays a part of the periods (play/sharded_simulate.h).
std::optional<SimulateSummary> simulate(const SimulateConfig& asked, const std::function<void(int64_t)>& progress = {},
                                        const std::function<void(int)>& after_tick = {});

}  // namespace genbid::play
