#include "bidders/rule_bidders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "bidders/bidder_config.h"
#include "bidding/advertiser.h"
#include "sample_assets.h"

namespace genbid::bidders {
namespace {

// One seat that is asked tick by tick with the money it has left.
class OneSeat {
 public:
  explicit OneSeat(std::unique_ptr<Bidder> bidder, Advertiser advertiser = {1000.0, 100.0, 0})
      : bidder_(std::move(bidder)), advertiser_(advertiser) {
    view_.advertiser = &advertiser_;
    view_.now.remaining_budget = advertiser.budget;
    bidder_->reset({&view_, 1});
  }
  double alpha(int tick, double remaining, bool asked = true) {
    view_.now.tick = tick;
    view_.now.remaining_budget = remaining;
    view_.asked = asked;
    BidFormula bid;
    bidder_->bid({&view_, 1}, {&bid, 1});
    EXPECT_EQ(bid.value_squared, 0.0);
    return bid.value;
  }

 private:
  std::unique_ptr<Bidder> bidder_;
  Advertiser advertiser_;
  SeatView view_;
};

// Budget 1000. Even spending at tick t costs remaining / (48 - t): between 0.7 and 1.1 of it nothing changes.
TEST(FastPid, RaisesAlphaWhereItSpendsTooSlowlyAndLowersItWhereTooFast) {
  OneSeat seat(make_pid(Rules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 990.0), 15.0 * 1.2);        // 10 x 47 / 990 = 0.47
  EXPECT_EQ(seat.alpha(2, 970.0), 15.0 * 1.2);        // 20 x 46 / 970 = 0.95
  EXPECT_EQ(seat.alpha(3, 900.0), 15.0 * 1.2 * 0.7);  // 70 x 45 / 900 = 3.5
}

// The official one compares the first cost with a budget of 100 whatever the seat's, so its alpha always rises.
TEST(FastPid, UsesTheTrueCostOfTheFirstTick) {
  OneSeat seat(make_pid(Rules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 900.0), 15.0 * 0.7);
}

TEST(FastPid, ATickWithoutBeingAskedChangesNothing) {
  OneSeat seat(make_pid(Rules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  seat.alpha(1, 0.05, false);
  EXPECT_EQ(seat.alpha(2, 979.0), 15.0);  // 21 x 46 / 979 = 0.99
}

TEST(FastPid, ResetForgetsTheLastPeriod) {
  const std::unique_ptr<Bidder> pid = make_pid(Rules::kCorrected);
  const Advertiser advertiser{1000.0, 100.0, 0};
  SeatView view;
  view.advertiser = &advertiser;
  BidFormula bid;
  for (int period = 0; period < 2; ++period) {
    view.now = {.tick = 0, .num_pv = 10, .mean_pvalue = 0.0, .remaining_budget = 1000.0};
    pid->reset({&view, 1});
    pid->bid({&view, 1}, {&bid, 1});
    EXPECT_EQ(bid.value, 15.0);
    view.now.tick = 1;
    view.now.remaining_budget = 400.0;
    pid->bid({&view, 1}, {&bid, 1});
    EXPECT_EQ(bid.value, 15.0 * 0.7);
  }
}

TEST(FixedAlpha, BidsItsAlphaOrAShareOfTheCpaLimit) {
  EXPECT_EQ(OneSeat(make_fixed_alpha(90.0, 1.0)).alpha(7, 500.0), 90.0);
  EXPECT_EQ(OneSeat(make_fixed_alpha(0.0, 1.25), {1000.0, 80.0, 0}).alpha(7, 500.0), 100.0);
}

// Money, CPA limit 100 and the tick's mean p-value decide: 100 / 0.0005 = 200,000 times the squared p-value.
TEST(Abid, BidsTheCpaLimitForAnImpressionOfMeanValue) {
  const Advertiser advertiser{1000.0, 100.0, 0};
  SeatView view;
  view.advertiser = &advertiser;
  view.now.mean_pvalue = 0.0005;
  BidFormula bid;
  const auto abid = make_abid();
  abid->reset({&view, 1});
  abid->bid({&view, 1}, {&bid, 1});
  EXPECT_EQ(bid.value, 0.0);
  EXPECT_EQ(bid.value_squared, 100.0 / 0.0005);
  view.now.mean_pvalue = 0.0;
  abid->bid({&view, 1}, {&bid, 1});
  EXPECT_EQ(bid.value_squared, 0.0);
}

BidderConfig any_config(const std::string& kind) {
  BidderConfig config;
  config.bidder = kind;
  config.table = "sample";
  config.agent = "iql";
  return config;
}

class AnyBidder : public testing::TestWithParam<std::tuple<std::string, Rules>> {
 protected:
  std::unique_ptr<Bidder> make() const {
    return make_bidder(any_config(std::get<0>(GetParam())), std::get<1>(GetParam()), test::SampleAssets());
  }
};

// Bids of two seats over two periods; `new_each_period`: by a new bidder in each.
std::vector<BidFormula> two_periods(const std::function<std::unique_ptr<Bidder>()>& make, std::span<const int> seats,
                                    bool new_each_period) {
  const Advertiser advertisers[2] = {{1000.0, 100.0, 0}, {3000.0, 60.0, 1}};
  std::vector<BidFormula> all;
  std::unique_ptr<Bidder> bidder = make();
  for (int period = 0; period < 2; ++period) {
    if (new_each_period) bidder = make();
    std::vector<SeatView> rows(seats.size());
    std::vector<TickHistory> histories(seats.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].period = period;
      rows[i].seat = seats[i];
      rows[i].advertiser = &advertisers[seats[i]];
      rows[i].history = &histories[i];
      // Less in the second period than was left of the first: what tick 1 looks like to who compares the two.
      rows[i].now.remaining_budget = rows[i].advertiser->budget * (period == 0 ? 1.0 : 0.7);
    }
    bidder->reset(rows);
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      std::vector<BidFormula> bids(rows.size());
      for (SeatView& row : rows) {
        row.now.tick = tick;
        row.now.num_pv = 1000;
        row.now.mean_pvalue = 0.0005 * (1 + tick % 3);
        row.now.remaining_budget -= static_cast<double>(tick % 5) * (row.seat == 0 ? 3.0 : 20.0);
      }
      bidder->bid(rows, bids);
      all.insert(all.end(), bids.begin(), bids.end());
      for (size_t i = 0; i < rows.size(); ++i) histories[i].append({.bid = 0.05, .num_pv = 1000.0}, 1.0, 0.1, 0.0);
    }
  }
  return all;
}

TEST_P(AnyBidder, AnswersEveryRowAlone) {
  const auto together = two_periods([&] { return make(); }, std::array{0, 1}, false);
  const auto first = two_periods([&] { return make(); }, std::array{0}, false);
  const auto second = two_periods([&] { return make(); }, std::array{1}, false);
  for (size_t i = 0; i < first.size(); ++i) {
    for (const auto& [row, alone] : {std::pair(together[2 * i], first[i]), std::pair(together[2 * i + 1], second[i])}) {
      EXPECT_EQ(row.value, alone.value);
      EXPECT_EQ(row.value_squared, alone.value_squared);
      EXPECT_GT(row.value + row.value_squared, 0.0);
    }
  }
}

TEST_P(AnyBidder, SaysWhetherItRemembersTheLastPeriod) {
  const auto kept = two_periods([&] { return make(); }, std::array{0, 1}, false);
  const auto fresh = two_periods([&] { return make(); }, std::array{0, 1}, true);
  const bool same = std::equal(kept.begin(), kept.end(), fresh.begin(), [](const BidFormula& a, const BidFormula& b) {
    return a.value == b.value && a.value_squared == b.value_squared;
  });
  EXPECT_NE(make()->keeps_state_between_periods(), same);
}

TEST_P(AnyBidder, HasALabel) { EXPECT_FALSE(bidder_label(any_config(std::get<0>(GetParam()))).empty()); }

INSTANTIATE_TEST_SUITE_P(Table, AnyBidder,
                         testing::Combine(testing::ValuesIn(bidder_names()),
                                          testing::Values(Rules::kCorrected, Rules::kOfficial)));

std::string read_bidder(const std::string& yaml, BidderConfig& config) {
  try {
    ConfigFile::parse(yaml, "b.yaml").read(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(BidderConfig, ReadsEachKind) {
  BidderConfig config;
  EXPECT_EQ(read_bidder("{bidder: pid}", config), "");
  EXPECT_EQ(bidder_label(config), "pid");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: fixed_alpha, alpha: 90}", config), "");
  EXPECT_EQ(bidder_label(config), "fixed_alpha 90");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: fixed_alpha, cpa_ratio: 1.1}", config), "");
  EXPECT_EQ(bidder_label(config), "fixed_alpha 1.1 x CPA limit");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: abid}", config), "");
  EXPECT_EQ(bidder_label(config), "abid");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: online_lp, table: episode-3}", config), "");
  EXPECT_EQ(bidder_label(config), "online_lp episode-3");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: official_agent, agent: td3_bc}", config), "");
  EXPECT_EQ(bidder_label(config), "official td3_bc");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: pacing}", config), "");
  EXPECT_EQ(bidder_label(config), "pacing");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: pacing, price_level: 300, later_value: 1, prior_days: 0.5, cpa_brake: 1.2}", config),
            "");
  EXPECT_EQ(bidder_label(config), "pacing price_level 300 later_value 1 prior_days 0.5 cpa_brake 1.2");
}

