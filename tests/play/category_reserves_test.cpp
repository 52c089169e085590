#include "play/category_reserves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"
#include "play/population.h"
#include "play/run_identity.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

market::MarketConfig small_market(const std::string& reserve_from) {
  market::MarketConfig config;
  ConfigFile::parse("{impressions: 3000, budget_scale: 0.006}", "test", {"auction.reserve_from=" + reserve_from})
      .read(config);
  return config;
}

// The lowest price of a slot that a seat of a category held, and the tick's least winning costs, impression by
// impression.
struct Prices : market::PeriodSink {
  std::vector<double> lowest =
      std::vector<double>(size_t{kTicksPerPeriod} * 6, std::numeric_limits<double>::infinity());
  std::vector<market::TickImpressions> ticks;
  std::vector<std::vector<market::SeatTick>> seats;
  void on_tick(int64_t, int, std::span<const market::SeatTick> all) override {
    seats.emplace_back(all.begin(), all.end());
  }
  void on_impressions(int64_t, int tick, std::span<const market::SeatTick>,
                      const market::TickImpressions& one) override {
    ticks.push_back(one);
    for (size_t row = 0; row < one.slot.size(); ++row) {
      if (one.slot[row] == 0) continue;
      double& price = lowest[static_cast<size_t>(tick) * 6 + row % kNumSeats / kSeatsPerCategory];
      price = std::min(price, one.price[row]);
    }
  }
  double of(int tick, int seat) const { return lowest[static_cast<size_t>(tick * 6 + seat / kSeatsPerCategory)]; }
};

void play_all(const market::MarketConfig& config, const Population& population, const std::vector<int64_t>& periods,
              Prices& prices) {
  Threads threads(1);
  const auto market = market::make_market(config, threads);
  const SeatedPopulation seated(population, config.bidder_rules());
  market->keep_impressions(true);
  for (const int64_t period : periods) {
    ASSERT_TRUE(
        market::play(*market, {make_cell(population, period, config)}, seated.bidders, seated.seat_bidder, prices));
  }
}

TEST(CategoryReserves, AreAShareOfTheLowestPriceThatTheCategoryPaid) {
  const market::MarketConfig asked = small_market("{population: rules48, share: 0.5, periods: 7..9}");
  market::MarketConfig made = asked, threaded = asked;
  Threads one(1), three(3);
  ASSERT_TRUE(make_reserves(made, one));
  ASSERT_TRUE(make_reserves(threaded, three));
  EXPECT_EQ(made.auction.own_reserves, threaded.auction.own_reserves);
  market::MarketConfig history = asked;
  history.auction.reserve_from = {};
  Prices prices;
  play_all(history, load_population("rules48"), {7, 8, 9}, prices);
  const AuctionRule rule = made.auction_rule();
  int above = 0;
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const double lowest = prices.of(tick, seat);
      const double expected =
          lowest == std::numeric_limits<double>::infinity() ? 0.0001 : std::max(0.0001, 0.5 * lowest);
      EXPECT_NEAR(rule.reserve_of(tick, seat), expected, 1e-9) << tick << " " << seat;
      above += expected > 0.001 ? 1 : 0;
    }
  }
  EXPECT_GT(above, 1000);
}

TEST(CategoryReserves, NoneAreMadeWhereNoneAreAskedFor) {
  market::MarketConfig config;
  Threads threads(1);
  ASSERT_TRUE(make_reserves(config, threads));
  EXPECT_TRUE(config.auction.own_reserves.empty());
}

// In the market that has them: nobody pays less, and what a seat is told of prices is what it would have to pay.
TEST(CategoryReserves, ArePaidByEverySeatOfTheCategory) {
  market::MarketConfig config = small_market("{population: rules48, share: 1, periods: 7..8}");
  Threads threads(1);
  ASSERT_TRUE(make_reserves(config, threads));
  const AuctionRule rule = config.auction_rule();
  Prices prices;
  play_all(config, load_population("pid48"), {30}, prices);
  int at_reserve = 0;
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    const market::TickImpressions& all = prices.ticks[static_cast<size_t>(tick)];
    std::vector<double> least(kNumSeats, 0.0);
    for (size_t pv = 0; pv < static_cast<size_t>(all.num_pv); ++pv) {
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        const auto reserve = static_cast<double>(static_cast<float>(rule.reserve_of(tick, static_cast<int>(seat))));
        const size_t row = pv * kNumSeats + seat;
        least[seat] += std::max(all.least_winning_cost[pv], reserve);
        if (all.slot[row] == 0) continue;
        ASSERT_GE(all.price[row], reserve);
        ASSERT_GE(all.bid[row], reserve);
        at_reserve += all.price[row] == reserve ? 1 : 0;
      }
    }
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      EXPECT_NEAR(prices.seats[static_cast<size_t>(tick)][seat].outcome.mean_least_winning_cost,
                  least[seat] / static_cast<double>(std::max<int64_t>(1, all.num_pv)), 1e-8);
    }
  }
  EXPECT_GT(at_reserve, 100);
}

SimulateConfig simulation(const std::string& dir, std::vector<std::string> overrides) {
  SimulateConfig config;
  overrides.push_back("output.dir=" + dir);
  ConfigFile::parse("{market: {impressions: 3000, budget_scale: 0.006, periods: 30}, threads: 1}", "test", overrides)
      .read(config);
  return config;
}

TEST(CategoryReserves, AreOptionsOfASimulation) {
  const test::TemporaryFolder folder;
  const std::string from = "market.auction.reserve_from={population: rules48, periods: 7..8}";
  ASSERT_TRUE(simulate(simulation(folder.path("with"), {from})));
  ASSERT_TRUE(simulate(simulation(folder.path("without"), {})));
  EXPECT_NE(read_file(folder.path("with/periods.csv")), read_file(folder.path("without/periods.csv")));
  const auto error = [&](const std::vector<std::string>& overrides) -> std::string {
    try {
      simulation(folder.path("none"), overrides);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(error({from, "output.market_log=true"}).find("a log has one price an impression"), std::string::npos);
  EXPECT_NE(error({"market.auction.reserve_from={population: nobody, periods: 7}"}).find("expected in reserve_from"),
            std::string::npos);
}

// A data set goes on with the reserves that it began with, whoever made them.
TEST(CategoryReserves, AreInTheIdentityOfARun) {
  const std::string from = "market.auction.reserve_from={population: rules48, periods: 7}";
  SimulateConfig config = simulation("runs/none", {from});
  const Population population = load_population("pid48");
  Threads threads(1);
  ASSERT_TRUE(make_reserves(config.market, threads));
  const std::string identity = run_identity(config, population);
  EXPECT_NE(identity.find("population: rules48"), std::string::npos);
  EXPECT_NE(identity.find("reserves: content "), std::string::npos);
  config.market.auction.own_reserves[3] *= 2.0;
  EXPECT_NE(run_identity(config, population), identity);
  EXPECT_EQ(run_identity(simulation("runs/none", {}), population).find("reserve"), std::string::npos);
}

}  // namespace
}  // namespace genbid::play
