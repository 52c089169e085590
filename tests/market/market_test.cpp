#include "market/market.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "market_samples.h"

namespace genbid::market {
namespace {

using test::official_cell;
using test::Recorder;

MarketConfig small_market(int64_t impressions = 20000) {
  MarketConfig config;
  config.impressions = impressions;
  return config;
}

// Plays cells to the end with formula(row, tick), keeping every tick.
template <typename Formula>
Recorder play_all(const MarketConfig& config, std::vector<Cell> cells, int num_threads, const Formula& formula) {
  Threads threads(num_threads);
  const auto market = make_market(config, threads);
  Recorder recorder(cells.size());
  const size_t num_cells = cells.size();
  market->reset(std::move(cells));
  std::vector<BidFormula> bids(num_cells * kNumSeats);
  while (!market->done()) {
    const int tick = market->tick();
    for (size_t row = 0; row < bids.size(); ++row) bids[row] = formula(row, tick);
    market->step(bids);
    for (size_t cell = 0; cell < num_cells; ++cell) {
      recorder.on_tick(static_cast<int64_t>(cell), tick, market->last_tick().subspan(cell * kNumSeats, kNumSeats));
    }
  }
  return recorder;
}

// Different in every row and tick.
BidFormula varied(size_t row, int tick) {
  return {.value = 40.0 + static_cast<double>((row * 31 + static_cast<size_t>(tick) * 17) % 120),
          .value_squared = row % 11 == 5 ? 10000.0 : 0.0};
}

TEST(Market, NoSeatSpendsMoreThanItHas) {
  for (const double scale : {1e-5, 0.001, 0.02, 1.0}) {
    const Recorder played = play_all(small_market(), {official_cell(0, scale)}, 1, varied);
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const double budget = official_advertiser(seat).budget * scale;
      double remaining = from_money(budget_to_money(budget));
      for (const auto& tick : played.ticks[0]) {
        const SeatTick& one = tick[static_cast<size_t>(seat)];
        EXPECT_EQ(one.start.remaining_budget, remaining);
        EXPECT_LE(one.outcome.cost, remaining);
        remaining -= one.outcome.cost;
      }
      EXPECT_GE(remaining, 0.0);
    }
  }
}

TEST(Market, ASeatWithoutMoneyIsNotAskedAndBidsNothing) {
  // Seat 5 has 2000 x 4e-5 = 0.08, less than 0.1; seat 0 has 0.116.
  const Recorder played = play_all(small_market(), {official_cell(0, 4e-5)}, 1, varied);
  EXPECT_TRUE(played.ticks[0][0][0].may_bid);
  for (const auto& tick : played.ticks[0]) {
    const SeatTick& seat = tick[5];
    EXPECT_FALSE(seat.may_bid);
    EXPECT_EQ(seat.outcome.sum_bid, 0.0);
    EXPECT_EQ(seat.outcome.num_wins, 0);
    EXPECT_GT(seat.outcome.sum_pvalue, 0.0);
  }
}

class MarketThreads : public testing::TestWithParam<int> {};  // cells

TEST_P(MarketThreads, AnyNumberOfThreadsPlaysTheSame) {
  std::vector<Cell> cells;
  for (int i = 0; i < GetParam(); ++i) cells.push_back(official_cell(i % 3, 0.02));
  const Recorder one = play_all(small_market(), cells, 1, varied);
  for (const int threads : {2, 5}) {
    const Recorder many = play_all(small_market(), cells, threads, varied);
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      EXPECT_TRUE(test::same(one.ticks[cell], many.ticks[cell])) << cell << ", " << threads;
    }
  }
}

// Few cells are split inside, many are dealt out whole.
INSTANTIATE_TEST_SUITE_P(FewAndManyCells, MarketThreads, testing::Values(1, 3, 21));

TEST(Market, CellsPlayAsIfAlone) {
  std::vector<Cell> cells = {official_cell(4, 0.02), official_cell(2, 0.02), official_cell(4, 0.01)};
  const Recorder together = play_all(small_market(), cells, 1, varied);
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    const Recorder alone = play_all(small_market(), {cells[cell]}, 1,
                                    [&](size_t row, int tick) { return varied(cell * kNumSeats + row, tick); });
    EXPECT_TRUE(test::same(together.ticks[cell], alone.ticks[0])) << cell;
  }
}