TEST(BidderConfig, RejectsUnknownKindsAndListsTheKnown) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pidd}", config).find("found 'pidd', expected one of pid, fixed_alpha, abid"),
            std::string::npos);
  config.bidder = "pidd";
  EXPECT_THROW(make_bidder(config, Rules::kCorrected, test::SampleAssets()), Error);
}

TEST(BidderConfig, RejectsWhatTheKindDoesNotRead) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pid, alpha: 90}", config).find("key 'alpha': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: pid, cpa_ratio: 2}", config).find("key 'cpa_ratio': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: fixed_alpha, alpha: 90, cpa_ratio: 2}", config).find("not both"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: pacing, alpha: 90}", config).find("key 'alpha': unknown"), std::string::npos);
  for (const std::string option : {"price_level", "later_value", "prior_days", "cpa_brake"}) {
    config = {};
    EXPECT_NE(read_bidder("{bidder: pid, " + option + ": 1}", config).find("key '" + option + "': unknown"),
              std::string::npos);
  }
}

TEST(BidderConfig, AsksForWhatTheKindNeeds) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: online_lp}", config).find("table"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: online_lp, table: ''}", config).find("expected a path"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: official_agent}", config).find("agent"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: official_agent, agent: bcq}", config).find("one of bc, iql, cql"), std::string::npos);
}

