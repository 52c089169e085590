#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/threads.h"

namespace genbid::play {

// How a market log is read for a tape.
struct LogTapeSettings {
  // `bids`: slots go to the highest bids, as AuctionNet sells them (bidding/auction_rule.h), the seat's own bid left
  // out of the four that the log has. `logged`: one slot, always shown, at the least winning cost, as a replay has it
  // (oracle/logged_prices.h). `auto`: bids where all logs have them.
  std::string prices = "auto";
  double budget = 0.0;  // money, of every seat and day; 0: what the log says
  double cpa = 0.0;     // CPA limit likewise, money per conversion

  void fields(ConfigVisitor& v);
};

struct LogTape {
  int64_t periods = 0;
  int64_t seats = 0;
  int64_t ticks = 0;
  std::string prices;  // bids or logged
  // Of the days of seats, how many have curves that begin below those of oracle::tape_grid, since with its lowest alpha
  // more than half of the budget would be spent.
  int64_t lowered = 0;
};

// The response tape (data/tape_store.h) of market logs, all of one shape: what any bid of a seat would have got on the
// days that were logged. A policy can so learn in the market from logs alone (train.objective: market).
//
// Periods are in the logs' order, each in one log. Empty if a stop was asked for, or after an Error (which names the
// log), and then there is no tape. Memory: 31 KB a seat and tick, one period's tape and one tick of the log; a period
// of 500,000 impressions and 48 seats takes 0.3 s. At most kMaxSeats seats and kMaxTicks ticks.
std::optional<LogTape> tape_of_logs(const std::vector<std::string>& logs, const std::string& output,
                                    const LogTapeSettings& settings, Threads& threads,
                                    const std::function<void(int64_t done, int64_t total)>& progress = {});

}  // namespace genbid::play
