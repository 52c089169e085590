#include "market/official/official_market.h"

#include <gtest/gtest.h>

#include "market/market_samples.h"

namespace genbid::market::official {
namespace {

using test::official_cell;
using test::Recorder;

MarketConfig small(int64_t impressions = 20000) {
  MarketConfig config;
  config.rules = "official";
  config.impressions = impressions;
  return config;
}

// Different in every row of a cell and tick; some seats bid the square, some bid nothing.
BidFormula varied(size_t row, int tick) {
  const size_t seat = row % kNumSeats;
  return {.value = 40.0 + static_cast<double>((seat * 31 + static_cast<size_t>(tick) * 17) % 120) -
                   (seat == 7 ? 500.0 : 0.0),
          .value_squared = seat % 11 == 5 ? 10000.0 : 0.0};
}

Recorder play_all(Market& market, std::vector<Cell> cells) {
  Recorder recorder(cells.size());
  const size_t num_cells = cells.size();
  market.reset(std::move(cells));
  std::vector<BidFormula> bids(num_cells * kNumSeats);
  while (!market.done()) {
    const int tick = market.tick();
    for (size_t row = 0; row < bids.size(); ++row) bids[row] = varied(row, tick);
    market.step(bids);
    for (size_t cell = 0; cell < num_cells; ++cell) {
      recorder.on_tick(static_cast<int64_t>(cell), tick, market.last_tick().subspan(cell * kNumSeats, kNumSeats));
    }
  }
  return recorder;
}

Recorder play_with(int num_threads, std::vector<Cell> cells) {
  Threads threads(num_threads);
  OfficialMarket market(small(), threads);
  return play_all(market, std::move(cells));
}

TEST(OfficialMarket, ThreadsChangeNothing) {
  const std::vector<Cell> cells = {official_cell(3, 0.02), official_cell(4, 0.01)};
  const Recorder one = play_with(1, cells);
  for (const int count : {2, 4}) {
    const Recorder more = play_with(count, cells);
    EXPECT_TRUE(test::same(one.ticks[0], more.ticks[0])) << count;
    EXPECT_TRUE(test::same(one.ticks[1], more.ticks[1])) << count;
  }
}

// With many cells each is played whole by one thread, with few they are split inside.
TEST(OfficialMarket, ACellAloneEqualsTheSameAmongMany) {
  const Recorder alone = play_with(2, {official_cell(3, 0.02)});
  std::vector<Cell> many(9, official_cell(3, 0.02));
  many[4] = official_cell(3, 0.01);
  const Recorder together = play_with(2, many);
  EXPECT_TRUE(test::same(alone.ticks[0], together.ticks[0]));
  EXPECT_TRUE(test::same(alone.ticks[0], together.ticks[8]));
  EXPECT_FALSE(test::same(alone.ticks[0], together.ticks[4]));
}

TEST(OfficialMarket, APeriodPlayedAfterAnotherEqualsTheSamePlayedFirst) {
  Threads threads(2);
  OfficialMarket market(small(), threads);
  play_all(market, {official_cell(9, 0.02)});  // its memory is used again, and shorter ticks leave rests
  const Recorder after = play_all(market, {official_cell(3, 0.02)});
  EXPECT_TRUE(test::same(after.ticks[0], play_with(1, {official_cell(3, 0.02)}).ticks[0]));
}

TEST(OfficialMarket, NobodySpendsMoreThanItHasAndNegativeBidsAreNone) {
  const Recorder played = play_with(2, {official_cell(0, 0.005)});
  int num_passes = 0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    double remaining = official_advertiser(seat).budget * 0.005;
    for (const auto& tick : played.ticks[0]) {
      const SeatTick& one = tick[static_cast<size_t>(seat)];
      EXPECT_EQ(one.start.remaining_budget, remaining);
      EXPECT_LE(one.outcome.cost, remaining);
      remaining -= one.outcome.cost;
      num_passes = std::max(num_passes, one.num_clearings);
      if (seat == 7) {
        EXPECT_EQ(one.outcome.sum_bid, 0.0);
      }
    }
  }
  EXPECT_GT(num_passes, 1);  // money did run out
}

TEST(OfficialMarket, TicksWithoutImpressionsAreEmpty) {
  Threads threads(1);
  OfficialMarket market(small(60), threads);
  const Recorder played = play_all(market, {official_cell(0)});
  int64_t empty = 0;
  for (const auto& tick : played.ticks[0]) {
    for (const SeatTick& one : tick) {
      if (one.start.num_pv > 0) continue;
      ++empty;
      EXPECT_EQ(one.start.mean_pvalue, 0.0);
      EXPECT_EQ(one.outcome.mean_least_winning_cost, 0.0);
      EXPECT_EQ(one.outcome.cost, 0.0);
    }
  }
  EXPECT_GT(empty, 0);
}

}  // namespace
}  // namespace genbid::market::official
