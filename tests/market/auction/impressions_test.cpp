#include "market/auction/impressions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "numpy/numpy_sum.h"
#include "market/market_samples.h"
#include "market/rule_sets.h"

namespace genbid::market {
namespace {

const auto kReserve = static_cast<float>(AuctionRule().reserve);

using test::official_cell;

// Some seats bid squares, one is negative, one bids more than all others.
BidFormula varied(size_t row) {
  const size_t seat = row % kNumSeats;
  if (seat == 7) return {.value = -20.0, .value_squared = 0.0};
  if (seat == 9) return {.value = 400.0, .value_squared = 0.0};
  return {.value = 40.0 + static_cast<double>(row * 31 % 120), .value_squared = seat % 11 == 5 ? 10000.0 : 0.0};
}

struct Played {
  std::vector<SeatTick> seats;  // of cell 0
  TickImpressions impressions;
};

// The ticks of cell 0, of `num_cells` cells.
std::vector<Played> play_all(const std::string& rules, int num_threads, size_t num_cells = 1) {
  MarketConfig config;
  config.rules = rules;
  config.impressions = 10000;
  Threads threads(num_threads);
  const auto market = make_market(config, threads);
  market->keep_impressions(true);
  market->reset(std::vector<Cell>(num_cells, official_cell(1, 0.008)));  // many run out of money
  std::vector<BidFormula> bids(num_cells * kNumSeats);
  for (size_t row = 0; row < bids.size(); ++row) bids[row] = varied(row);
  std::vector<Played> played;
  while (!market->done()) {
    market->step(bids);
    const auto seats = market->last_tick().first(kNumSeats);
    played.push_back({{seats.begin(), seats.end()}, market->impressions(0)});
  }
  return played;
}

class Impressions : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Rules, Impressions, testing::ValuesIn(rules_names()));

TEST_P(Impressions, AddUpToWhatTheTickBrought) {
  const bool official = GetParam() == "official";
  int num_repeated = 0;
  int64_t num_wins = 0;
  for (const Played& tick : play_all(GetParam(), 1)) {
    const TickImpressions& all = tick.impressions;
    num_repeated += tick.seats[0].num_clearings > 1 ? 1 : 0;
    const auto n = static_cast<double>(all.num_pv);
    int64_t least = 0;
    for (const double price : all.least_winning_cost) least += to_money(price);
    const double mean_least =
        official ? numpy::pairwise_sum(all.num_pv,
                                       [&](int64_t pv) { return all.least_winning_cost[static_cast<size_t>(pv)]; }) /
                       n
                 : from_money(least) / n;
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      const TickOutcome& outcome = tick.seats[seat].outcome;
      ASSERT_EQ(all.num_pv, tick.seats[seat].start.num_pv);
      int64_t wins = 0, exposed = 0, conversions = 0, money = 0, expected = 0, squared = 0, cubed = 0, bid_exposed = 0;
      double cost = 0.0, sum_pvalue = 0.0, sum_bid = 0.0, sum_bid_exposed = 0.0, pvalue_exposed = 0.0;
      double squared_exposed = 0.0, cubed_exposed = 0.0;
      for (size_t pv = 0; pv < static_cast<size_t>(all.num_pv); ++pv) {
        const size_t row = pv * kNumSeats + seat;
        sum_pvalue += all.pvalue[row];
        sum_bid += all.bid[row];
        wins += all.slot[row] > 0 ? 1 : 0;
        conversions += all.conversion[row];
        if (all.exposed[row] == 0) continue;
        ++exposed;
        cost += all.price[row];
        money += to_money(all.price[row]);
        pvalue_exposed += all.pvalue[row];
        expected += to_expected(static_cast<float>(all.pvalue[row]));
        const double square = all.pvalue[row] * all.pvalue[row];
        squared_exposed += square;
        squared += to_power(square);
        cubed_exposed += square * all.pvalue[row];
        cubed += to_power(square * all.pvalue[row]);
        sum_bid_exposed += all.bid[row];
        bid_exposed += to_money(all.bid[row]);
      }
      num_wins += wins;
      EXPECT_EQ(wins, outcome.num_wins);
      EXPECT_EQ(exposed, outcome.num_exposed);
      EXPECT_EQ(conversions, outcome.num_conversions);
      EXPECT_EQ(official ? cost : from_money(money), outcome.cost);
      EXPECT_EQ(mean_least, outcome.mean_least_winning_cost);
      EXPECT_EQ(official ? squared_exposed : from_power(squared), outcome.sum_pvalue_squared_exposed);
      EXPECT_EQ(official ? cubed_exposed : from_power(cubed), outcome.sum_pvalue_cubed_exposed);
      if (official) {
        EXPECT_NEAR(pvalue_exposed, outcome.sum_pvalue_exposed, 1e-13);
        EXPECT_NEAR(sum_bid_exposed, outcome.sum_bid_exposed, 1e-12);
        EXPECT_NEAR(sum_bid, outcome.sum_bid, 1e-12 * sum_bid);
      } else {
        EXPECT_EQ(from_expected(expected), outcome.sum_pvalue_exposed);
        EXPECT_NEAR(from_money(bid_exposed), outcome.sum_bid_exposed,
                    1e-6 * from_money(bid_exposed));                   // unrounded bids
        EXPECT_NEAR(sum_bid, outcome.sum_bid, 1e-6 * sum_bid + 1e-8);  // the tick's sum is of unrounded bids
      }
      EXPECT_NEAR(sum_pvalue, outcome.sum_pvalue, 1e-10 * sum_pvalue);
    }
  }
  EXPECT_GT(num_repeated, 5);
  EXPECT_GT(num_wins, 10000);
}