// Cells of one period differ in a seat that bids too little to matter: all other seats meet the same outcome.
TEST(Market, CellsOfAPeriodMeetTheSameChance) {
  const Recorder played =
      play_all(small_market(), {official_cell(1, 1000.0), official_cell(1, 1000.0)}, 1,
               [](size_t row, int) { return BidFormula{.value = row == 7 ? 0.0 : (row == 48 + 7 ? 0.01 : 80.0)}; });
  for (size_t t = 0; t < kTicksPerPeriod; ++t) {
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      if (seat == 7) continue;
      EXPECT_TRUE(test::same(played.ticks[0][t][seat], played.ticks[1][t][seat]));
    }
  }
}

TEST(Market, AnotherSeedIsAnotherDay) {
  MarketConfig config = small_market();
  const Recorder a = play_all(config, {official_cell(1)}, 1, varied);
  config.seed = 2;
  const Recorder b = play_all(config, {official_cell(1)}, 1, varied);
  EXPECT_FALSE(test::same(a.ticks[0], b.ticks[0]));
}

TEST(Market, ResetStartsOver) {
  Threads threads(1);
  const auto market = make_market(small_market(), threads);
  std::vector<BidFormula> bids(kNumSeats, {.value = 100.0});
  std::vector<std::vector<SeatTick>> runs[2];
  for (auto& run : runs) {
    market->reset({official_cell(3, 0.02)});
    EXPECT_EQ(market->tick(), 0);
    while (!market->done()) {
      market->step(bids);
      run.emplace_back(market->last_tick().begin(), market->last_tick().end());
    }
  }
  EXPECT_TRUE(test::same(runs[0], runs[1]));
}

TEST(Market, ObserveTellsWhatASeatMayKnow) {
  Threads threads(1);
  const auto market = make_market(small_market(), threads);
  market->reset({official_cell(3)});
  const Traffic traffic(1, 20000);
  const PeriodFactors factors = traffic.factors(3);
  std::vector<BidFormula> bids(kNumSeats, {.value = 100.0});
  double spent = 0.0;
  for (int t = 0; t < 4; ++t) {
    const TickTraffic tick = test::generated_tick(traffic, factors, t);
    const SeatView view = market->observe()[9];
    EXPECT_EQ(view.period, 3);
    EXPECT_EQ(view.seat, 9);
    EXPECT_EQ(view.advertiser->cpa_limit, 130.0);
    EXPECT_EQ(view.now.tick, t);
    EXPECT_EQ(view.now.num_pv, tick.num_pv);
    EXPECT_EQ(view.now.mean_pvalue, tick.sum_value[9] / static_cast<double>(tick.num_pv));
    EXPECT_EQ(view.now.remaining_budget, 2000.0 - spent);
    EXPECT_EQ(view.history->num_ticks(), t);
    EXPECT_EQ(view.history->cost(), spent);
    if (t == 0) {
      EXPECT_EQ(view.last, nullptr);
    } else {
      EXPECT_EQ(view.last->cost, market->last_tick()[9].outcome.cost);
      EXPECT_EQ(view.history->last(0).bid,
                view.last->sum_bid / static_cast<double>(market->last_tick()[9].start.num_pv));
    }
    market->step(bids);
    spent += market->last_tick()[9].outcome.cost;
  }
  EXPECT_GT(spent, 0.0);
}

TEST(Market, ABidThatIsNotAFiniteNumberNamesTheSeat) {
  Threads threads(1);
  const auto market = make_market(small_market(), threads);
  market->reset({official_cell(3)});
  std::vector<BidFormula> bids(kNumSeats, {.value = 100.0});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity}) {
    for (const BidFormula& formula : {BidFormula{.value = bad}, BidFormula{.value = 1.0, .value_squared = bad}}) {
      bids[17] = formula;
      try {
        market->step(bids);
        FAIL() << "no error";
      } catch (const Error& e) {
        EXPECT_STREQ(
            e.what(),
            "period 3, tick 0, seat 17: the bidder answered with a bid coefficient that is not a finite number");
      }
    }
  }
}

// Any machine and any build must make these bits, over-spending and squared terms included.
TEST(Market, APeriodHasItsBits) {
  const Recorder played = play_all(small_market(), {official_cell(6, 0.02)}, 2, varied);
  uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](uint64_t bits) { hash = (hash ^ bits) * 0x100000001b3ULL; };
  for (const auto& tick : played.ticks[0]) {
    for (const SeatTick& seat : tick) {
      const TickOutcome& outcome = seat.outcome;
      for (const double value : {outcome.sum_pvalue, outcome.sum_bid, outcome.mean_least_winning_cost, outcome.cost,
                                 outcome.sum_pvalue_exposed, outcome.sum_bid_exposed}) {
        add(std::bit_cast<uint64_t>(value));
      }
      add(static_cast<uint64_t>(outcome.num_wins));
      add(static_cast<uint64_t>(outcome.num_conversions));
      add(static_cast<uint64_t>(seat.num_clearings));
    }
  }
  EXPECT_EQ(hash, 6565663375701140690ULL);
}

