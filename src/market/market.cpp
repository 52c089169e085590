#include "market/market.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "market/fast_market.h"
#include "market/official/official_market.h"

namespace genbid {
namespace {

constexpr int64_t kMostOfficialImpressions = 10'000'000;

}  // namespace

void MarketConfig::fields(ConfigVisitor& v) {
  v.field("rules", rules, rules_names());
  v.field("impressions", impressions, {kNumSeats, 100'000'000});
  v.field("budget_scale", budget_scale, {1e-6, 1e3});
  v.field("rival_budget_scale", rival_budget_scale, {1e-6, 1e3});
  v.field("cpa_scale", cpa_scale, {1e-6, 1e3});
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.check(!official() || impressions <= kMostOfficialImpressions, "impressions",
          "at most 10,000,000 under the official rules, which keep a period's traffic in memory, 800 bytes each");
  v.check(!official() || seed == MarketConfig().seed, "seed", "none: the official rules have their own seeds");
  if (official()) return;
  v.section("traffic", traffic);
}

std::unique_ptr<Market> make_market(const MarketConfig& config, Threads& threads) {
  if (config.official()) return std::make_unique<official::OfficialMarket>(config, threads);
  return std::make_unique<FastMarket>(config, threads);
}

void check_bids(std::span<const SeatView> views, std::span<const BidFormula> bids) {
  for (size_t row = 0; row < bids.size(); ++row) {
    const SeatView& view = views[row];
    if (view.asked && (std::isnan(bids[row].value) || std::isnan(bids[row].value_squared))) {
      throw Error("period " + std::to_string(view.period) + ", tick " + std::to_string(view.now.tick) + ", seat " +
                  std::to_string(view.seat) + ": the bidder answered with a bid coefficient that is not a number");
    }
  }
}

}  // namespace genbid
