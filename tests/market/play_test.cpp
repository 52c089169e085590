#include <gtest/gtest.h>

#include <csignal>
#include <utility>

#include "base/stop_signal.h"
#include "market/market.h"
#include "market_samples.h"

namespace genbid::market {
namespace {

using test::official_cell;

MarketConfig small_market() {
  MarketConfig config;
  config.impressions = 5000;
  return config;
}

// Writes down how it is asked.
class Witness : public Bidder {
 public:
  void reset(std::span<const SeatView> rows) override {
    ++num_resets;
    for (const SeatView& row : rows) seats.emplace_back(row.period, row.seat);
  }
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    ASSERT_EQ(rows.size(), seats.size());
    ASSERT_EQ(bids.size(), seats.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].seat, seats[i].second);
      EXPECT_EQ(rows[i].now.tick, num_ticks);
      EXPECT_EQ(bids[i].value, 0.0);
      bids[i].value = 1.0 + rows[i].seat;
    }
    ++num_ticks;
  }
  std::vector<std::pair<int64_t, int>> seats;
  int num_resets = 0;
  int num_ticks = 0;
};

struct Order : PeriodSink {
  std::vector<std::pair<int, int64_t>> calls;
  void on_tick(int64_t cell, int tick, std::span<const SeatTick> seats) override {
    calls.emplace_back(tick, cell);
    for (size_t s = 0; s < seats.size(); ++s) {
      EXPECT_EQ(seats[s].start.tick, tick);
      EXPECT_EQ(seats[s].bid.value, 1.0 + static_cast<double>(s));
    }
  }
};

TEST(Play, EachBidderIsAskedForItsRowsInOrder) {
  Threads threads(1);
  const auto market = make_market(small_market(), threads);
  Witness even;
  Witness odd;
  Witness nobody;
  const std::vector<Bidder*> bidders = {&even, &nobody, &odd};
  std::vector<int> seat_bidder;
  for (int row = 0; row < 2 * kNumSeats; ++row) seat_bidder.push_back(row % 2 == 0 ? 0 : 2);
  Order order;
  EXPECT_TRUE(play(*market, {official_cell(8), official_cell(3)}, bidders, seat_bidder, order));

  ASSERT_EQ(even.seats.size(), 48U);
  EXPECT_EQ(even.seats[0], (std::pair<int64_t, int>{8, 0}));
  EXPECT_EQ(even.seats[1], (std::pair<int64_t, int>{8, 2}));
  EXPECT_EQ(odd.seats[47], (std::pair<int64_t, int>{3, 47}));
  for (const Witness* one : {&even, &odd}) {
    EXPECT_EQ(one->num_resets, 1);
    EXPECT_EQ(one->num_ticks, kTicksPerPeriod);
  }
  EXPECT_EQ(nobody.num_resets, 0);
  ASSERT_EQ(order.calls.size(), 2U * kTicksPerPeriod);
  for (size_t i = 0; i < order.calls.size(); ++i) {
    EXPECT_EQ(order.calls[i], (std::pair<int, int64_t>{static_cast<int>(i / 2), static_cast<int64_t>(i % 2)}));
  }
}

TEST(Play, EndsEarlyWhereAStopIsAskedFor) {
  Threads threads(1);
  const auto market = make_market(small_market(), threads);
  Witness all;
  const std::vector<Bidder*> bidders = {&all};
  const std::vector<int> seat_bidder(kNumSeats, 0);
  Order order;
  stop_signal::install();
  std::raise(SIGTERM);
  EXPECT_FALSE(play(*market, {official_cell(0)}, bidders, seat_bidder, order));
  stop_signal::reset();
  EXPECT_TRUE(order.calls.empty());
}

}  // namespace
}  // namespace genbid::market
