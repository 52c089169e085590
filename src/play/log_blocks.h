#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/market_log.h"
#include "oracle/responses.h"

namespace genbid::play {

// A tick of a market log as the oracle reads it.
class LogBlocks {
 public:
  // As it was sold: the four highest bids, and whose they are. The tick must have them.
  void set_bids(const data::MarketLogTick<float>& tick, int num_seats);
  // As a replay sells it (oracle/logged_prices.h).
  void set_prices(const data::MarketLogTick<float>& tick, int num_seats);

  std::span<const oracle::ImpressionBlock> blocks() const { return blocks_; }

 private:
  void set_values(const data::MarketLogTick<float>& tick, int num_seats);

  std::vector<float> values_, top_bid_;
  std::vector<uint8_t> top_seat_;
  std::vector<oracle::ImpressionBlock> blocks_;
};

}  // namespace genbid::play
