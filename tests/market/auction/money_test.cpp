#include "market/auction/money.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/memory.h"
#include "base/error.h"
#include "market/corrected/corrected_market.h"
#include "market/memory_need.h"
#include "market/official/auction.h"
#include "market/official/official_traffic.h"
#include "market/rule_sets.h"
#include "market/market_samples.h"

// Settings that are each valid meet in one quantity: money, sizes. A market plays right, or says what does not fit.

namespace genbid::market {
namespace {

using test::official_cell;
using test::Recorder;

Cell cell_of(const MarketConfig& config, double budget_scale, double cpa_scale) {
  Cell cell;
  cell.period = 1;
  for (int seat = 0; seat < config.shape().seats; ++seat) {
    Advertiser advertiser = official_advertiser(seat % kNumSeats);
    advertiser.budget *= budget_scale;
    advertiser.cpa_limit *= cpa_scale;
    cell.advertisers.push_back(advertiser);
  }
  return cell;
}

// Every seat bids `alpha` times something between 0.5 and 1.5 in each tick.
Recorder play_cell(const MarketConfig& config, const Cell& cell, double alpha, double squared = 0.0) {
  Threads threads(2);
  const auto market = make_market(config, threads);
  Recorder recorder(1);
  market->reset({cell});
  std::vector<BidFormula> bids(cell.advertisers.size());
  while (!market->done()) {
    const int tick = market->tick();
    for (size_t seat = 0; seat < bids.size(); ++seat) {
      const double part = 0.5 + static_cast<double>((seat * 31 + static_cast<size_t>(tick) * 17) % 64) / 64.0;
      bids[seat] = {.value = alpha * part, .value_squared = seat % 5 == 0 ? squared * part : 0.0};
    }
    market->step(bids);
    recorder.on_tick(0, tick, market->last_tick());
  }
  return recorder;
}

void expect_sound(const Recorder& played, const Cell& cell) {
  const double unit = 0x1p-32 * bid_unit(cell);
  for (size_t seat = 0; seat < cell.advertisers.size(); ++seat) {
    double remaining = cell.advertisers[seat].budget;
    double spent = 0.0;
    for (const auto& tick : played.ticks[0]) {
      const SeatTick& one = tick[seat];
      const TickOutcome& outcome = one.outcome;
      EXPECT_GE(outcome.cost, 0.0);
      EXPECT_LE(outcome.cost, one.start.remaining_budget);
      EXPECT_NEAR(one.start.remaining_budget, remaining, unit + 1e-9 * cell.advertisers[seat].budget);
      EXPECT_LE(outcome.num_conversions, outcome.num_exposed);
      EXPECT_LE(outcome.num_exposed, outcome.num_wins);
      EXPECT_LE(outcome.num_wins, one.start.num_pv);
      EXPECT_TRUE(std::isfinite(outcome.sum_bid) && outcome.sum_bid >= 0.0);
      EXPECT_TRUE(std::isfinite(outcome.sum_bid_exposed) && outcome.sum_bid_exposed >= 0.0);
      EXPECT_TRUE(std::isfinite(outcome.mean_least_winning_cost));
      remaining = one.start.remaining_budget - outcome.cost;
      spent += outcome.cost;
    }
    EXPECT_LE(spent, cell.advertisers[seat].budget * (1.0 + 1e-12));
  }
}

TEST(MarketMoney, EveryCornerOfScalesAndSizesPlaysWithinItsBudgets) {
  // budget_scale x rival_budget_scale x a drawn scale; cpa_scale x a drawn scale.
  for (const double budget_scale : {0.0, 1e-12, 1e-3, 1.0, 1e6, 1e9}) {
    for (const double cpa_scale : {1e-6, 1.0, 1e3, 1e6}) {
      for (const std::string& rules : rules_names()) {
        MarketConfig config;
        config.rules = rules;
        config.impressions = 600;
        SCOPED_TRACE(rules + " " + std::to_string(budget_scale) + " " + std::to_string(cpa_scale));
        const Cell cell = cell_of(config, budget_scale, cpa_scale);
        const Recorder played = play_cell(config, cell, 200.0 * cpa_scale, 1e4 * cpa_scale);
        ASSERT_EQ(played.ticks[0].size(), 48U);
        expect_sound(played, cell);
      }
      for (const int64_t seats : {1, 64}) {
        for (const int64_t ticks : {1, 96}) {
          for (const int64_t slots : {1, 3}) {
            for (const int64_t impressions : {48, 3000}) {
              MarketConfig config;
              config.impressions = impressions;
              config.traffic.structure = "own";
              config.traffic.seats = seats;
              config.traffic.ticks = ticks;
              config.traffic.slots = slots;
              config.traffic.value_level = impressions == 48 ? 0.2 : 1e-6;
              SCOPED_TRACE(std::to_string(seats) + " seats, " + std::to_string(ticks) + " ticks, " +
                           std::to_string(slots) + " slots, scales " + std::to_string(budget_scale) + ", " +
                           std::to_string(cpa_scale));
              const Cell cell = cell_of(config, budget_scale, cpa_scale);
              const Recorder played = play_cell(config, cell, 200.0 * cpa_scale);
              ASSERT_EQ(played.ticks[0].size(), static_cast<size_t>(ticks));
              expect_sound(played, cell);
            }
          }
        }
      }
    }
  }
}

TEST(MarketMoney, BudgetsBeyond32BitsAreKept) {
  MarketConfig config;
  config.impressions = 600;
  Threads threads(1);
  const auto market = make_market(config, threads);
  market->reset({official_cell(0, 1e9)});
  EXPECT_EQ(market->observe()[0].now.remaining_budget, 2900.0 * 1e9);
}

TEST(MarketMoney, SumsOfATickAreWiderThan64Bits) {
  constexpr int64_t kHalf = int64_t{1} << 62;
  TickSums one;
  one.seats[3].cost = one.seats[3].pvalue_exposed = one.seats[3].bid_exposed = one.least_winning_cost = kHalf;
  one.seats[3].squared_exposed = one.seats[3].cubed_exposed = kHalf;
  TickSums sum;
  for (int i = 0; i < 8; ++i) sum.add(one);
  EXPECT_EQ(from_money(sum.seats[3].cost), 0x1p33);
  EXPECT_EQ(from_money(sum.seats[3].bid_exposed), 0x1p33);
  EXPECT_EQ(from_money(sum.least_winning_cost), 0x1p33);
  EXPECT_EQ(from_expected(sum.seats[3].pvalue_exposed), 0x1p25);
  EXPECT_EQ(from_power(sum.seats[3].squared_exposed), 0x1p15);
  EXPECT_EQ(from_power(sum.seats[3].cubed_exposed), 0x1p15);
}

// Budgets, CPA limits and bids times a power of two, with prices far above 256: the same wins, all money times that.
TEST(MarketMoney, AnotherCurrencyPlaysTheSameMarket) {
  constexpr double kRate = 16384.0;
  MarketConfig config;
  config.impressions = 5000;
  const Recorder here = play_cell(config, cell_of(config, 12.0, 1024.0), 1e5, 1e7);
  const Recorder there = play_cell(config, cell_of(config, 12.0 * kRate, 1024.0 * kRate), 1e5 * kRate, 1e7 * kRate);
  double highest = 0.0;
  for (size_t tick = 0; tick < here.ticks[0].size(); ++tick) {
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      const TickOutcome& a = here.ticks[0][tick][seat].outcome;
      const TickOutcome& b = there.ticks[0][tick][seat].outcome;
      EXPECT_EQ(a.num_wins, b.num_wins);
      EXPECT_EQ(a.num_conversions, b.num_conversions);
      EXPECT_EQ(a.sum_pvalue_exposed, b.sum_pvalue_exposed);
      EXPECT_EQ(a.sum_pvalue_squared_exposed, b.sum_pvalue_squared_exposed);
      EXPECT_EQ(a.sum_pvalue_cubed_exposed, b.sum_pvalue_cubed_exposed);
      EXPECT_EQ(kRate * a.cost, b.cost);
      EXPECT_EQ(kRate * a.sum_bid, b.sum_bid);
      EXPECT_EQ(kRate * a.sum_bid_exposed, b.sum_bid_exposed);
      EXPECT_EQ(kRate * a.mean_least_winning_cost, b.mean_least_winning_cost);
      highest = std::max(highest, b.mean_least_winning_cost);
    }
  }
  EXPECT_GT(highest, 256.0);
}

TEST(MarketMoney, TheUnitOfBidsIsOneUpToALimitOf1024) {
  for (const auto& [limit, unit] : {std::pair(1.0, 1.0), {1024.0, 1.0}, {1025.0, 2.0}, {2048.0, 2.0}, {1e6, 1024.0}}) {
    Cell cell = official_cell(0);
    for (Advertiser& advertiser : cell.advertisers) advertiser.cpa_limit = 1.0;
    cell.advertisers[7].cpa_limit = limit;
    EXPECT_EQ(bid_unit(cell), unit) << limit;
  }
}

// Impressions and ladders are in the campaign's money, too.
TEST(MarketMoney, WhatIsKeptOfATickIsInTheMoneyOfTheCampaigns) {
  MarketConfig config;
  config.impressions = 2000;
  Threads threads(1);
  const auto market = make_market(config, threads);
  market->keep_impressions(true);
  market->keep_ladders(true);
  market->reset({cell_of(config, 1e6, 1e4)});
  const std::vector<BidFormula> bids(kNumSeats, {.value = 1e6});
  market->step(bids);
  const TickImpressions& kept = market->impressions(0);
  const TickLadder& ladder = market->ladder(0);
  double cost = 0.0;
  for (size_t i = 0; i < kept.price.size(); ++i) cost += kept.exposed[i] != 0 ? kept.price[i] : 0.0;
  double told = 0.0;
  double sum = 0.0;
  for (const SeatTick& seat : market->last_tick()) told += seat.outcome.cost;
  for (int64_t pv = 0; pv < kept.num_pv; ++pv) {
    const TopFour top = ladder.tops[static_cast<size_t>(pv / kBlockWidth)].get(static_cast<int>(pv % kBlockWidth));
    EXPECT_EQ(static_cast<double>(top.price(2, static_cast<float>(AuctionRule().reserve))),
              kept.least_winning_cost[static_cast<size_t>(pv)]);
    sum += kept.least_winning_cost[static_cast<size_t>(pv)];
  }
  EXPECT_NEAR(cost, told, 1e-6 * told);
  EXPECT_GT(sum / static_cast<double>(kept.num_pv), 256.0);
}

TEST(MarketMoney, CampaignsWithoutAnAmountAreRefused) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const std::string& rules : rules_names()) {
    MarketConfig config;
    config.rules = rules;
    config.impressions = 600;
    Threads threads(1);
    const auto market = make_market(config, threads);
    for (const double bad : {-1.0, kInfinity, std::numeric_limits<double>::quiet_NaN(), 1e25}) {
      for (const bool budget : {true, false}) {
        Cell cell = official_cell(4);
        (budget ? cell.advertisers[9].budget : cell.advertisers[9].cpa_limit) = bad;
        try {
          market->reset({cell});
          FAIL() << "no error";
        } catch (const Error& e) {
          const std::string text = e.what();
          EXPECT_EQ(text.find(std::string("period 4, seat 9: ") + (budget ? "budget" : "CPA limit")), 0U) << text;
          EXPECT_NE(text.find("expected 0 to 1e+24"), std::string::npos) << text;
        }
      }
    }
  }
}

