#include "play/exploration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "bidders/bidder_config.h"
#include "bidders/fixed_alpha.h"

namespace genbid::play {
namespace {

ExploreConfig read_explore(const std::string& yaml) {
  ExploreConfig config;
  ConfigFile::parse(yaml, "explore.yaml").read(config);
  return config;
}

ExploreConfig mixed() {
  return read_explore(
      "seed: 3\n"
      "bidders:\n"
      "  - {bidder: fixed_alpha, cpa_ratio: [0.5, 2], weight: 2}\n"
      "  - {bidder: fixed_alpha, alpha: [20, 80]}\n"
      "  - pid\n"
      "budget_scale: [0.25, 4]\n"
      "cpa_scale: [0.8, 1.25]\n");
}

TEST(Exploration, DrawsStayInTheirRangesAndFillThem) {
  const Exploration exploration(mixed());
  std::map<size_t, int> drawn;
  double low = 1e9, high = 0.0;
  for (int64_t period = 1000; period < 1100; ++period) {
    for (int seat = 0; seat < 48; ++seat) {
      const Exploration::SeatDraw one = exploration.seat(period, seat);
      ++drawn[one.bidder];
      EXPECT_GE(one.budget_scale, 0.25);
      EXPECT_LE(one.budget_scale, 4.0);
      EXPECT_GE(one.cpa_scale, 0.8);
      EXPECT_LE(one.cpa_scale, 1.25);
      low = std::min(low, one.budget_scale);
      high = std::max(high, one.budget_scale);
      if (one.bidder == 0) {
        EXPECT_TRUE(one.coefficient >= 0.5 && one.coefficient <= 2.0) << one.coefficient;
      }
      if (one.bidder == 1) {
        EXPECT_TRUE(one.coefficient >= 20.0 && one.coefficient <= 80.0) << one.coefficient;
      }
      if (one.bidder == 2) {
        EXPECT_EQ(one.coefficient, 1.0);
      }
    }
  }
  EXPECT_LT(low, 0.26);
  EXPECT_GT(high, 3.9);
  // 4800 draws with shares of a half and two quarters: standard deviations of 35 and 30.
  EXPECT_NEAR(drawn[0], 2400, 140);
  EXPECT_NEAR(drawn[1], 1200, 120);
  EXPECT_NEAR(drawn[2], 1200, 120);
}

// A range's middle is the geometric mean of its ends.
TEST(Exploration, RangesAreDrawnLogUniformly) {
  const Exploration exploration(mixed());
  double sum = 0.0;
  for (int64_t period = 0; period < 1000; ++period) sum += std::log(exploration.seat(period, 5).budget_scale);
  EXPECT_NEAR(sum / 1000.0, 0.0, 0.1);  // ln 4 / sqrt(3) / sqrt(1000) = 0.025
}

bool equal(const Exploration::SeatDraw& a, const Exploration::SeatDraw& b) {
  return a.bidder == b.bidder && a.coefficient == b.coefficient && a.budget_scale == b.budget_scale &&
         a.cpa_scale == b.cpa_scale;
}

TEST(Exploration, DrawsDependOnSeedPeriodAndSeatAlone) {
  const Exploration one(mixed());
  const Exploration::SeatDraw late = one.seat(10986, 47);
  const Exploration other(mixed());
  for (int seat = 0; seat < 48; ++seat) other.seat(1000, seat);
  EXPECT_TRUE(equal(other.seat(10986, 47), late));
  EXPECT_EQ(other.standard_normal(7, 3, 2), one.standard_normal(7, 3, 2));
  EXPECT_FALSE(equal(one.seat(10986, 46), late));
  EXPECT_FALSE(equal(one.seat(10985, 47), late));
  ExploreConfig config = mixed();
  config.seed = 4;
  EXPECT_FALSE(equal(Exploration(config).seat(10986, 47), late));
  EXPECT_NE(Exploration(config).standard_normal(7, 3, 2), one.standard_normal(7, 3, 2));
  EXPECT_NE(one.standard_normal(7, 3, 1), one.standard_normal(7, 3, 2));
}

TEST(Exploration, APeriodsPopulationSaysWhatWasDrawn) {
  const Exploration exploration(mixed());
  const Population base = load_population("pid48");
  const Population drawn = exploration.populate(base, 1234);
  for (size_t i = 0; i < 48; ++i) {
    const Exploration::SeatDraw one = exploration.seat(1234, static_cast<int>(i));
    const PopulationSeat& seat = drawn.seats[i];
    EXPECT_EQ(seat.budget_scale, one.budget_scale);
    EXPECT_EQ(seat.cpa_scale, one.cpa_scale);
    EXPECT_EQ(seat.advertiser.budget, base.seats[i].advertiser.budget);
    const std::string label = bidders::bidder_label(seat.bidder);
    if (one.bidder == 0) {
      EXPECT_EQ(label, "fixed_alpha " + shortest(one.coefficient) + " x CPA limit");
    }
    if (one.bidder == 1) {
      EXPECT_EQ(label, "fixed_alpha " + shortest(one.coefficient));
    }
    if (one.bidder == 2) {
      EXPECT_EQ(label, "pid");
    }
  }
  market::MarketConfig market;
  market.budget_scale = 0.5;
  const market::Cell cell = make_cell(drawn, 1234, market);
  EXPECT_DOUBLE_EQ(cell.advertisers[7].budget, 3500.0 * 0.5 * drawn.seats[7].budget_scale);
  EXPECT_DOUBLE_EQ(cell.advertisers[7].cpa_limit, 80.0 * drawn.seats[7].cpa_scale);
}

TEST(Exploration, WhatIsNotVariedStaysAsItIs) {
  const ExploreConfig config = read_explore("alpha_noise: 0.1");
  EXPECT_TRUE(config.on());
  EXPECT_FALSE(ExploreConfig().on());
  const Population base = load_population("rules48");
  const Population same = Exploration(config).populate(base, 5);
  for (size_t i = 0; i < 48; ++i) {
    EXPECT_EQ(bidders::bidder_label(same.seats[i].bidder), bidders::bidder_label(base.seats[i].bidder));
    EXPECT_EQ(same.seats[i].budget_scale, 1.0);
    EXPECT_EQ(same.seats[i].cpa_scale, 1.0);
  }
}

// All 48 seats of two periods, in tick 0.
class Views {
 public:
  explicit Views(const Population& population) : population_(population) {
    for (int row = 0; row < 96; ++row) {
      SeatView view;
      view.period = row < 48 ? 1000 : 2000;
      view.seat = row % 48;
      view.advertiser = &population_.seats[static_cast<size_t>(view.seat)].advertiser;
      view.now = {.tick = 0, .num_pv = 100, .mean_pvalue = 0.001, .remaining_budget = 100.0};
      rows.push_back(view);
    }
  }
  std::vector<SeatView> rows;

