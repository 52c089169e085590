#include "play/hindsight.h"

#include <gtest/gtest.h>

#include <algorithm>

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

// All impressions of a period, for a sum over them one by one.
struct KeptPeriod : market::PeriodSink {
  std::vector<market::TickImpressions> ticks;
  void on_tick(int64_t, int, std::span<const market::SeatTick>) override {}
  void on_impressions(int64_t, int, std::span<const market::SeatTick>, const market::TickImpressions& tick) override {
    ticks.push_back(tick);
  }
};

// What a bid of alpha x value gets a seat, the others' bids as they were: straight from the rule.
oracle::Point respond(const AuctionRule& rule, const KeptPeriod& period, int seat, double alpha) {
  oracle::Point sum;
  for (int t = 0; t < static_cast<int>(period.ticks.size()); ++t) {
    const market::TickImpressions& tick = period.ticks[static_cast<size_t>(t)];
    const double reserve = rule.reserve_of(t, seat);
    for (size_t pv = 0; pv < static_cast<size_t>(tick.num_pv); ++pv) {
      const double value = tick.pvalue[pv * kNumSeats + static_cast<size_t>(seat)];
      const double bid = alpha * value;
      if (bid < reserve) continue;
      std::vector<double> below = {reserve};  // what a slot may cost
      int slot = 0;
      for (int rival = 0; rival < kNumSeats; ++rival) {
        const double other = tick.bid[pv * kNumSeats + static_cast<size_t>(rival)];
        if (rival == seat || other < rule.reserve_of(t, rival)) continue;
        if (other > bid)
          ++slot;
        else
          below.push_back(other);
      }
      if (slot >= rule.num_slots) continue;
      const double shown = rule.exposure(slot);
      sum.value += shown * value;
      sum.cost += shown * *std::max_element(below.begin(), below.end());
    }
  }
  return sum;
}

// A market whose impressions are sold otherwise, as it is asked for on the command line. The official rules take no
// such options; that their hindsight follows the rule is seen in a program's own config alone.
market::MarketConfig sold_by(const std::string& rules, const std::string& reserve, const std::string& exposures) {
  market::MarketConfig config;
  ConfigFile::parse("{}", "test", {"auction.reserve=" + reserve, "auction.exposures=" + exposures}).read(config);
  config.rules = rules;
  // Of AuctionNet's defects two sell otherwise at the reserve.
  if (config.rule_set().has_defects) config.corrections = {"reserve", "zero_bids"};
  config.impressions = 3000;
  config.budget_scale = 1000.0;
  return config;
}

// Seats of a category have a reserve of their own in every tick.
std::vector<double> reserves_by_category() {
  std::vector<double> reserves(size_t{kTicksPerPeriod} * kMaxSeats, 0.0001);
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const int category = seat / kSeatsPerCategory;
      reserves[static_cast<size_t>(tick * kMaxSeats + seat)] = 0.0001 + 0.02 * ((tick + 2 * category) % 5);
    }
  }
  return reserves;
}

// Hindsight takes reserve and exposures from the market's config, not from anywhere else.
TEST(Hindsight, KnowsTheRuleByWhichImpressionsAreSold) {
  Population population = load_population("rules48");
  for (PopulationSeat& seat : population.seats) seat.bidder = bidders::FixedAlphaOptions();
  for (const std::string& rules : market::rules_names()) {
    for (const std::string reserve : {"0.0001", "0.03", "by category"}) {
      const bool own = reserve == "by category";
      if (own && rules == "official") continue;
      market::MarketConfig config = sold_by(rules, own ? "0.0001" : reserve, "[1, 0.5, 0.25]");
      if (own) config.auction.own_reserves = reserves_by_category();
      Threads threads(1);
      const auto market = market::make_market(config, threads);
      const market::Cell cell = make_cell(population, 3, config);
      const AuctionRule rule = market->auction_rule(cell);
      ASSERT_EQ(rule.reserve, own ? 0.0001 : std::stod(reserve));
      ASSERT_EQ(rule.exposure(2), 0.125);
      const SeatedPopulation seated(population, config.bidder_rules());
      KeptPeriod period;
      market->keep_impressions(true);
      ASSERT_TRUE(market::play(*market, {cell}, seated.bidders, seated.seat_bidder, period));
      market->keep_impressions(false);
      const auto responses = record_responses(*market, cell, seated.bidders, seated.seat_bidder);
      for (const int seat : {0, 17, 47}) {
        const oracle::Curve curve = responses->bid_curve(seat);
        for (const size_t point : {size_t{400}, size_t{700}, size_t{1000}}) {
          const auto alpha = static_cast<double>(responses->grid(seat).alpha(point));
          const oracle::Point expected = respond(rule, period, seat, alpha);
          // Values, bids and exposures are floats there: 1e-7 of each, and the 2^-30 that sums are counted in.
          EXPECT_NEAR(curve[point].value, expected.value, 1e-6 * expected.value + 1e-6) << rules << " " << seat;
          EXPECT_NEAR(curve[point].cost, expected.cost, 1e-6 * expected.cost + 1e-4) << rules << " " << seat;
          if (point == 1000) {
            EXPECT_GT(expected.value, 0.1);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace genbid::play
