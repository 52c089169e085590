#include "market/corrected/cell_tick.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "market/market_samples.h"

namespace genbid::market {
namespace {

const auto kReserve = static_cast<float>(AuctionRule().reserve);

using test::make_tick;

std::vector<WideSum> money_of(double everybody) {
  return std::vector<WideSum>(static_cast<size_t>(kNumSeats), to_money(everybody));
}

class CellTickTest : public testing::Test {
 protected:
  Traffic traffic_{1, 100000};
  PeriodFactors factors_ = traffic_.factors(0);
  CellTick auction_{1};
};

TEST_F(CellTickTest, OnePassWhereEverybodyCanPay) {
  const TickTraffic tick = make_tick({{{0, 1.0F}, {1, 0.5F}}, {{0, 1.0F}, {1, 0.5F}}});
  const SeatBids bids = test::bids_of({.value = 1.0});
  EXPECT_EQ(auction_.play({traffic_, factors_, tick}, bids, money_of(1.0), nullptr), 1);
  EXPECT_EQ(from_money(auction_.sums().seats[0].cost), 1.0);  // exactly all it has
  EXPECT_EQ(auction_.lost(0), 0U);
}

// Seat 0 wins four impressions at 1/2 each and has 1.25: cost 2, ratio 0.375, ceil(4 x 0.375) = 2 wins go. The
// seat below it moves up there and pays the reserve.
TEST_F(CellTickTest, DropsTheShareOfWinsThatIsTooMuch) {
  const TickTraffic tick = make_tick(std::vector<std::vector<test::SeatValue>>(4, {{0, 1.0F}, {1, 0.5F}}));
  const SeatBids bids = test::bids_of({.value = 1.0});
  std::vector<WideSum> money = money_of(100.0);
  money[0] = to_money(1.25);
  EXPECT_EQ(auction_.play({traffic_, factors_, tick}, bids, money, nullptr), 2);
  EXPECT_EQ(from_money(auction_.sums().seats[0].cost), 1.0);
  EXPECT_EQ(auction_.sums().seats[0].wins, 2);
  EXPECT_EQ(auction_.sums().seats[1].wins, 4);
  EXPECT_EQ(auction_.sums().seats[1].cost, 4 * to_money(static_cast<double>(kReserve)));
  EXPECT_EQ(auction_.sum_of_lost_bids(bids, 0), 2.0);
  EXPECT_EQ(auction_.sum_of_lost_bids(bids, 1), 0.0);
  int lost = 0;
  for (int64_t pv = 0; pv < 4; ++pv) {
    lost += auction_.lost(pv) == 1 ? 1 : 0;
    EXPECT_EQ(auction_.top(pv).seat[0], auction_.lost(pv) == 1 ? 1 : 0);
  }
  EXPECT_EQ(lost, 2);
}

// Slots that are held but not shown count as wins to be dropped, though they cost nothing.
TEST_F(CellTickTest, DropsInEverySlotShownOrNot) {
  TickTraffic tick = make_tick({{{0, 1.0F}, {1, 0.5F}}, {{0, 0.5F}, {1, 1.0F}, {2, 0.25F}}});
  tick.num_shown = {1, 1};
  std::vector<WideSum> money = money_of(100.0);
  money[0] = to_money(0.25);  // pays 0.5 for slot 1 of the first impression
  const SeatBids bids = test::bids_of({.value = 1.0});
  EXPECT_EQ(auction_.play({traffic_, factors_, tick}, bids, money, nullptr), 2);
  EXPECT_EQ(auction_.lost(0), 1U);
  EXPECT_EQ(auction_.lost(1), 1U);
  EXPECT_EQ(auction_.sums().seats[0].wins, 0);
}

// Only slot 1 is shown. Seat 0 cannot pay for it; seat 1, which moves up, cannot either.
TEST_F(CellTickTest, WhoMovesUpMayOverspendNext) {
  TickTraffic tick = make_tick({{{0, 1.0F}, {1, 0.5F}, {2, 0.25F}, {3, 0.125F}}});
  tick.num_shown[0] = 1;
  std::vector<WideSum> money = money_of(100.0);
  money[0] = to_money(0.4);
  money[1] = to_money(0.2);
  EXPECT_EQ(auction_.play({traffic_, factors_, tick}, test::bids_of({.value = 1.0}), money, nullptr), 3);
  EXPECT_EQ(auction_.top(0).seat[0], 2);
  EXPECT_EQ(auction_.lost(0), 3U);
}

// Nobody overspends, whatever the budgets; the loop ends; what it kept up to date is what clearing from scratch
// with the lost bids left out gives.
TEST_F(CellTickTest, NobodyOverspendsAndTheSumsAreThoseOfAFreshClearing) {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    const int t = static_cast<int>(random() % kTicksPerPeriod);
    const TickTraffic tick = test::generated_tick(traffic_, factors_, t);
    SeatBids bids(round % 2 == 0 ? AuctionRule() : test::with_own_reserves(), t);
    std::vector<WideSum> money;
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const double alpha = 20.0 + static_cast<double>(random() % 150);
      bids.add(seat, {.value = alpha, .value_squared = seat % 9 == 0 ? 20000.0 : 0.0});
      // From a hundred-thousandth of a unit to more than a tick costs.
      money.push_back(to_money(std::pow(10.0, -5.0 + static_cast<double>(random() % 7000) * 1e-3)));
    }
    const TickContext context{traffic_, factors_, tick};
    const int num_passes = auction_.play(context, bids, money, nullptr);
    EXPECT_GE(num_passes, 2);
    EXPECT_LT(num_passes, 200);

