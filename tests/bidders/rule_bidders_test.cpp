#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "bidders/abid.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "bidding/advertiser.h"

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
  double alpha(int tick, double remaining, bool may_bid = true) {
    view_.now.tick = tick;
    view_.now.remaining_budget = remaining;
    view_.may_bid = may_bid;
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
TEST(CorrectedPid, RaisesAlphaWhereItSpendsTooSlowlyAndLowersItWhereTooFast) {
  OneSeat seat(make_pid(BiddingRules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 990.0), 15.0 * 1.2);        // 10 x 47 / 990 = 0.47
  EXPECT_EQ(seat.alpha(2, 970.0), 15.0 * 1.2);        // 20 x 46 / 970 = 0.95
  EXPECT_EQ(seat.alpha(3, 900.0), 15.0 * 1.2 * 0.7);  // 70 x 45 / 900 = 3.5
}

// The official one compares the first cost with a budget of 100 whatever the seat's, so its alpha always rises.
TEST(CorrectedPid, UsesTheTrueCostOfTheFirstTick) {
  OneSeat seat(make_pid(BiddingRules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 900.0), 15.0 * 0.7);
}

TEST(CorrectedPid, ATickWithoutBeingAskedChangesNothing) {
  OneSeat seat(make_pid(BiddingRules::kCorrected));
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  seat.alpha(1, 0.05, false);
  EXPECT_EQ(seat.alpha(2, 979.0), 15.0);  // 21 x 46 / 979 = 0.99
}

TEST(CorrectedPid, ResetForgetsTheLastPeriod) {
  const std::unique_ptr<Bidder> pid = make_pid(BiddingRules::kCorrected);
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

}  // namespace
}  // namespace genbid::bidders
