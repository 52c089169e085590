#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "base/temporary_folder.h"
#include "data/market_log.h"
#include "golden.h"
#include "market/official/official_traffic.h"
#include "bidders/fixed_alpha.h"
#include "npy.h"
#include "replay/replay.h"

namespace genbid::replay {
namespace {

constexpr int64_t kPeriod = 22;

// A day of the official market: its impressions from the official generator, its prices as recorded.
void write_day(const std::vector<double>& prices, const std::string& path) {
  const market::official::EpisodeFactors factors = market::official::episode_factors(kPeriod);
  market::official::PvalueStream stream(factors);
  std::vector<data::MarketLogSeat> seats;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const Advertiser advertiser = official_advertiser(seat);
    seats.push_back({seat, advertiser.category, advertiser.budget, advertiser.cpa_limit});
  }
  data::MarketLogWriter writer(path, data::MarketLogPrecision::kFloat64);
  writer.begin_period(kPeriod, seats);
  size_t first = 0;
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    const auto n = static_cast<size_t>(factors.num_pv[static_cast<size_t>(tick)]);
    std::vector<double> pvalue(n * kNumSeats);
    std::vector<double> sigma(n * kNumSeats);
    stream.fill_next(pvalue);
    market::official::fill_sigmas(factors, tick, pvalue, sigma);
    ASSERT_LE(first + n, prices.size());
    writer.add_tick(pvalue, sigma, std::vector<float>(n * data::kLadderSlots, 0.0F),
                    std::vector<uint8_t>(n * data::kLadderSlots, kNoSeat), std::span(prices).subspan(first, n));
    first += n;
  }
  ASSERT_EQ(first, prices.size());
  writer.end_period();
  data::MarketLogInfo info;
  info.ticks = kTicksPerPeriod;
  info.seats = kNumSeats;
  writer.finish(info);
}

struct Means {
  double expected_score = 0.0, score = 0.0, budget_use = 0.0, over = 0.0, conversions = 0.0, expected = 0.0;
};

Means means_of(const std::vector<ReplayCell>& cells) {
  Means sum;
  for (const ReplayCell& cell : cells) {
    sum.expected_score += cell.expected_score / kNumSeats;
    sum.score += cell.score / kNumSeats;
    sum.budget_use += cell.cost / cell.campaign.budget / kNumSeats;
    sum.over += (cell.cost > cell.expected_conversions * cell.campaign.cpa_limit ? 1.0 : 0.0) / kNumSeats;
    sum.conversions += cell.conversions;
    sum.expected += cell.expected_conversions;
  }
  return sum;
}

// The same day in the market: alpha 90 for everybody has a mean expected score of 29.35 over six periods, a quarter of
// the seats above their limit, 79 % of the budgets spent. A replay is cheaper (the last price in place of the slot's)
// and always exposed, so it must score more, but not without bound: the best constant alpha has 37.7.
TEST(ReplayOfTheOfficialMarket, OneAlphaForAllSeats) {
  GENBID_VECTOR(recorded, "official_market/lwc-22.npy");
  const std::vector<double> prices = test::read_npy(recorded).values;
  const test::TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(write_day(prices, folder.path("day.h5")));
  ReplayConfig config;
  config.log = {folder.path("day.h5")};
  config.periods.values = {kPeriod};
  const auto low = bidders::make_fixed_alpha(60.0, 0.0);
  const auto middle = bidders::make_fixed_alpha(90.0, 0.0);
  const auto high = bidders::make_fixed_alpha(300.0, 0.0);
  Bidder* bidders[] = {low.get(), middle.get(), high.get()};
  Threads threads(1);
  const auto results = *replay(config, bidders, threads);
  std::vector<Means> means;
  for (const auto& cells : results) {
    ASSERT_EQ(cells.size(), static_cast<size_t>(kNumSeats));
    for (const ReplayCell& cell : cells) {
      EXPECT_EQ(cell.num_pv, static_cast<int64_t>(prices.size()));
      EXPECT_LE(cell.cost, cell.campaign.budget);
    }
    means.push_back(means_of(cells));
    std::printf("expected score %.2f, score %.2f, budget use %.3f, over %.3f, conversions %.0f of %.1f expected\n",
                means.back().expected_score, means.back().score, means.back().budget_use, means.back().over,
                means.back().conversions, means.back().expected);
  }
  EXPECT_GT(means[1].expected_score, 27.0);
  EXPECT_LT(means[1].expected_score, 45.0);
  EXPECT_LT(means[0].budget_use, means[1].budget_use);
  EXPECT_LT(means[1].budget_use, means[2].budget_use);
  EXPECT_GT(means[2].budget_use, 0.99);
  EXPECT_LT(means[2].expected_score, means[1].expected_score);
  for (const Means& mean : means) EXPECT_NEAR(mean.conversions, mean.expected, 4.0 * std::sqrt(mean.expected));

  // The official protocol on the same log: the default player has 100 to spend and a limit of 2.
  config.rules = "official";
  const auto player = bidders::make_fixed_alpha(0.0, 1.0);
  Bidder* one[] = {player.get()};
  const auto official = (*replay(config, one, threads))[0];
  ASSERT_EQ(official.size(), 1U);
  EXPECT_EQ(official[0].num_pv, static_cast<int64_t>(prices.size()));
  EXPECT_LE(official[0].cost, 100.0);
}

}  // namespace
}  // namespace genbid::replay