TEST(Rules, AreFoundByName) {
  EXPECT_EQ(parse_rules("corrected"), Rules::kCorrected);
  EXPECT_EQ(parse_rules("official"), Rules::kOfficial);
  EXPECT_THROW(parse_rules("quick"), Error);
}

// Tables and features of 48 ticks: refused where the bidder is made, and, whoever made it, before its first bid.
TEST(RuleBidders, ThoseMadeFor48TicksRefuseOtherDays) {
  const std::vector<std::pair<BidderConfig, std::string>> made_for_48 = {
      {{.bidder = "online_lp", .table = "sample"}, "'online_lp sample'"},
      {{.bidder = "official_agent", .agent = "iql"}, "'official sample'"}};
  for (const auto& [config, name] : made_for_48) {
    for (const int ticks : {1, 24, 47, 49, 96}) {
      const std::string expected =
          name + " is made for days of 48 ticks, found " + std::to_string(ticks) + " (market.traffic.ticks)";
      try {
        make_bidder(config, Rules::kCorrected, test::SampleAssets(), ticks);
        ADD_FAILURE() << "no error";
      } catch (const Error& e) {
        EXPECT_EQ(e.what(), expected);
      }
      const Advertiser advertiser = official_advertiser(0);
      SeatView row;
      row.advertiser = &advertiser;
      row.num_ticks = ticks;
      try {
        make_bidder(config, Rules::kCorrected, test::SampleAssets())->reset({&row, 1});
        ADD_FAILURE() << "no error";
      } catch (const Error& e) {
        EXPECT_EQ(e.what(), expected);
      }
    }
  }
  for (const char* any : {"pid", "fixed_alpha", "abid", "pacing"}) {
    EXPECT_NE(make_bidder({.bidder = any}, Rules::kCorrected, test::SampleAssets(), 96), nullptr);
  }
}

}  // namespace
}  // namespace genbid::bidders
