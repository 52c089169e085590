#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "oracle/optima.h"
#include "oracle/responses.h"

namespace genbid::replay {

// The best that a replay of one period could have come to: the best choice of impressions at their least winning costs,
// where every one that is bought is exposed. `rows` are the advertisers. It keeps the period, which takes 16 bytes for
// each impression and 4 more for each row.
class ReplayHindsight {
 public:
  explicit ReplayHindsight(std::vector<Advertiser> rows);

  // Takes a tick's impressions, and then what they are worth to each row. Different threads may add different rows. A
  // p-value that is NaN counts as 0.
  void begin_tick(std::span<const double> least_winning_cost);
  void add(size_t row, std::span<const double> pvalue);
  // The best choice of a row; `alpha` is the price of a unit of value at which impressions are bought.
  oracle::Optimum optimum(size_t row) const;

 private:
  // The bids of a block as the oracle reads them: the highest bid is the logged price, and it is nobody's.
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
