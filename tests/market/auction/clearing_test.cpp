#include "market/auction/clearing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "market/auction/clearing_blocks.h"
#include "market/market_samples.h"

namespace genbid::market {
namespace {

const auto kReserve = static_cast<float>(AuctionRule().reserve);

using test::make_tick;
using test::SeatValue;

// One impression where everybody bids 1 x value.
TopFour clear(const std::vector<SeatValue>& values, const SeatBids& bids = test::bids_of({.value = 1.0})) {
  return clear_one(make_tick({values}), 0, bids, 0);
}

std::array<uint8_t, 4> seats(int a, int b, int c, int d) {
  const auto seat = [](int s) { return s < 0 ? kNoSeat : static_cast<uint8_t>(s); };
  return {seat(a), seat(b), seat(c), seat(d)};
}

TEST(Clearing, TheFourHighestBidsInOrder) {
  const TopFour top = clear({{3, 0.25F}, {40, 1.0F}, {7, 0.5F}, {1, 0.125F}, {47, 0.75F}});
  EXPECT_EQ(top.seat, seats(40, 47, 7, 3));
  EXPECT_EQ(top.bid, (std::array<float, 4>{1.0F, 0.75F, 0.5F, 0.25F}));
}

TEST(Clearing, EachSlotPaysTheNextBid) {
  const TopFour top = clear({{0, 1.0F}, {1, 0.5F}, {2, 0.25F}, {3, 0.125F}});
  EXPECT_EQ(top.price(0, kReserve), 0.5F);
  EXPECT_EQ(top.price(1, kReserve), 0.25F);
  EXPECT_EQ(top.price(2, kReserve), 0.125F);  // the least winning cost
}

TEST(Clearing, OfEqualBidsTheLowerSeatsIsHigher) {
  const TopFour top = clear({{9, 0.5F}, {4, 0.5F}, {30, 0.5F}, {2, 0.5F}, {11, 0.5F}, {20, 1.0F}});
  EXPECT_EQ(top.seat, seats(20, 2, 4, 9));
  EXPECT_EQ(top.price(0, kReserve), 0.5F);
  EXPECT_EQ(top.price(1, kReserve), 0.5F);
}

TEST(Clearing, FewerThanFourBiddersLeaveSlotsEmptyAndPayTheReserve) {
  const TopFour top = clear({{5, 0.5F}, {6, 0.25F}});
  EXPECT_EQ(top.seat, seats(5, 6, -1, -1));
  EXPECT_EQ(top.price(0, kReserve), 0.25F);
  EXPECT_EQ(top.price(1, kReserve), kReserve);
  EXPECT_EQ(top.price(2, kReserve), kReserve);
}

TEST(Clearing, NobodyBiddingSellsNothing) {
  EXPECT_EQ(clear({}).seat, seats(-1, -1, -1, -1));
  EXPECT_EQ(clear({{1, 0.5F}}, SeatBids{}).seat, seats(-1, -1, -1, -1));
}

TEST(Clearing, OnlyBidsOfAtLeastTheReserveCompete) {
  const float below = std::nextafter(kReserve, 0.0F);
  const TopFour top = clear({{1, below}, {2, kReserve}, {3, 0.00005F}});
  EXPECT_EQ(top.seat, seats(2, -1, -1, -1));
  EXPECT_EQ(top.price(0, kReserve), kReserve);
}

// Seat 1 has to bid 0.25 and does, seat 2 has to and does not. What the first slot's holder pays is the next bid that
// competes, or its own reserve.
TEST(Clearing, ASeatsOwnReserveIsItsLowestBidAndItsLowestPrice) {
  AuctionRule rule;
  rule.own_reserves.assign(kMaxSeats, rule.reserve);
  rule.own_reserves[0] = 0.5;
  rule.own_reserves[1] = rule.own_reserves[2] = 0.25;
  SeatBids bids(rule);
  for (int seat = 0; seat < 4; ++seat) bids.add(seat, {.value = 1.0});
  const TopFour top = clear({{0, 1.0F}, {1, 0.25F}, {2, 0.125F}, {3, 0.0625F}}, bids);
  EXPECT_EQ(top.seat, seats(0, 1, 3, -1));
  const Traffic traffic(1, 500000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = make_tick({{{0, 1.0F}, {1, 0.25F}, {2, 0.125F}, {3, 0.0625F}}});
  TickSums sums;
  tally({traffic, factors, tick}, bids, 0, top, 1, sums);
  EXPECT_EQ(from_money(sums.seats[0].cost), 0.5);   // the next bid is 0.25
  EXPECT_EQ(from_money(sums.seats[1].cost), 0.25);  // and 0.0625
  EXPECT_EQ(sums.seats[3].cost, to_money(static_cast<double>(kReserve)));
  EXPECT_EQ(sums.least_winning_cost, to_money(static_cast<double>(kReserve)));
}

// A reserve that is higher for everybody in a tick is that of the tick, by which prices are told, and nobody's own.
TEST(Clearing, AReserveOfATickIsNobodysOwn) {
  AuctionRule rule;
  rule.own_reserves.assign(size_t{2} * kMaxSeats, rule.reserve);
  std::fill(rule.own_reserves.begin() + kMaxSeats, rule.own_reserves.end(), 0.5);
  const SeatBids before(rule, 0);
  EXPECT_EQ(before.reserve, kReserve);
  EXPECT_FALSE(before.own_reserves);
  SeatBids bids(rule, 1);
  EXPECT_EQ(bids.reserve, 0.5F);
  EXPECT_FALSE(bids.own_reserves);
  for (int seat = 0; seat < 4; ++seat) bids.add(seat, {.value = 1.0});
  const TopFour top = clear({{1, 0.25F}, {3, 0.75F}}, bids);
  EXPECT_EQ(top.seat, seats(3, -1, -1, -1));
  EXPECT_EQ(top.price(0, bids.reserve), 0.5F);
}

TEST(Clearing, NegativeBidsAreNone) {
  SeatBids bids;
  bids.add(0, {.value = -1.0});
  bids.add(1, {.value = 1.0, .value_squared = -4.0});  // negative above 1/4
  bids.add(2, {.value = 0.5});
  EXPECT_EQ(clear({{0, 0.5F}, {1, 0.5F}, {2, 0.5F}}, bids).seat, seats(2, -1, -1, -1));
  EXPECT_EQ(clear({{0, 0.125F}, {1, 0.125F}, {2, 0.125F}}, bids).seat, seats(1, 2, -1, -1));
}

// 2 x 0.5 + 8 x 0.25 = 3; 2 x 0.25 + 8 x 0.0625 = 1.
TEST(Clearing, TheSquaredTermCounts) {
  const SeatBids bids = test::bids_of({.value = 2.0, .value_squared = 8.0});
  const TopFour top = clear({{0, 0.25F}, {1, 0.5F}}, bids);
  EXPECT_EQ(top.seat, seats(1, 0, -1, -1));
  EXPECT_EQ(top.bid[0], 3.0F);
  EXPECT_EQ(top.bid[1], 1.0F);
}

TEST(Clearing, TheSquaredTermMayDecideAlone) {
  SeatBids bids;
  bids.add(0, {.value = 1.0});
  bids.add(1, {.value = 0.0, .value_squared = 4.0});
  EXPECT_EQ(clear({{0, 0.5F}, {1, 0.5F}}, bids).seat, seats(1, 0, -1, -1));
  EXPECT_EQ(clear({{0, 0.125F}, {1, 0.125F}}, bids).seat, seats(0, 1, -1, -1));
}

TEST(Clearing, HugeBidsCountAsTheLargest) {
  SeatBids bids;
  bids.add(3, {.value = 1e300});
  bids.add(8, {.value = 1e9});
  const TopFour top = clear({{3, 1.0F}, {8, 1.0F}}, bids);
  EXPECT_EQ(top.seat, seats(3, 8, -1, -1));
  EXPECT_EQ(top.bid[0], kMaxBid);
  EXPECT_EQ(top.price(0, kReserve), kMaxBid);
}

TEST(Clearing, LostBidsDoNotCompete) {
  const TickTraffic tick = make_tick({{{0, 1.0F}, {1, 0.5F}, {2, 0.25F}}});
  const TopFour top = clear_one(tick, 0, test::bids_of({.value = 1.0}), uint64_t{1} << 1);
  EXPECT_EQ(top.seat, seats(0, 2, -1, -1));
}

// What clear_one and clear_block must agree with: all bids sorted, equal ones by seat.
TopFour sorted_top(const TickTraffic& tick, int64_t pv, const SeatBids& bids) {
  std::vector<std::pair<float, int>> all;
  for (int seat = 0; seat < tick.num_seats; ++seat) {
    const auto s = static_cast<size_t>(seat);
    const float v = tick.value(pv, seat);
    const float bid = std::min(bids.value[s] * v + bids.value_squared[s] * (v * v), kMaxBid);
    if (bid >= bids.reserve_of[s]) all.emplace_back(-bid, seat);
  }
  std::sort(all.begin(), all.end());
  TopFour top;
  for (size_t k = 0; k < std::min<size_t>(4, all.size()); ++k) {
    top.bid[k] = -all[k].first;
    top.seat[k] = static_cast<uint8_t>(all[k].second);
  }
  return top;
}

// On every instruction set.
void expect_sorted(const TickTraffic& tick, const SeatBids& bids) {
  for (const char* target : simd_targets()) {
    use_simd_target(target);
    for (int64_t block = 0; block < tick.num_blocks; ++block) {
      BlockTopFour top;
      clear_block(tick.block_values(block), bids, top);
      for (int lane = 0; lane < kBlockWidth; ++lane) {
        const int64_t pv = block * kBlockWidth + lane;
        const TopFour expected = sorted_top(tick, pv, bids);
        ASSERT_EQ(top.get(lane).seat, expected.seat) << target << " " << pv;
        ASSERT_EQ(top.get(lane).bid, expected.bid) << target << " " << pv;
        if (pv >= tick.num_pv) continue;
        const TopFour one = clear_one(tick, pv, bids, 0);
        ASSERT_EQ(one.seat, expected.seat) << pv;
        ASSERT_EQ(one.bid, expected.bid) << pv;
      }
    }
  }
  use_simd_target(nullptr);
}

class AnyInput : public testing::TestWithParam<int> {};  // number of distinct values; 0: all different

TEST_P(AnyInput, BlocksAndSingleImpressionsEqualASort) {
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  std::vector<std::vector<SeatValue>> values(1000);
  for (auto& pv : values) {
    const auto num_seats = static_cast<int>(random() % 49);  // also fewer than four bidders
    for (int seat = 0; seat < num_seats; ++seat) {
      const auto bits = static_cast<uint32_t>(random() >> 8);
      pv.push_back({seat, GetParam() == 0 ? static_cast<float>(bits) * 0x1p-34F
                                          : static_cast<float>(bits % static_cast<uint32_t>(GetParam())) * 0.0002F});
    }
  }
  for (const AuctionRule& rule : {AuctionRule(), test::with_own_reserves(0.01), test::with_own_reserves()}) {
    SeatBids bids(rule, 5);
    for (int seat = 0; seat < kNumSeats; ++seat) {
      bids.add(seat, {.value = GetParam() == 0 ? 1.0 + 0.1 * seat : (seat % 7 == 3 ? -1.0 : 1.0),
                      .value_squared = seat % 5 == 0 ? 30.0 : 0.0});
    }
    expect_sorted(make_tick(values), bids);
  }
}

INSTANTIATE_TEST_SUITE_P(RandomAndTies, AnyInput, testing::Values(0, 2, 3, 7, 40));

// Bids at the reserve and just below, at the largest and beyond, subnormal and zero values, the same for many seats.
TEST(ClearingBlocks, AgreeAtTheEdges) {
  const float edges[] = {0.0F,     1e-40F,  std::numeric_limits<float>::denorm_min(), std::nextafter(kReserve, 0.0F),
                         kReserve, 0.0002F, std::nextafter(kReserve, 1.0F),           0.5F,
                         1.0F,     1.0F};
  std::mt19937 random(3);
  for (const double alpha : {1.0, -1.0, 255.99, 256.0, 1e9, 1e-3}) {
    std::vector<std::vector<SeatValue>> values(320);
    for (auto& pv : values) {
      for (int seat = 0; seat < kNumSeats; ++seat) pv.push_back({seat, edges[random() % std::size(edges)]});
    }
    // Reserves of their own where there are bids: at them, just below and above.
    AuctionRule own;
    for (int i = 0; i < kMaxSeats; ++i) {
      own.own_reserves.push_back(std::max(own.reserve, static_cast<double>(edges[static_cast<size_t>(i * i) % 8])));
    }
    for (const AuctionRule& rule : {AuctionRule(), own}) {
      SeatBids bids(rule);
      for (int seat = 0; seat < kNumSeats; ++seat) {
        bids.add(seat, {.value = alpha, .value_squared = seat % 3 == 0 ? (seat % 2 == 0 ? 1e9 : -1e9) : 0.0});
      }
      expect_sorted(make_tick(values), bids);
    }
  }
}

// Any set of bidders: sixteens that are full, short or missing, in markets of any number of seats.
TEST(ClearingBlocks, AgreeForAnySetOfBidders) {
  std::mt19937 random(4);
  for (const int seats : {1, 2, 3, 4, 5, 15, 16, 17, 33, 48, 49, 63, 64}) {
    TrafficConfig config;
    config.structure = "own";
    config.seats = seats;
    const Traffic traffic(1, 5000, config);
    const TickTraffic tick = test::generated_tick(traffic, traffic.factors(2), 18);
    for (const unsigned share : {0U, 1U, 4U, 8U}) {
      SeatBids bids;
      for (int seat = 0; seat < seats; ++seat) {
        if (random() % 8 < share) bids.add(seat, {.value = 50.0 + static_cast<double>(random() % 3)});
      }
      expect_sorted(tick, bids);
    }
  }
}

class Tally : public testing::Test {
 protected:
  // Seats 0..3 bid 1, 0.5, 0.25, 0.125 at the only impression.
  Tally() : tick_(make_tick({{{0, 1.0F}, {1, 0.5F}, {2, 0.25F}, {3, 0.125F}}})) {}

  TickSums tally_once(int64_t sign = 1) {
    TickSums sums;
    const SeatBids bids = test::bids_of({.value = 1.0});
    tally({traffic_, factors_, tick_}, bids, 0, clear_one(tick_, 0, bids, 0), sign, sums);
    return sums;
  }

  Traffic traffic_{1, 500000};
  PeriodFactors factors_ = traffic_.factors(0);
  TickTraffic tick_;
};

TEST_F(Tally, ShownHoldersPayTheirPrice) {
  const TickSums sums = tally_once();
  EXPECT_EQ(from_money(sums.seats[0].cost), 0.5);
  EXPECT_EQ(from_money(sums.seats[1].cost), 0.25);
  EXPECT_EQ(from_money(sums.seats[2].cost), 0.125);
  EXPECT_EQ(sums.seats[3].cost, 0);
  EXPECT_EQ(from_money(sums.least_winning_cost), 0.125);
  EXPECT_EQ(sum_of_exposed_bids(sums, test::bids_of({.value = 1.0}), 1), 0.5);
  EXPECT_EQ(from_expected(sums.seats[1].pvalue_exposed), 0.5);
  EXPECT_EQ(from_power(sums.seats[1].squared_exposed), 0.25);
  EXPECT_EQ(from_power(sums.seats[1].cubed_exposed), 0.125);
  EXPECT_EQ(sums.seats[0].wins, 1);
  EXPECT_EQ(sums.seats[1].wins, 1);
  EXPECT_EQ(sums.seats[2].wins, 1);
  EXPECT_EQ(sums.seats[3].wins, 0);
}

TEST_F(Tally, WhereSlotTwoIsNotShownSlotThreeIsNeither) {
  tick_.num_shown[0] = 1;
  const TickSums sums = tally_once();
  EXPECT_EQ(sums.seats[0].exposed, 1);
  for (const size_t seat : {1U, 2U}) {
    EXPECT_EQ(sums.seats[seat].exposed, 0);
    EXPECT_EQ(sums.seats[seat].cost, 0);
    EXPECT_EQ(sums.seats[seat].pvalue_exposed, 0);
    EXPECT_EQ(sums.seats[seat].squared_exposed, 0);
    EXPECT_EQ(sums.seats[seat].cubed_exposed, 0);
  }
  EXPECT_EQ(sums.seats[1].wins, 1);  // held all the same
  EXPECT_EQ(from_money(sums.least_winning_cost), 0.125);
}

TEST_F(Tally, ConvertsWhereTheDrawIsBelowTheProbability) {
  test::set_draw(tick_, 0, 1, 0.0F);
  TickSums sums = tally_once();
  EXPECT_EQ(sums.seats[0].conversions, 0);
  EXPECT_EQ(sums.seats[1].conversions, 1);
  tick_.num_shown[0] = 1;  // not exposed, no conversion
  sums = tally_once();
  EXPECT_EQ(sums.seats[1].conversions, 0);
}

TEST_F(Tally, TakingAwayUndoesAdding) {
  test::set_draw(tick_, 0, 0, 0.0F);
  TickSums sums = tally_once();
  sums.add(tally_once(-1));
  for (const SeatSums& seat : sums.seats) {
    EXPECT_EQ(seat.cost, 0);
    EXPECT_EQ(seat.exposed, 0);
    EXPECT_EQ(seat.conversions, 0);
    EXPECT_EQ(seat.pvalue_exposed, 0);
    EXPECT_EQ(seat.squared_exposed, 0);
    EXPECT_EQ(seat.cubed_exposed, 0);
    EXPECT_EQ(seat.bid_exposed, 0);
    EXPECT_EQ(seat.wins, 0);
  }
  EXPECT_EQ(sums.least_winning_cost, 0);
}

// Sums of whole blocks are those of single impressions, on every instruction set; draws of 0 convert, so that
// conversions are many.
TEST(TallyBlock, EqualsTallyingItsImpressions) {
  for (const int slots : {1, 2, 3}) {
    TrafficConfig config;
    config.structure = "own";
    config.seats = 48;
    config.slots = slots;
    const Traffic traffic(1, 20000, config);
    const PeriodFactors factors = traffic.factors(1);
    TickTraffic tick = test::generated_tick(traffic, factors, 20);
    for (size_t i = 0; i < tick.conversion_draw.size(); i += 3) tick.conversion_draw[i] = 0.0F;
    const TickContext context{traffic, factors, tick};
    for (const int num_bidding : {0, 2, 3, 48}) {
      SeatBids bids(num_bidding == 3 || slots == 2 ? test::with_own_reserves() : AuctionRule(), 20);
      for (int seat = 0; seat < num_bidding; ++seat)
        bids.add(seat, {.value = seat == 1 ? 1e7 : 30.0 + 3.0 * seat, .value_squared = seat == 2 ? 1e4 : 0.0});
      TickSums expected;
      for (int64_t pv = 0; pv < tick.num_pv; ++pv) tally(context, bids, pv, clear_one(tick, pv, bids, 0), 1, expected);
      for (const char* target : simd_targets()) {
        use_simd_target(target);
        TickSums sums;
        BlockSums block_sums;
        for (int64_t block = 0; block < tick.num_blocks; ++block) {
          BlockTopFour top;
          clear_block(tick.block_values(block), bids, top);
          tally_block(context, bids, view_of(tick, block), top, 1, block_sums, sums);
        }
        block_sums.add_to(1, sums);
        EXPECT_EQ(sums.least_winning_cost, expected.least_winning_cost) << target;
        for (size_t s = 0; s < kMaxSeats; ++s) {
          const SeatSums& a = sums.seats[s];
          const SeatSums& b = expected.seats[s];
          ASSERT_EQ(a.wins, b.wins) << target << " " << s;
          ASSERT_EQ(a.exposed, b.exposed) << target << " " << s;
          ASSERT_EQ(a.conversions, b.conversions) << target << " " << s;
          ASSERT_EQ(a.cost, b.cost) << target << " " << s;
          ASSERT_EQ(a.pvalue_exposed, b.pvalue_exposed) << target << " " << s;
          ASSERT_EQ(a.squared_exposed, b.squared_exposed) << target << " " << s;
          ASSERT_EQ(a.cubed_exposed, b.cubed_exposed) << target << " " << s;
          ASSERT_EQ(a.bid_exposed, b.bid_exposed) << target << " " << s;
        }
      }
      use_simd_target(nullptr);
    }
  }
}

TEST(FindWins, ListsTheImpressionsThatASeatHoldsInASlotWithTheirKeys) {
  std::vector<BlockTopFour> tops(11);
  for (BlockTopFour& top : tops) {
    for (auto& row : top.seat) row.fill(kNoSeat);
  }
  for (const size_t lane : {0U, 5U, 31U}) tops[10].seat[1][lane] = 7;
  tops[2].seat[1][15] = 7;
  tops[10].seat[0][6] = 7;
  const RandomStream stream(5, "test");
  const int64_t period = (int64_t{3} << 32) + 9;
  for (const char* target : simd_targets()) {
    use_simd_target(target);
    std::vector<DropKey> wins;
    const size_t count = find_wins(tops, 1, 7, stream, period, 95, wins);
    ASSERT_EQ(count, 4U);
    const uint64_t expected[] = {79, 320, 325, 351};
    for (size_t i = 0; i < count; ++i) {
      const auto bits = stream.bits(static_cast<uint32_t>(expected[i]), place_of(95, 7), 9, 3);
      EXPECT_EQ(wins[i].pv, expected[i]) << target;
      EXPECT_EQ(wins[i].key, static_cast<uint64_t>(bits[0]) << 32 | bits[1]) << target;
    }
  }
  use_simd_target(nullptr);
}

class SumOfBids : public testing::TestWithParam<BidFormula> {};

TEST_P(SumOfBids, EqualsTheSumOfTheSingleBids) {
  const Traffic traffic(1, 20000);
  const TickTraffic tick = test::generated_tick(traffic, traffic.factors(0), 20);
  SeatBids bids;
  bids.add(6, GetParam());
  double expected = 0.0;
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    const float v = tick.value(pv, 6);
    const float bid = bids.value[6] * v + bids.value_squared[6] * (v * v);
    expected += static_cast<double>(std::clamp(bid, 0.0F, kMaxBid));
  }
  // Bids are rounded to float, sums over values are not.
  EXPECT_NEAR(sum_of_bids(tick, bids, 6), expected, 1e-6 * expected + 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Formulas, SumOfBids,
                         testing::Values(BidFormula{.value = 90.0}, BidFormula{.value = 0.05},
                                         BidFormula{.value = 0.0, .value_squared = 100.0},
                                         BidFormula{.value = 20.0, .value_squared = 30.0},
                                         BidFormula{.value = 20.0, .value_squared = -30000.0},
                                         BidFormula{.value = -3.0}, BidFormula{.value = 1e6},
                                         BidFormula{.value = 0.0, .value_squared = 2e5}, BidFormula{}));

}  // namespace
}  // namespace genbid::market