    TickSums fresh;
    std::array<double, kNumSeats> lost_bids{};
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
      const TopFour top = clear_one(tick, pv, bids, auction_.lost(pv));
      ASSERT_EQ(top.seat, auction_.top(pv).seat);
      ASSERT_EQ(top.bid, auction_.top(pv).bid);
      tally(context, bids, pv, top, 1, fresh);
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        if ((auction_.lost(pv) >> seat & 1U) == 0) continue;
        lost_bids[seat] += static_cast<double>(competing_bid(
            bids.value[seat], bids.value_squared[seat], tick.value(pv, static_cast<int>(seat)), bids.reserve_of[seat]));
      }
    }
    EXPECT_EQ(fresh.least_winning_cost, auction_.sums().least_winning_cost);
    EXPECT_EQ(auction_.least_winning_cost(tick, bids.reserve), fresh.least_winning_cost);
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      const SeatSums& kept = auction_.sums().seats[seat];
      EXPECT_LE(kept.cost, money[seat]);
      EXPECT_EQ(kept.cost, fresh.seats[seat].cost);
      EXPECT_EQ(kept.wins, fresh.seats[seat].wins);
      EXPECT_EQ(kept.exposed, fresh.seats[seat].exposed);
      EXPECT_EQ(kept.conversions, fresh.seats[seat].conversions);
      EXPECT_EQ(kept.pvalue_exposed, fresh.seats[seat].pvalue_exposed);
      EXPECT_EQ(kept.bid_exposed, fresh.seats[seat].bid_exposed);
      EXPECT_NEAR(auction_.sum_of_lost_bids(bids, static_cast<int>(seat)), lost_bids[seat], 1e-6);
    }
  }
}

// Wins go by their random keys, not by their place: of 3200 equal wins half are lost, evenly over the tick.
TEST_F(CellTickTest, LostWinsAreSpreadOverTheTick) {
  constexpr int kCount = 3200;
  const TickTraffic tick = make_tick(std::vector<std::vector<test::SeatValue>>(kCount, {{0, 1.0F}, {1, 0.5F}}));
  std::vector<WideSum> money = money_of(1e6);
  money[0] = to_money(kCount * 0.25);
  auction_.play({traffic_, factors_, tick}, test::bids_of({.value = 1.0}), money, nullptr);
  int first_half = 0;
  for (int64_t pv = 0; pv < kCount / 2; ++pv) first_half += auction_.lost(pv) == 1 ? 1 : 0;
  EXPECT_EQ(auction_.sums().seats[0].wins, kCount / 2);
  EXPECT_NEAR(first_half, kCount / 4, 4.5 * std::sqrt(kCount / 16.0));
}

// A large tick with tight money, in which the first pass takes wins all over the tick and later ones ever fewer: every
// way to clear again, on one thread and split over several, is the same to the bit, and what a fresh clearing gives.
TEST(CellTickThreads, ASplitTickWithTightMoneyIsTheSameToTheBit) {
  constexpr int64_t kImpressions = 10'000;
  TrafficConfig config;
  config.structure = "own";
  config.ticks = 1;
  const Traffic traffic(1, kImpressions, config);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = test::generated_tick(traffic, factors, 0);
  const TickContext context{traffic, factors, tick};
  ASSERT_GE(tick.num_pv, kImpressions - 1);
  for (const bool all_short : {true, false}) {
    SeatBids bids;
    std::vector<WideSum> money;
    for (int seat = 0; seat < kNumSeats; ++seat) {
      bids.add(seat, {.value = 60.0 + 2.0 * seat, .value_squared = seat % 9 == 0 ? 20000.0 : 0.0});
      // All are short of money, or a few of a little of it.
      money.push_back(to_money(all_short ? 0.2 + 0.1 * seat : seat % 16 == 3 ? 6.0 : 1e6));
    }
    CellTick alone(1);
    const int passes = alone.play(context, bids, money, nullptr);
    EXPECT_GE(passes, all_short ? 4 : 2);
    TickSums fresh;
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) tally(context, bids, pv, alone.top(pv), 1, fresh);
    for (const int num_threads : {1, 2, 5}) {
      Threads threads(num_threads);
      CellTick split(1);
      EXPECT_EQ(split.play(context, bids, money, &threads), passes);
      EXPECT_EQ(split.sums().least_winning_cost, fresh.least_winning_cost);
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        const SeatSums& sums = split.sums().seats[seat];
        const SeatSums& expected = fresh.seats[seat];
        EXPECT_LE(sums.cost, money[seat]);
        EXPECT_EQ(sums.cost, expected.cost);
        EXPECT_EQ(sums.wins, expected.wins);
        EXPECT_EQ(sums.exposed, expected.exposed);
        EXPECT_EQ(sums.conversions, expected.conversions);
        EXPECT_EQ(sums.pvalue_exposed, expected.pvalue_exposed);
        EXPECT_EQ(sums.bid_exposed, expected.bid_exposed);
        const int s = static_cast<int>(seat);
        EXPECT_EQ(split.sum_of_lost_bids(bids, s), alone.sum_of_lost_bids(bids, s));
      }
      for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
        ASSERT_EQ(split.lost(pv), alone.lost(pv));
        ASSERT_EQ(split.top(pv).seat, alone.top(pv).seat);
        ASSERT_EQ(split.top(pv).bid, alone.top(pv).bid);
      }
    }
  }
}

TEST_F(CellTickTest, ATickWithoutImpressionsSellsNothing) {
  const TickTraffic tick = make_tick({});
  EXPECT_EQ(auction_.play({traffic_, factors_, tick}, test::bids_of({.value = 1.0}), money_of(1.0), nullptr), 1);
  EXPECT_EQ(auction_.sums().least_winning_cost, 0);
}

}  // namespace
}  // namespace genbid::market
