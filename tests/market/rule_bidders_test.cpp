#include "market/rule_bidders.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "bidding/advertiser.h"

namespace genbid {
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
TEST(Pid, RaisesAlphaWhereItSpendsTooSlowlyAndLowersItWhereTooFast) {
  OneSeat seat(make_pid());
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 990.0), 15.0 * 1.2);        // 10 x 47 / 990 = 0.47
  EXPECT_EQ(seat.alpha(2, 970.0), 15.0 * 1.2);        // 20 x 46 / 970 = 0.95
  EXPECT_EQ(seat.alpha(3, 900.0), 15.0 * 1.2 * 0.7);  // 70 x 45 / 900 = 3.5
}

// The official one compares the first cost with a budget of 100 whatever the seat's, so its alpha always rises.
TEST(Pid, UsesTheTrueCostOfTheFirstTick) {
  OneSeat seat(make_pid());
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 900.0), 15.0 * 0.7);
}

TEST(Pid, ATickWithoutBeingAskedChangesNothing) {
  OneSeat seat(make_pid());
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  seat.alpha(1, 0.05, false);
  EXPECT_EQ(seat.alpha(2, 979.0), 15.0);  // 21 x 46 / 979 = 0.99
}

TEST(Pid, ResetForgetsTheLastPeriod) {
  const std::unique_ptr<Bidder> pid = make_pid();
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

class AnyBidder : public testing::TestWithParam<std::string> {};

TEST_P(AnyBidder, AnswersEveryRowAloneAndTheSameAfterAReset) {
  BidderConfig config;
  config.bidder = GetParam();
  const std::unique_ptr<Bidder> together = make_bidder(config);
  EXPECT_FALSE(bidder_label(config).empty());
  const Advertiser advertisers[2] = {{1000.0, 100.0, 0}, {3000.0, 60.0, 1}};
  for (int run = 0; run < 2; ++run) {
    std::vector<SeatView> rows(2);
    std::vector<std::unique_ptr<Bidder>> alone;
    for (size_t i = 0; i < 2; ++i) {
      rows[i].advertiser = &advertisers[i];
      rows[i].now.remaining_budget = advertisers[i].budget;
      alone.push_back(make_bidder(config));
      alone[i]->reset({&rows[i], 1});
    }
    together->reset(rows);
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      std::vector<BidFormula> bids(2);
      for (size_t i = 0; i < 2; ++i) {
        rows[i].now.tick = tick;
        rows[i].now.remaining_budget -= static_cast<double>(tick % 5) * (i == 0 ? 3.0 : 20.0);
      }
      together->bid(rows, bids);
      for (size_t i = 0; i < 2; ++i) {
        BidFormula bid;
        alone[i]->bid({&rows[i], 1}, {&bid, 1});
        EXPECT_EQ(bids[i].value, bid.value);
        EXPECT_EQ(bids[i].value_squared, bid.value_squared);
        EXPECT_GT(bids[i].value, 0.0);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, AnyBidder, testing::ValuesIn(bidder_names()));

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
}

TEST(BidderConfig, RejectsUnknownKindsAndListsTheKnown) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pidd}", config).find("found 'pidd', expected one of pid, fixed_alpha"),
            std::string::npos);
  config.bidder = "pidd";
  EXPECT_THROW(make_bidder(config), Error);
}

TEST(BidderConfig, RejectsWhatTheKindDoesNotRead) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pid, alpha: 90}", config).find("key 'alpha': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: pid, cpa_ratio: 2}", config).find("key 'cpa_ratio': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: fixed_alpha, alpha: 90, cpa_ratio: 2}", config).find("not both"), std::string::npos);
}

}  // namespace
}  // namespace genbid