// One campaign's limit sets the unit, and with it the reserve, of all.
TEST(MarketMoney, ACampaignInAnotherCurrencyIsRefused) {
  MarketConfig config;
  config.impressions = 600;
  Threads threads(1);
  const auto market = make_market(config, threads);
  Cell cell = official_cell(4);
  for (Advertiser& advertiser : cell.advertisers) advertiser.cpa_limit = 100.0;
  cell.advertisers[5].cpa_limit = 0.0;  // buys nothing in any currency
  cell.advertisers[9].cpa_limit = 60.0;
  cell.advertisers[3].cpa_limit = 32.0 * 1024.0;  // in units of 32
  EXPECT_NO_THROW(market->reset({cell}));
  cell.advertisers[3].cpa_limit = 1e7;
  try {
    market->reset({cell});
    FAIL() << "no error";
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_EQ(text.find("period 4, seats 3 and 9: CPA limits times their cpa_scale: found 1e+07 and 60, expected"), 0U)
        << text;
    EXPECT_NE(text.find("at least 16384"), std::string::npos) << text;
    EXPECT_NE(text.find("one currency"), std::string::npos) << text;
  }
}

// Where the unit is 1, limits may lie as far apart as they like.
TEST(MarketMoney, LimitsFarApartShareAUnitOfOne) {
  MarketConfig config;
  config.impressions = 600;
  Threads threads(1);
  Cell cell = official_cell(4);
  cell.advertisers[3].cpa_limit = 1e-6;
  cell.advertisers[9].cpa_limit = 1024.0;
  EXPECT_NO_THROW(make_market(config, threads)->reset({cell}));
}