TEST_P(Impressions, HoldersPayTheNextBidAndShowFromTheTop) {
  for (const Played& tick : play_all(GetParam(), 1)) {
    const TickImpressions& all = tick.impressions;
    for (size_t pv = 0; pv < static_cast<size_t>(all.num_pv); ++pv) {
      std::array<int, 4> holder = {-1, -1, -1, -1};
      std::array<double, 4> bids{};  // the highest
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        const size_t row = pv * kNumSeats + seat;
        EXPECT_GE(all.bid[row], 0.0);
        EXPECT_FALSE(std::signbit(all.bid[row]));
        EXPECT_GE(all.sigma[row], 0.0);
        EXPECT_LE(all.sigma[row], 0.301 * all.pvalue[row]);
        EXPECT_LE(all.conversion[row], all.exposed[row]);
        EXPECT_LE(all.exposed[row], all.slot[row]);
        if (all.slot[row] == 0) {
          EXPECT_EQ(all.price[row], 0.0);
        } else {
          EXPECT_EQ(holder.at(all.slot[row]), -1);
          holder.at(all.slot[row]) = static_cast<int>(seat);
        }
        double bid = all.bid[row];
        for (double& higher : bids) {
          if (bid > higher) std::swap(bid, higher);
        }
      }
      const double reserve = GetParam() == "official" ? 0.0001 : static_cast<double>(0.0001F);
      EXPECT_EQ(all.least_winning_cost[pv], std::max(bids[3], reserve));
      bool shown = true;
      for (size_t slot = 1; slot <= 3; ++slot) {
        if (holder[slot] < 0) continue;
        const size_t row = pv * kNumSeats + static_cast<size_t>(holder[slot]);
        EXPECT_EQ(all.bid[row], bids[slot - 1]);
        EXPECT_EQ(all.price[row], std::max(bids[slot], reserve));
        EXPECT_LE(all.exposed[row] > 0, shown);
        shown = all.exposed[row] > 0;
      }
    }
  }
}

TEST_P(Impressions, AreTheSameForAnyThreadsAndBesideOtherCells) {
  const auto alone = play_all(GetParam(), 1);
  for (const auto& other : {play_all(GetParam(), 3), play_all(GetParam(), 2, 9)}) {
    ASSERT_EQ(other.size(), alone.size());
    for (size_t t = 0; t < alone.size(); ++t) {
      const TickImpressions& a = alone[t].impressions;
      const TickImpressions& b = other[t].impressions;
      EXPECT_TRUE(a.pvalue == b.pvalue && a.sigma == b.sigma && a.bid == b.bid && a.price == b.price);
      EXPECT_TRUE(a.slot == b.slot && a.exposed == b.exposed && a.conversion == b.conversion);
      EXPECT_TRUE(a.least_winning_cost == b.least_winning_cost);
    }
  }
}

