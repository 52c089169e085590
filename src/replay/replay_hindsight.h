#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "oracle/responses.h"

namespace genbid::replay {

// The best choice of impressions at their least winning costs, every one of them exposed: what a replay could have come
// to. One period of several advertisers, `rows`. Keeps the period, 4 bytes an impression and row, 16 an impression.
class ReplayHindsight {
 public:
  explicit ReplayHindsight(std::vector<Advertiser> rows);

  // A tick's impressions, then what they are worth to each row; rows may be added side by side. A p-value that is not a
  // number is none.
  void begin_tick(std::span<const double> least_winning_cost);
  void add(size_t row, std::span<const double> pvalue);
  // Its expected score.
  double optimum(size_t row) const;

 private:
  // Bids of a block as the oracle reads them: the highest is the price, nobody is named.
  using BlockPrices = std::array<float, 4 * oracle::ImpressionBlock::kWidth>;
  struct Tick {
    std::vector<BlockPrices> prices;
    std::vector<std::vector<float>> values;  // by row, in whole blocks
    size_t num_pv = 0;
  };

  std::vector<Advertiser> rows_;
  std::vector<Tick> ticks_;
};

}  // namespace genbid::replay
