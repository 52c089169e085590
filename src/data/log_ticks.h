#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/market_log.h"
#include "data/raw_log_file.h"

namespace genbid::data {

// A tick of a log, whole: what replays need of it.
struct LoggedTick {
  int64_t period = 0;
  int tick = 0;
  int num_ticks = 0;  // of the period; 0: not known before its end (raw_logs_of_any_length)
  int64_t num_pv = 0;
  std::vector<MarketLogSeat> seats;  // budget and cpa are 0 where the log does not tell
  bool has_categories = false;
  std::vector<double> pvalue;              // num_pv x seats
  std::vector<double> sigma;               // the same, or empty if not known
  std::vector<double> least_winning_cost;  // num_pv
  // num_pv x seats: which row of its period each was in the source, counted from 0; empty if rows came by tick,
  // impression and seat.
  std::vector<int64_t> source_row;
  int64_t num_missing = 0;  // values that were missing; their places hold 0, prices the fourth bid (data/README.md)
};

struct ReplayLogOptions {
  std::vector<std::string> files;     // one market log, or raw logs
  std::vector<int64_t> periods = {};  // those wanted; none: all
  bool exact = false;                 // market logs must hold float64
  LogColumnNames columns = {};        // of raw logs
  bool keep_missing = false;          // missing values of raw logs are NaN, not filled in
  int num_ticks = 0;                  // days must have as many; 0: any number, in a market log
  std::string why_num_ticks = ", which AuctionNet's protocol has";  // behind it in messages
  bool raw_logs_of_any_length = false;  // else their days must have 48 ticks where num_ticks is 0
  // Which of them are handed out; null: all. The others must be there, and are not read where the file allows it. Asked
  // anew in every pass over the log; within one the answer must stay for as long as a period lasts.
  std::function<bool(int64_t period)> wanted = {};
};

// How many ticks the days of a log have. A raw log does not tell before it ends, so it must have 48.
int replay_log_ticks(const std::vector<std::string>& files);

// Hands out the ticks of the periods that are wanted, in order, each period's from 0 on. `restart` is called if all
// ticks handed out so far are void and come again. Returns false if a stop was asked for.
// Error: a log that cannot be read; a period that is not there; another number of ticks.
bool read_replay_log(const ReplayLogOptions& options, Threads& threads,
                     const std::function<void(const LoggedTick&)>& sink, const std::function<void()>& restart);

// "market.h5" or "period-7.csv and 2 more": names without folders, for reports.
std::string replay_log_name(const std::vector<std::string>& files);

}  // namespace genbid::data