// Where nobody runs out of money and everybody bids 100 x value: each slot is shown with its probability, the
// effective alpha is 100, and conversions come at the mean of value + sigma x shift.
TEST(Market, ExposureAndConversionsComeAtTheirRates) {
  constexpr int kPeriods = 4;
  std::vector<Cell> cells;
  for (int p = 0; p < kPeriods; ++p) cells.push_back(official_cell(p, 1000.0));
  MarketConfig config = small_market(300000);
  const Recorder played = play_all(config, cells, 2, [](size_t, int) { return BidFormula{.value = 100.0}; });

  const Traffic traffic(1, 300000);
  double wins = 0.0, exposed = 0.0, conversions = 0.0, expected = 0.0;
  for (int p = 0; p < kPeriods; ++p) {
    const PeriodFactors factors = traffic.factors(p);
    for (const auto& tick : played.ticks[static_cast<size_t>(p)]) {
      for (size_t seat = 0; seat < kNumSeats; ++seat) {
        const TickOutcome& outcome = tick[seat].outcome;
        EXPECT_NEAR(effective_alpha(outcome), 100.0, 1e-9);
        wins += static_cast<double>(outcome.num_wins);
        exposed += static_cast<double>(outcome.num_exposed);
        conversions += static_cast<double>(outcome.num_conversions);
        // Mean of the folded, capped sigma ratio is the seat's level to within 2 %; times |shift| < 0.73.
        const auto level = static_cast<double>(factors.sigma_ratio[seat]);
        const auto shift = static_cast<double>(factors.shift[seat]);
        expected += outcome.sum_pvalue_exposed * (1.0 + level * shift);
      }
    }
  }
  EXPECT_NEAR(exposed / wins, (1.0 + 0.8 + 0.48) / 3.0, 4.5 * std::sqrt(0.25 / wins));
  EXPECT_GT(conversions, 1000.0);
  EXPECT_NEAR(conversions, expected, 4.5 * std::sqrt(expected) + 0.005 * expected);
}

TEST(Market, TinyPeriodsWithEmptyTicksPlay) {
  const Recorder played = play_all(small_market(48), {official_cell(0)}, 2, varied);
  int64_t total = 0;
  int empty = 0;
  for (const auto& tick : played.ticks[0]) {
    total += tick[0].start.num_pv;
    if (tick[0].start.num_pv > 0) continue;
    ++empty;
    EXPECT_EQ(tick[0].start.mean_pvalue, 0.0);
    EXPECT_EQ(tick[0].outcome.mean_least_winning_cost, 0.0);
    EXPECT_EQ(tick[0].outcome.num_wins, 0);
  }
  EXPECT_GT(empty, 0);
  EXPECT_GT(total, 0);
}

struct MarketFile {
  MarketConfig market;
  void fields(ConfigVisitor& v) { v.section("market", market); }
};

std::string error_of(const std::string& yaml) {
  MarketFile file;
  try {
    ConfigFile::parse(yaml, "m.yaml").read(file);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(MarketConfig, RejectsOtherRulesAndListsWhatThereIs) {
  EXPECT_NE(error_of("market: {rules: exact}").find("found 'exact', expected one of corrected, official"),
            std::string::npos);
}

TEST(MarketConfig, OfficialRulesHaveTheirOwnSeeds) {
  EXPECT_EQ(error_of("market: {rules: official}"), "no error");
  EXPECT_EQ(error_of("market: {rules: official, seed: 1}"), "no error");
  EXPECT_NE(error_of("market: {rules: official, seed: 2}").find("the official rules have their own seeds"),
            std::string::npos);
}

TEST(MarketConfig, RejectsImpressionsOutOfRange) {
  EXPECT_NE(error_of("market: {impressions: 47}").find("[48, 100000000]"), std::string::npos);
  EXPECT_NE(error_of("market: {impressions: 100000001}").find("[48, 100000000]"), std::string::npos);
  EXPECT_EQ(error_of("market: {impressions: 48}"), "no error");
}

}  // namespace
}  // namespace genbid::market
