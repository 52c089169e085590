#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "oracle/responses.h"

namespace genbid {

// The best choice of impressions at their least winning costs, every one of them exposed: what a replay could have come
// to. One period of several advertisers, `rows`.
class ReplayHindsight {
 public:
  explicit ReplayHindsight(std::vector<Advertiser> rows);

  // Impressions of a row; a p-value that is not a number is none. Rows may be added side by side.
  void add(size_t row, std::span<const double> pvalue, std::span<const double> least_winning_cost);
  // Its expected score.
  double optimum(size_t row) const;

 private:
  std::vector<Advertiser> rows_;
  std::vector<oracle::Responses> responses_;  // by row, each of one seat and, as a day is one to it, one tick
};

}  // namespace genbid
