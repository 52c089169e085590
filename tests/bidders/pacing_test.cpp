#include "bidders/pacing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "bidders/bidder_config.h"
#include "bidding/day_shape.h"

namespace genbid::bidders {
namespace {

// A day of so many impressions that whole numbers of them follow the usual day closely, of usual p-values: 250,000 of
// offered value. At price level 2500 and alpha 100 that costs 250,000 x 100^2 / 2500: the budget. The CPA limit is 100.
constexpr double kImpressions = 5e8;
constexpr double kBudget = 1e6;
constexpr double kNear = 1e-3;
constexpr PacingOptions kSure = {.price_level = 2500.0, .later_value = 1.0, .prior_days = 1e6, .cpa_brake = 1.0};

class PacedSeat {
 public:
  explicit PacedSeat(const PacingOptions& options = kSure, int num_ticks = kTicksPerPeriod, double budget = kBudget)
      : bidder_(make_pacing(options)), advertiser_{budget, 100.0, 0}, shares_(day_shares("auctionnet", num_ticks)) {
    view_.advertiser = &advertiser_;
    view_.history = &history_;
    view_.num_ticks = num_ticks;
    view_.now.remaining_budget = budget;
    bidder_->reset({&view_, 1});
  }
  double share(int tick) const { return shares_[static_cast<size_t>(tick)]; }

  // The next tick, of the usual impressions.
  double alpha(double mean_pvalue = kBaseValue) {
    return alpha(std::llround(kImpressions * share(view_.now.tick)), mean_pvalue);
  }
  double alpha(int64_t num_pv, double mean_pvalue) {
    view_.now.num_pv = num_pv;
    view_.now.mean_pvalue = mean_pvalue;
    BidFormula bid{.value = -1.0};
    bidder_->bid({&view_, 1}, {&bid, 1});
    EXPECT_EQ(bid.value_squared, 0.0);
    ++view_.now.tick;
    return bid.value;
  }
  // What it paid, at so many CPA limits a conversion.
  void pays(double cost, double cpa_ratio = 1.0) {
    view_.now.remaining_budget -= cost;
    history_.append({}, cost, cost / (cpa_ratio * advertiser_.cpa_limit), 0.0);
  }
  void is_asked(bool may_bid) { view_.may_bid = may_bid; }

 private:
  std::unique_ptr<Bidder> bidder_;
  Advertiser advertiser_;
  std::vector<double> shares_;
  TickHistory history_;
  SeatView view_;
};

TEST(Pacing, FirstAlphaSpendsTheBudgetOnAUsualDay) {
  EXPECT_NEAR(PacedSeat().alpha(), 100.0, kNear);
  // A quarter of the money: half of the alpha.
  EXPECT_NEAR(PacedSeat(kSure, kTicksPerPeriod, kBudget / 4).alpha(), 50.0, kNear);
}

TEST(Pacing, KeepsItsAlphaOnADayAsExpectedOfAnyNumberOfTicks) {
  for (const int num_ticks : {4, 48, 96}) {
    PacedSeat seat(kSure, num_ticks);
    for (int tick = 0; tick < num_ticks; ++tick) {
      EXPECT_NEAR(seat.alpha(), 100.0, kNear) << tick << " of " << num_ticks;
      seat.pays(kBudget * seat.share(tick));
    }
  }
}

// Twice the money a unit of value: sqrt 2 times the alpha.
TEST(Pacing, SpendsFasterBehindTheCurveAndSlowerAheadOfIt) {
  PacedSeat behind;
  behind.alpha();
  EXPECT_NEAR(behind.alpha(), 100.0 / std::sqrt(1.0 - behind.share(0)), kNear);
  PacedSeat ahead;
  ahead.alpha();
  ahead.pays(0.5 * kBudget);
  EXPECT_NEAR(ahead.alpha(), 100.0 * std::sqrt(0.5 / (1.0 - ahead.share(0))), kNear);
}

// With one usual day as prior and a tick of share s at four times the usual cost, the expected cost is (1 + 4 s) / (1 +
// s) of the usual one.
TEST(Pacing, LearnsThePriceLevel) {
  PacingOptions options = kSure;
  options.prior_days = 1.0;
  PacedSeat seat(options);
  const double s = seat.share(0);
  EXPECT_NEAR(seat.alpha(), 100.0, kNear);
  seat.pays(4.0 * s * kBudget);
  EXPECT_NEAR(seat.alpha(), 100.0 * std::sqrt((1.0 - 4.0 * s) / (1.0 - s) * (1.0 + s) / (1.0 + 4.0 * s)), kNear);
}

// 3 % of the budget for nothing, 1 % at the limit added: 4 limits a conversion, half of the alpha. At the limit: no
// brake.
TEST(Pacing, BrakesAboveTheCpaLimit) {
  PacedSeat good;
  PacedSeat bad;
  good.alpha();
  bad.alpha();
  good.pays(0.03 * kBudget, 1.0);
  bad.pays(0.03 * kBudget, 1e9);
  const double unbraked = good.alpha();
  EXPECT_NEAR(unbraked, 100.0 * std::sqrt(0.97 / (1.0 - good.share(0))), kNear);
  EXPECT_NEAR(bad.alpha(), 0.5 * unbraked, kNear);
}

TEST(Pacing, BrakesFromTheRatioOfItsOptionOn) {
  PacingOptions options = kSure;
  options.cpa_brake = 0.25;
  EXPECT_NEAR(PacedSeat(options).alpha(), 50.0, kNear);
}

TEST(Pacing, BidsAtMostTwiceTheCpaLimit) { EXPECT_EQ(PacedSeat(kSure, kTicksPerPeriod, 1e9).alpha(), 200.0); }

// A tick of twice the usual p-values promises as much for the first 8 ticks, not for later ones.
TEST(Pacing, ExpectsTheRestOfASixthOfTheDayToBeAsRichAsItsTicksSoFar) {
  PacedSeat seat;
  double sixth = 0.0;
  for (int tick = 0; tick < 8; ++tick) sixth += seat.share(tick);
  EXPECT_NEAR(seat.alpha(2.0 * kBaseValue), 100.0 / std::sqrt(1.0 + sixth), kNear);
  for (int tick = 1; tick < 8; ++tick) seat.alpha(2.0 * kBaseValue);
  EXPECT_NEAR(seat.alpha(), 100.0 / std::sqrt(1.0 - sixth), kNear);
}

TEST(Pacing, BidsInEmptyTicks) {
  PacedSeat seat;
  for (int tick = 0; tick < 3; ++tick) EXPECT_EQ(seat.alpha(0, 0.0), 200.0);  // nothing known yet
  seat.alpha(1000, kBaseValue);
  for (int tick = 4; tick < kTicksPerPeriod; ++tick) {
    const double alpha = seat.alpha(0, 0.0);
    EXPECT_GT(alpha, 0.0) << tick;
    EXPECT_LE(alpha, 200.0) << tick;
  }
}

TEST(Pacing, BidsWhereNoImpressionIsOfUse) {
  PacingOptions options = kSure;
  options.later_value = 0.0;
  PacedSeat seat(options);
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) EXPECT_EQ(seat.alpha(0.0), 200.0) << tick;
}

TEST(Pacing, ATickWithoutBeingAskedGetsNoAnswer) {
  PacedSeat seat;
  seat.alpha();
  seat.is_asked(false);
  EXPECT_EQ(seat.alpha(), -1.0);
  seat.is_asked(true);
  EXPECT_NEAR(seat.alpha(), 100.0 / std::sqrt(1.0 - seat.share(0) - seat.share(1)), kNear);
}

}  // namespace
}  // namespace genbid::bidders
