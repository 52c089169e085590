#include "play/hindsight.h"

#include <gtest/gtest.h>

#include "bidders/fixed_alpha.h"
#include "market/rule_sets.h"
#include "play/population.h"

namespace genbid::play {
namespace {

class HindsightOfRules : public testing::TestWithParam<std::string> {
 protected:
  // PID bidders would spend the money below; everybody bids a constant.
  HindsightOfRules() {
    for (PopulationSeat& seat : population_.seats) {
      if (seat.bidder.get_if<bidders::FixedAlphaOptions>() == nullptr) seat.bidder = bidders::FixedAlphaOptions();
    }
  }

  // So much money that no bid is ever taken back.
  market::Cell cell() const {
    market::MarketConfig config;
    config.budget_scale = 1000.0;
    return make_cell(population_, 3, config);
  }

  oracle::Responses record(int num_threads) const {
    Threads threads(num_threads);
    market::MarketConfig config;
    config.rules = GetParam();
    config.impressions = 20000;
    const auto market = market::make_market(config, threads);
    const SeatedPopulation seated(population_, market::rule_set(GetParam()).bidders);
    Recorder recorder;
    // What the seats really get, in the same market.
    EXPECT_TRUE(market::play(*market, {cell()}, seated.bidders, seated.seat_bidder, recorder));
    value_ = recorder.value;
    cost_ = recorder.cost;
    return *record_responses(*market, cell(), seated.bidders, seated.seat_bidder);
  }

  struct Recorder : market::PeriodSink {
    std::array<double, kNumSeats> value{}, cost{};
    void on_tick(int64_t, int, std::span<const market::SeatTick> seats) override {
      for (size_t i = 0; i < seats.size(); ++i) {
        value[i] += seats[i].outcome.sum_pvalue_exposed;
        cost[i] += seats[i].outcome.cost;
      }
    }
  };

  Population population_ = load_population("rules48");
  mutable std::array<double, kNumSeats> value_{}, cost_{};
};

INSTANTIATE_TEST_SUITE_P(Rules, HindsightOfRules, testing::ValuesIn(market::rules_names()));

// A seat's response to the alpha that it played is what it got, but for the luck of exposure.
TEST_P(HindsightOfRules, RespondsToAPlayedAlphaAsTheMarketDid) {
  const oracle::Responses responses = record(1);
  double value = 0.0, cost = 0.0, got_value = 0.0, got_cost = 0.0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const auto i = static_cast<size_t>(seat);
    const PopulationSeat& who = population_.seats[i];
    const auto alpha =
        static_cast<float>(who.bidder.get_if<bidders::FixedAlphaOptions>()->cpa_ratio * who.advertiser.cpa_limit);
    const auto point = static_cast<size_t>(responses.grid(0).first_point_above(alpha)) - 1;
    const oracle::Point response = responses.bid_curve(seat)[point];
    EXPECT_NEAR(response.value, value_[i], 0.25 * value_[i] + 0.05) << seat;
    value += response.value;
    cost += response.cost;
    got_value += value_[i];
    got_cost += cost_[i];
  }
  EXPECT_NEAR(value / got_value, 1.0, 0.02);
  EXPECT_NEAR(cost / got_cost, 1.0, 0.02);
}

TEST_P(HindsightOfRules, IsTheSameForAnyNumberOfThreads) {
  const oracle::Responses one = record(1), four = record(4);
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const oracle::Curve a = one.slot_curve(seat), b = four.slot_curve(seat);
    const oracle::Curve c = one.bid_curve(seat, 20), d = four.bid_curve(seat, 20);
    for (size_t p = 0; p < a.size(); ++p) {
      ASSERT_EQ(a[p].value, b[p].value);
      ASSERT_EQ(a[p].cost, b[p].cost);
      ASSERT_EQ(c[p].value, d[p].value);
    }
  }
}

}  // namespace
}  // namespace genbid::play
