#include "play/replay_hindsight.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "oracle/optima.h"

namespace genbid {
namespace {

constexpr size_t kWidth = oracle::ImpressionBlock::kWidth;

// One slot that is always shown, at the price of the log.
oracle::Auction at_logged_prices() {
  oracle::Auction auction;
  auction.num_slots = 1;
  auction.reserve = 0.0F;
  return auction;
}

}  // namespace

ReplayHindsight::ReplayHindsight(std::vector<Advertiser> rows) : rows_(std::move(rows)) {
  // Budgets of a user's campaign may be any share of what its limit is worth.
  constexpr int kOctaves = 10;
  for (const Advertiser& row : rows_) {
    responses_.emplace_back(1, 1, at_logged_prices(), oracle::grid_around(row.cpa_limit, row.cpa_limit, kOctaves));
  }
}

void ReplayHindsight::add(size_t row, std::span<const double> pvalue, std::span<const double> least_winning_cost) {
  const size_t num_blocks = (pvalue.size() + kWidth - 1) / kWidth;
  std::vector<float> values(num_blocks * kWidth, 0.0F);
  // The highest rival bid of a block is its price; nobody is named.
  std::vector<std::array<float, 4 * kWidth>> prices(num_blocks);
  std::array<uint8_t, 4 * kWidth> nobody;
  nobody.fill(kNoSeat);
  std::vector<oracle::ImpressionBlock> blocks;
  for (size_t b = 0; b < num_blocks; ++b) {
    const size_t first = b * kWidth;
    const size_t lanes = std::min(kWidth, pvalue.size() - first);
    prices[b].fill(0.0F);
    for (size_t lane = 0; lane < lanes; ++lane) {
      const double value = pvalue[first + lane];
      values[first + lane] = std::isnan(value) ? 0.0F : static_cast<float>(value);
      prices[b][lane] = static_cast<float>(least_winning_cost[first + lane]);
    }
    blocks.push_back({values.data() + first, prices[b].data(), nobody.data(), static_cast<int>(lanes)});
  }
  responses_[row].add(0, blocks, 0, 1);
}

double ReplayHindsight::optimum(size_t row) const {
  return oracle::best_slots(responses_[row], 0, {rows_[row].budget, rows_[row].cpa_limit}).score;
}

}  // namespace genbid
