#include "market/stress.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "market/market.h"
#include "market/market_samples.h"

namespace genbid::market {
namespace {

constexpr int kSeat = 11;
constexpr int64_t kPeriod = 3;
constexpr int64_t kImpressions = 20000;

MarketConfig stressed(const StressConfig& stress) {
  MarketConfig config;
  config.impressions = kImpressions;
  config.stress = stress;
  return config;
}

// What becomes of one seat, misled or not, that bids `alpha` where the others bid 70.
struct Day {
  Day(const StressConfig& stress, bool misled, double alpha) {
    Threads threads(1);
    const auto market = make_market(stressed(stress), threads);
    Cell cell = test::official_cell(kPeriod, 1000.0);
    if (misled) cell.misled = uint64_t{1} << kSeat;
    market->reset({cell});
    market->keep_ladders(true);
    std::vector<BidFormula> bids(kNumSeats, {.value = 70.0});
    bids[kSeat] = {.value = alpha};
    while (!market->done()) {
      const SeatView& view = market->observe()[kSeat];
      starts.push_back(view.now);
      if (view.last != nullptr) seen.push_back(*view.last);
      told = *view.history;
      market->step(bids);
      seats.push_back(market->last_tick()[kSeat]);
      rival_wins += market->last_tick()[0].outcome.num_wins;
      tops.push_back(market->ladder(0).tops);
    }
  }
  template <typename Value>
  double sum(Value value) const {
    double all = 0.0;
    for (const SeatTick& seat : seats) all += value(seat.outcome);
    return all;
  }
  std::vector<TickStart> starts;
  std::vector<TickOutcome> seen;  // of all ticks but the last
  TickHistory told;               // likewise
  std::vector<SeatTick> seats;
  std::vector<std::vector<BlockTopFour>> tops;
  int64_t rival_wins = 0;
};

double exposed(const TickOutcome& outcome) { return outcome.sum_pvalue_exposed; }

TEST(Stress, ABiasIsABidderThatMultipliesItsAlpha) {
  const StressConfig bias{.value_bias = 0.25};  // exact in floats
  const Day misled(bias, true, 64.0), aware({}, false, 80.0);
  for (size_t t = 0; t < kTicksPerPeriod; ++t) {
    const TickOutcome& a = misled.seats[t].outcome;
    const TickOutcome& b = aware.seats[t].outcome;
    EXPECT_NEAR(static_cast<double>(a.num_wins), static_cast<double>(b.num_wins), 1.0) << t;
    EXPECT_NEAR(a.cost, b.cost, 1e-3 * b.cost + 1e-9);
    // By the true values, though it believes others.
    EXPECT_DOUBLE_EQ(a.sum_pvalue, b.sum_pvalue);
    EXPECT_NEAR(a.sum_pvalue_exposed, b.sum_pvalue_exposed, 1e-3 * b.sum_pvalue_exposed + 1e-9);
    EXPECT_NEAR(a.sum_pvalue_squared_exposed, b.sum_pvalue_squared_exposed, 2e-3 * b.sum_pvalue_squared_exposed + 1e-9);
    EXPECT_NEAR(misled.starts[t].mean_pvalue, 1.25 * aware.starts[t].mean_pvalue, 1e-8);
    if (t + 1 == kTicksPerPeriod) continue;
    EXPECT_NEAR(misled.seen[t].sum_pvalue_exposed, 1.25 * a.sum_pvalue_exposed, 1e-6 * a.sum_pvalue_exposed);
    EXPECT_EQ(misled.seen[t].num_conversions, a.num_conversions);
    EXPECT_EQ(misled.seen[t].cost, a.cost);
  }
  EXPECT_GT(aware.sum(exposed), 1.0);
  EXPECT_NEAR(misled.told.expected_conversions() / aware.told.expected_conversions(), 1.25, 1e-3);
}

// Everything that is counted of a misled seat, impression by impression.
TEST(Stress, NoiseIsBelievedInBidsAndNotInWhatComesOfThem) {
  const StressConfig noise{.value_bias = -0.1, .value_noise = 0.4};
  const Day day(noise, true, 90.0);
  const Beliefs beliefs(1, noise);
  const Traffic traffic(1, kImpressions);
  const PeriodFactors factors = traffic.factors(kPeriod);
  double squares = 0.0, count = 0.0, mean = 0.0;
  for (int t = 0; t < kTicksPerPeriod; ++t) {
    const TickTraffic tick = test::generated_tick(traffic, factors, t);
    const SeatTick& got = day.seats[static_cast<size_t>(t)];
    double believed_sum = 0.0, expected = 0.0, believed_exposed = 0.0, cubes = 0.0;
    int64_t conversions = 0, wins = 0;
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
      const float value = tick.value(pv, kSeat);
      const float believed = beliefs.believed(value, kPeriod, t, pv, kSeat);
      believed_sum += static_cast<double>(believed);
      if (value > 0.0F) {
        const double factor = static_cast<double>(believed) / static_cast<double>(value) / 0.9 - 1.0;
        squares += factor * factor;
        mean += factor;
        ++count;
      }
      const TopFour top = day.tops[static_cast<size_t>(t)][static_cast<size_t>(pv / kBlockWidth)].get(
          static_cast<int>(pv % kBlockWidth));
      for (int slot = 0; slot < kNumSlots; ++slot) {
        if (top.seat[static_cast<size_t>(slot)] != kSeat) continue;
        ++wins;
        ASSERT_EQ(top.bid[static_cast<size_t>(slot)], 90.0F * believed);
        if (slot >= tick.shown(pv)) continue;
        expected += static_cast<double>(value);
        cubes += std::pow(static_cast<double>(value), 3.0);
        believed_exposed += static_cast<double>(believed);
        conversions += traffic.converts(factors, t, pv, kSeat, value, tick.draw(pv, slot)) ? 1 : 0;
      }
    }
    EXPECT_EQ(got.outcome.num_wins, wins);
    EXPECT_EQ(got.outcome.num_conversions, conversions);
    EXPECT_NEAR(got.outcome.sum_pvalue_exposed, expected, 1e-9);
    EXPECT_NEAR(got.outcome.sum_pvalue_cubed_exposed, cubes, 1e-9);
    EXPECT_NEAR(got.outcome.sum_pvalue, tick.sum_value[kSeat], 1e-9);
    EXPECT_NEAR(got.start.mean_pvalue, tick.num_pv > 0 ? believed_sum / static_cast<double>(tick.num_pv) : 0.0, 1e-12);
    if (t + 1 < kTicksPerPeriod) {
      EXPECT_NEAR(day.seen[static_cast<size_t>(t)].sum_pvalue_exposed, believed_exposed, 1e-9);
    }
  }
  EXPECT_NEAR(mean / count, 0.0, 0.02);
  EXPECT_NEAR(std::sqrt(squares / count), 0.4, 0.02);
}

// The winner's curse: of two bidders that win as much, the one that errs is shown what it thinks too much of.
TEST(Stress, NoiseCosts) {
  const Day clear({}, false, 90.0);
  const Day noisy({.value_noise = 0.5}, true, 90.0);
  const auto cost = [](const TickOutcome& outcome) { return outcome.cost; };
  EXPECT_GT(noisy.sum(cost) / noisy.sum(exposed), 1.02 * clear.sum(cost) / clear.sum(exposed));
}

TEST(Stress, WhoIsNotMisledMeetsTheMarketAsItIs) {
  const Day usual({}, false, 90.0), stress({.value_bias = 2.0, .value_noise = 0.5}, false, 90.0);
  EXPECT_EQ(usual.rival_wins, stress.rival_wins);
  EXPECT_EQ(usual.sum(exposed), stress.sum(exposed));
}

TEST(Stress, LateTrafficMovesImpressionsAndKeepsTheirNumber) {
  std::vector<int64_t> counts(5, 100);
  shift_traffic(0.5, counts);  // factors 0.5, 0.75, 1, 1.25, 1.5
  EXPECT_EQ(counts, (std::vector<int64_t>{50, 75, 100, 125, 150}));
  counts.assign(5, 100);
  shift_traffic(-1.0, counts);
  EXPECT_EQ(counts, (std::vector<int64_t>{200, 150, 100, 50, 0}));
  for (const double late : {-1.0, -0.3, 0.7, 1.0}) {
    const Traffic usual(1, kImpressions), shifted(1, kImpressions, {}, {}, late);
    const auto before = usual.factors(kPeriod).num_pv;
    const auto after = shifted.factors(kPeriod).num_pv;
    EXPECT_EQ(std::accumulate(before.begin(), before.end(), int64_t{0}),
              std::accumulate(after.begin(), after.end(), int64_t{0}));
    EXPECT_EQ(after.back() > before.back(), late > 0.0);
  }
  std::vector<int64_t> one = {7};
  shift_traffic(1.0, one);
  EXPECT_EQ(one.front(), 7);
  const Day late({.late_traffic = 1.0}, false, 90.0), usual({}, false, 90.0);
  EXPECT_GT(late.starts.back().num_pv, usual.starts.back().num_pv * 3 / 2);
}

TEST(Stress, IsAnOptionOfTheCorrectedRules) {
  const auto read = [](const std::vector<std::string>& overrides) {
    MarketConfig config;
    ConfigFile::parse("{}", "test", overrides).read(config);
    return config;
  };
  EXPECT_EQ(read({}).rules_label(), "corrected");
  EXPECT_EQ(read({"stress.value_bias=0.2", "stress.late_traffic=-0.5"}).rules_label(),
            "corrected, value bias 0.2, late traffic -0.5");
  EXPECT_EQ(print_config(read({}), "", PrintFor::kComparing).find("stress"), std::string::npos);
  try {
    read({"rules=official", "stress.value_noise=0.1"});
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("the rules official play AuctionNet's days as they are"), std::string::npos);
  }
}

}  // namespace
}  // namespace genbid::market
