#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/convert.h"
#include "bidding/advertiser.h"

namespace genbid::market {

// What became of the impressions of one cell's tick. Matrices are [num_pv][seats of the market].
struct TickImpressions {
  int64_t num_pv = 0;
  std::vector<double> pvalue, sigma;
  std::vector<double> bid;                 // final: 0 where over-spending took it
  std::vector<double> price;               // what the slot that the seat holds costs if it is exposed; 0 without a slot
  std::vector<uint8_t> slot;               // 1..3; 0: none
  std::vector<uint8_t> exposed;            // 0 or 1
  std::vector<uint8_t> conversion;         // 0 or 1
  std::vector<double> least_winning_cost;  // [num_pv]

  // Makes room for so many impressions, where nobody holds a slot yet.
  void reset(int64_t count, int num_seats) {
    num_pv = count;
    const auto rows = to_size(count) * to_size(num_seats);
    for (std::vector<double>* values : {&pvalue, &sigma, &bid}) values->resize(rows);  // all are written
    price.assign(rows, 0.0);
    for (std::vector<uint8_t>* values : {&slot, &exposed, &conversion}) values->assign(rows, 0);
    least_winning_cost.resize(to_size(count));
  }
};

}  // namespace genbid::market