TEST(MarketMoney, EnormousAndNegativeCoefficientsStayWithinBudgets) {
  for (const std::string& rules : rules_names()) {
    for (const double alpha : {1e300, -1e300, 0.5 * std::numeric_limits<double>::max(), 1e-300, -5.0}) {
      for (const double squared : {0.0, 1e300, -1e300}) {
        MarketConfig config;
        config.rules = rules;
        config.impressions = 600;
        SCOPED_TRACE(rules + " " + std::to_string(alpha > 0.0) + " " + std::to_string(squared));
        const Cell cell = cell_of(config, 1.0, 1.0);
        expect_sound(play_cell(config, cell, alpha, squared), cell);
      }
    }
  }
}

// What cannot happen must not loop for ever if it does.
TEST(MarketMoney, AnOverspendPassThatTakesNothingIsAnError) {
  const Traffic traffic(1, 100000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = test::make_tick({{{0, 1.0F}}});
  std::vector<WideSum> money(static_cast<size_t>(kNumSeats), 0);
  money[5] = -1;
  CellTick auction(1);
  try {
    auction.play({traffic, factors, tick}, test::bids_of({}), money, nullptr);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("period 0, tick 0, seat 5: found cost 0 and remaining budget -2.3"), 0U)
        << e.what();
  }
}

