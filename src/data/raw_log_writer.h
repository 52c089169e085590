#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/threads.h"

// Writes AuctionNet's raw traffic log as its tracker does: 18 columns, every one a float as Python prints it
// (auctionnet.md 1.1, 6.34).

namespace genbid::data {

struct RawLogSeat {
  int64_t advertiser = 0;  // the advertiser's number in the log
  int32_t category = 0;
  double budget = 0.0;
  double cpa = 0.0;               // limit
  double remaining_budget = 0.0;  // budget before the tick
  bool is_end = false;            // last tick, or remaining below 0.1
};

// A tick's rows: impression by impression, in each the seats in order.
struct RawLogTick {
  int64_t period = 0;
  int tick = 0;
  int64_t num_pv = 0;
  std::span<const RawLogSeat> seats;
  std::span<const double> pvalue, sigma, bid, cost;    // num_pv x seats; cost: the price if exposed
  std::span<const uint8_t> slot, exposed, conversion;  // num_pv x seats; slot 0: not won
  std::span<const double> least_winning_cost;          // num_pv
  int64_t first_pv = 0;  // pvIndex of the first impression; AuctionNet begins every tick at 0 (auctionnet.md 6.9)
};

// It writes under a temporary name, so that the log is there whole after finish() and not at all before. Memory holds a
// few blocks of text.
class RawLogWriter {
 public:
  explicit RawLogWriter(const std::string& path);
  ~RawLogWriter();

  // The bytes do not depend on the number of threads.
  void write_tick(const RawLogTick& tick, Threads& threads);
  void finish();
  int64_t bytes() const;  // so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
