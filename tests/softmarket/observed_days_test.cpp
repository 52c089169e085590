#include "softmarket/observed_days.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/convert.h"
#include "base/random/random.h"
#include "bidding/tick_history.h"

namespace genbid {
namespace {

at::Tensor one(double value) { return at::full({1, 1}, value, at::kFloat); }

TickOutcome made_up(const TickStart& start, const std::array<uint32_t, 4>& bits, double alpha) {
  TickOutcome outcome;
  outcome.sum_pvalue = start.mean_pvalue * as_double(start.num_pv);
  outcome.sum_bid = alpha * outcome.sum_pvalue;
  outcome.mean_least_winning_cost = 0.05 + 0.1 * uniform_double(bits[0]);
  outcome.num_wins = static_cast<int64_t>(uniform_double(bits[1]) * as_double(start.num_pv));
  outcome.num_conversions = static_cast<int64_t>(3.0 * uniform_double(bits[2]));
  outcome.sum_pvalue_exposed = outcome.sum_pvalue * uniform_double(bits[1]);
  outcome.cost = 60.0 * outcome.sum_pvalue_exposed * (0.5 + uniform_double(bits[3]));
  return outcome;
}

// Fed the same ticks, features are those of live play, to what float32 holds of sums over a day.
void expect_same(FeatureSet set, int ticks) {
  const Advertiser advertiser{2900.0, 85.0, 1};
  const RandomStream stream(3, "test.observed");
  TickHistory history;
  softmarket::ObservedDays days(set, at::tensor({2900.0F, 85.0F}).view({1, 2}), ticks);
  double remaining = advertiser.budget;
  for (int tick = 0; tick < ticks; ++tick) {
    const auto bits = stream.bits(static_cast<uint32_t>(tick));
    const int64_t num_pv = tick == 5 ? 0 : static_cast<int64_t>(12000.0 * uniform_double(bits[3]));
    const TickStart now{tick, num_pv, num_pv == 0 ? 0.0 : 0.0007 * uniform_double(bits[2]), remaining};
    std::vector<double> expected(feature_names(set).size());
    state_features(set, advertiser, history, now, expected, ticks);
    const at::Tensor found = days.states_BS(one(as_double(now.num_pv)), one(now.mean_pvalue), one(remaining));
    ASSERT_EQ(found.size(1), std::ssize(expected));
    for (size_t i = 0; i < expected.size(); ++i) {
      const double value = found[0][to_signed(i)].item<double>();
      EXPECT_NEAR(value, expected[i], 1e-5 * std::abs(expected[i]) + 1e-6 * (i == 18 ? 1.0 : 1e-3))
          << feature_names(set)[i] << " at tick " << tick;
    }
    const TickOutcome outcome = made_up(now, stream.bits(static_cast<uint32_t>(tick), 1), 70.0 + tick);
    const TickMeans means = tick_means(now, outcome);
    history.append(means, outcome.cost, outcome.sum_pvalue_exposed, as_double(outcome.num_conversions));
    days.append({one(means.bid), one(means.least_winning_cost), one(means.pvalue), one(means.conversion),
                 one(means.win), one(means.num_pv), one(outcome.cost), one(outcome.sum_pvalue_exposed),
                 one(as_double(outcome.num_conversions))});
    remaining = std::max(0.0, remaining - outcome.cost);
  }
}

TEST(ObservedDaysTest, ConstraintFeaturesAreThoseOfLivePlay) { expect_same(FeatureSet::kConstraint, 48); }
TEST(ObservedDaysTest, AuctionnetFeaturesAreThoseOfLivePlay) { expect_same(FeatureSet::kAuctionnet16, 24); }
TEST(ObservedDaysTest, FrozenFeaturesAreThoseOfLivePlay) { expect_same(FeatureSet::kAuctionnet16Frozen, 9); }

}  // namespace
}  // namespace genbid