 private:
  Population population_;
};

TEST(Exploration, SeatsBidAsTheBidderThatWasDrawnForThem) {
  const Exploration exploration(mixed());
  const Population population = load_population("pid48");
  Views views(population);
  const auto bidder = exploration.make_bidder(population, kTicksPerPeriod);
  std::vector<BidFormula> bids(96);
  bidder->reset(views.rows);
  bidder->bid(views.rows, bids);
  for (size_t half = 0; half < 2; ++half) {
    const auto drawn = exploration.populate(population, half == 0 ? 1000 : 2000);
    const auto plain = make_bidders(drawn, BiddingRules::kCorrected);
    for (size_t seat = 0; seat < 48; ++seat) {
      const std::span<const SeatView> row(&views.rows[48 * half + seat], 1);
      std::vector<BidFormula> one(1);
      plain[seat]->reset(row);
      plain[seat]->bid(row, one);
      EXPECT_EQ(bids[48 * half + seat].value, one[0].value);
    }
  }
}

TEST(Exploration, NoiseHasItsSpreadAndItsMemory) {
  for (const double rho : {0.0, 0.8}) {
    const Exploration exploration(read_explore("{alpha_noise: 0.25, alpha_noise_correlation: " + shortest(rho) + "}"));
    Population population = load_population("pid48");
    for (PopulationSeat& seat : population.seats) seat.bidder = bidders::FixedAlphaOptions{.alpha = 50.0};
    Views views(population);
    const auto bidder = exploration.make_bidder(population, kTicksPerPeriod);
    bidder->reset(views.rows);
    std::vector<BidFormula> bids(96);
    std::vector<double> last(96);
    double sum = 0.0, squares = 0.0, products = 0.0;
    for (int tick = 0; tick < 48; ++tick) {
      for (SeatView& view : views.rows) view.now.tick = tick;
      bidder->bid(views.rows, bids);
      for (size_t row = 0; row < 96; ++row) {
        const double z = std::log(bids[row].value / 50.0) / 0.25;
        sum += z;
        squares += z * z;
        if (tick > 0) products += z * last[row];
        last[row] = z;
      }
    }
    const double n = 96 * 48;
    EXPECT_NEAR(sum / n, 0.0, 0.15) << rho;
    EXPECT_NEAR(squares / n, 1.0, 0.15) << rho;
    EXPECT_NEAR(products / (96 * 47), rho, 0.12);
  }
}

TEST(ExploreConfig, WrongValuesAreErrorsThatSayWhatIsExpected) {
  const auto error_of = [](const std::string& yaml) -> std::string {
    try {
      read_explore(yaml);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(error_of("bidders: [pidd]").find("expected one of pid, fixed_alpha"), std::string::npos);
  EXPECT_NE(error_of("bidders: [{bidder: pid, cpa_ratio: 2}]").find("cpa_ratio"), std::string::npos);
  EXPECT_NE(error_of("bidders: [{bidder: fixed_alpha, alpha: [0, 5]}]").find("a range above 0"), std::string::npos);
  EXPECT_NE(error_of("bidders: [{bidder: fixed_alpha, alpha: 5, cpa_ratio: 2}]").find("either alpha or cpa_ratio"),
            std::string::npos);
  EXPECT_NE(error_of("budget_scale: [2, 0.5]").find("expected the lower number first"), std::string::npos);
  EXPECT_NE(error_of("alpha_noise_correlation: 0.5").find("0 where alpha_noise is 0"), std::string::npos);
  EXPECT_EQ(error_of("{alpha_noise: 0.1, alpha_noise_correlation: 0.5}"), "no error");
}

TEST(ExploreConfig, ItsPrintedFormReadsBack) {
  ExploreConfig config = mixed();
  const std::string text = print_config(config, "");
  EXPECT_NE(text.find("    cpa_ratio: [0.5, 2]\n"), std::string::npos) << text;
  EXPECT_EQ(print_config(read_explore(text), ""), text);
}

TEST(Exploration, BiddersMadeFor48TicksRefuseOtherDays) {
  const Exploration exploration(read_explore("bidders: [pid, {bidder: online_lp, table: episode-0}]"));
  try {
    exploration.make_bidder(load_population("pid48"), 24);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()),
              "explore.bidders[1]: 'online_lp episode-0' is made for days of 48 ticks, found 24 "
              "(market.traffic.ticks)");
  }
}

}  // namespace
}  // namespace genbid::play