TEST(MarketMoney, AnOfficialPassThatTakesNothingIsAnError) {
  official::TickTraffic tick;
  tick.num_pv = 1;
  tick.pvalue.assign(official::kSeats, 0.5);
  tick.sigma_ratio.assign(official::kSeats, 0.1);
  tick.finish();
  official::SeedOneDraws draws;
  draws.reserve(kNumSeats);
  const official::Auction::Truncation truncation(official::kSeats, official::truncation({0.5, 0.5}));
  std::array<double, official::kSeats> money{};
  money[5] = -1.0;
  official::Auction auction;
  try {
    auction.play(tick, official::Auction::Bids{}, truncation, draws, money, nullptr);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("period 0, tick 0, seat 5: found cost 0 and remaining budget -1"), 0U)
        << e.what();
  }
}

// Bids above 256 are cut under the rules corrected alone.
TEST(MarketMoney, TheOfficialLadderHoldsBidsOfAnyHeight) {
  MarketConfig config;
  config.rules = "official";
  config.impressions = 600;
  Threads threads(1);
  const auto market = make_market(config, threads);
  market->keep_impressions(true);
  market->keep_ladders(true);
  market->reset({official_cell(1, 1e9)});
  std::vector<BidFormula> bids(kNumSeats);
  for (size_t seat = 0; seat < bids.size(); ++seat) bids[seat].value = 1e7 + static_cast<double>(seat);
  market->step(bids);
  const TickImpressions& kept = market->impressions(0);
  for (int64_t pv = 0; pv < kept.num_pv; ++pv) {
    const TopFour top =
        market->ladder(0).tops[static_cast<size_t>(pv / kBlockWidth)].get(static_cast<int>(pv % kBlockWidth));
    const double expected = kept.least_winning_cost[static_cast<size_t>(pv)];
    EXPECT_NEAR(static_cast<double>(top.price(2, static_cast<float>(AuctionRule().reserve))), expected,
                1e-6 * expected);
    EXPECT_GT(top.bid[0], kMaxBid);
  }
}

TEST(MarketMemory, WhatDoesNotFitIsRefusedWithWhatItTakes) {
  check_memory("a tick", 1000, 1e9, 1e9);
  try {
    check_memory("a tick", 100'000'000, 21.3e9, 4.2e9);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "market.impressions: found 100000000, for which a tick takes 21.3 GB of memory; expected at most the "
                 "4.2 GB that are available");
  }
  EXPECT_GT(available_memory(), 1e6);
}

// More cells with kept impressions, or more periods, than any machine has room for.
TEST(MarketMemory, AMarketThatDoesNotFitIsRefusedBeforeItsTrafficIsMade) {
  for (const std::string& rules : rules_names()) {
    MarketConfig config;
    config.rules = rules;
    config.impressions = 10'000'000;
    Threads threads(1);
    const auto market = make_market(config, threads);
    std::vector<Cell> cells;
    const bool holds = config.rule_set().holds_traffic;
    market->keep_impressions(!holds);
    for (int i = 0; i < (holds ? 400 : 2000); ++i) cells.push_back(official_cell(holds ? i : 0));
    try {
      market->reset(cells);
      FAIL() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find("market.impressions: found 10000000, for which a "), 0U) << e.what();
    }
  }
}

}  // namespace
}  // namespace genbid::market
