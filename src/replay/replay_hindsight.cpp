#include "replay/replay_hindsight.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/config/config.h"
#include "base/convert.h"
#include "oracle/fit.h"
#include "oracle/logged_prices.h"

namespace genbid::replay {
namespace {

constexpr size_t kWidth = oracle::ImpressionBlock::kWidth;

}  // namespace

ReplayHindsight::ReplayHindsight(std::vector<Advertiser> rows) : rows_(std::move(rows)) {}

void ReplayHindsight::begin_tick(std::span<const double> least_winning_cost) {
  Tick& tick = ticks_.emplace_back();
  tick.num_pv = least_winning_cost.size();
  tick.prices.resize((tick.num_pv + kWidth - 1) / kWidth);
  for (size_t b = 0; b < tick.prices.size(); ++b) {
    tick.prices[b].fill(0.0F);
    const size_t first = b * kWidth;
    for (size_t lane = 0; lane < std::min(kWidth, tick.num_pv - first); ++lane) {
      tick.prices[b][lane] = oracle::logged_price(least_winning_cost[first + lane]);
    }
  }
  tick.values.resize(rows_.size());
}

void ReplayHindsight::add(size_t row, std::span<const double> pvalue) {
  Tick& tick = ticks_.back();
  assert(pvalue.size() == tick.num_pv);
  std::vector<float>& values = tick.values[row];
  values.assign(tick.prices.size() * kWidth, 0.0F);
  std::transform(pvalue.begin(), pvalue.end(), values.begin(),
                 [](double value) { return std::isnan(value) ? 0.0F : as_float(value); });
}

oracle::Optimum ReplayHindsight::optimum(size_t row) const {
  // A user's campaign may have any budget beside its CPA limit, so the grid is wide.
  constexpr int kOctaves = 10;
  std::array<uint8_t, 4 * kWidth> nobody;
  nobody.fill(kNoSeat);
  const auto record = [&](oracle::Responses& responses) {
    std::vector<oracle::ImpressionBlock> blocks;
    for (const Tick& tick : ticks_) {
      blocks.clear();
      for (size_t b = 0; b < tick.prices.size(); ++b) {
        const size_t first = b * kWidth;
        blocks.push_back({tick.values[row].data() + first, tick.prices[b].data(), nobody.data(),
                          to_int(std::min(kWidth, tick.num_pv - first))});
      }
      responses.add(0, blocks, 0, 1);
    }
    return true;
  };
  const Advertiser& campaign = rows_[row];
  const oracle::Judged judged{0, {campaign.budget, campaign.cpa_limit}};
  // All impressions of the day are one tick here, because the best choice does not depend on their order.
  oracle::Responses usual(1, 1, oracle::auction_at_logged_prices(),
                          oracle::grid_around(campaign.cpa_limit, campaign.cpa_limit, kOctaves));
  record(usual);
  oracle::Optimum slots;
  const auto judge = [&](const oracle::Responses& responses) {
    slots = oracle::best_slots(responses, 0, judged.limits);
    return oracle::shortfall_of_slots(responses, judged, slots);
  };
  oracle::judge_fitted(usual, std::span(&judged, 1), record, judge, "replay, budget " + shortest(campaign.budget));
  return slots;
}

}  // namespace genbid::replay