// The same impressions as blocks: values, and the four highest final bids, equal ones by seat. Official bids are
// doubles, and equal as floats here and there; below the reserve there is no bid.
TEST_P(Impressions, LaddersAreTheirHighestBids) {
  MarketConfig config;
  config.rules = GetParam();
  config.impressions = 10000;
  Threads threads(2);
  const auto market = make_market(config, threads);
  market->keep_impressions(true);
  market->keep_ladders(true);
  market->reset({official_cell(1, 0.008)});
  std::vector<BidFormula> bids(kNumSeats);
  for (size_t row = 0; row < bids.size(); ++row) bids[row] = varied(row);
  int64_t num_pv = 0;
  while (!market->done()) {
    market->step(bids);
    const TickImpressions& all = market->impressions(0);
    const TickLadder& ladder = market->ladder(0);
    ASSERT_EQ(std::ssize(ladder.blocks), (all.num_pv + kBlockWidth - 1) / kBlockWidth);
    for (int64_t pv = 0; pv < all.num_pv; ++pv) {
      const LadderBlock& block = ladder.blocks[static_cast<size_t>(pv / kBlockWidth)];
      const int lane = static_cast<int>(pv % kBlockWidth);
      ASSERT_LT(lane, block.num_lanes);
      std::vector<std::pair<float, size_t>> expected;
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        const size_t place = static_cast<size_t>(pv) * kNumSeats + seat;
        ASSERT_EQ(block.values[seat * kBlockWidth + static_cast<size_t>(lane)], static_cast<float>(all.pvalue[place]));
        const auto bid = static_cast<float>(all.bid[place]);
        if (bid >= kReserve) expected.emplace_back(-bid, seat);
      }
      std::sort(expected.begin(), expected.end());
      const TopFour top = block.top->get(lane);
      for (size_t k = 0; k < 4; ++k) {
        ASSERT_EQ(top.bid[k], k < expected.size() ? -expected[k].first : 0.0F);
        ASSERT_EQ(top.seat[k], k < expected.size() ? expected[k].second : kNoSeat);
      }
    }
    num_pv += all.num_pv;
  }
  EXPECT_GT(num_pv, 9000);
}

TEST_P(Impressions, ChangeNothingAndComeAfterTheirTick) {
  MarketConfig config;
  config.rules = GetParam();
  config.impressions = 2000;
  struct Sink : PeriodSink {
    std::vector<SeatTick> ticks;
    int num_impressions = 0;
    void on_tick(int64_t, int, std::span<const SeatTick> seats) override {
      ticks.insert(ticks.end(), seats.begin(), seats.end());
    }
    void on_impressions(int64_t, int tick, std::span<const SeatTick> seats, const TickImpressions& all) override {
      EXPECT_EQ(ticks.size(), static_cast<size_t>((tick + 1) * kNumSeats));
      EXPECT_EQ(seats[0].start.num_pv, all.num_pv);
      ++num_impressions;
    }
  };
  struct Ninety : Bidder {
    void reset(std::span<const SeatView>) override {}
    void bid(std::span<const SeatView>, std::span<BidFormula> bids) override {
      for (BidFormula& bid : bids) bid.value = 90.0;
    }
  } ninety;
  Bidder* const bidder = &ninety;
  std::vector<SeatTick> plain;
  for (const bool keep : {false, true}) {
    Threads threads(1);
    const auto market = make_market(config, threads);
    market->keep_impressions(keep);
    Sink sink;
    ASSERT_TRUE(play(*market, {official_cell(0, 0.004)}, {&bidder, 1}, std::vector<int>(kNumSeats, 0), sink));
    EXPECT_EQ(sink.num_impressions, keep ? kTicksPerPeriod : 0);
    if (!keep) plain = sink.ticks;
    ASSERT_EQ(sink.ticks.size(), plain.size());
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(test::same(sink.ticks[i], plain[i]));
  }
}

}  // namespace
}  // namespace genbid::market
