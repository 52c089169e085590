#include "replay/corrected_replay_tick.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace genbid::replay {
namespace {

const BidFormula kTwice = {2.0, 0.0};

TEST(ReplayTick, WinsFromThePriceOnAndPaysIt) {
  const std::vector<double> pvalue = {0.5, 0.5, 0.25, 0.0};
  const std::vector<double> price = {1.0, 1.5, 0.125, 0.0};
  Account<double> account(10.0);
  const TickOutcome outcome = replay_tick({7, 3, 5, pvalue, price}, &kTwice, ReplayDraws(1), account);
  EXPECT_EQ(outcome.num_wins, 2);  // a bid of 0 wins nothing, even for nothing
  EXPECT_EQ(outcome.num_exposed, 2);
  EXPECT_EQ(outcome.cost, 1.125);
  EXPECT_EQ(account.remaining(), 8.875);
  EXPECT_EQ(outcome.sum_pvalue, 1.25);
  EXPECT_EQ(outcome.sum_bid, 2.5);
  EXPECT_EQ(outcome.sum_pvalue_exposed, 0.75);
  EXPECT_EQ(outcome.sum_pvalue_squared_exposed, 0.3125);  // of 0.5 and 0.25
  EXPECT_EQ(outcome.sum_pvalue_cubed_exposed, 0.140625);
  EXPECT_EQ(outcome.sum_bid_exposed, 1.5);
  EXPECT_EQ(outcome.mean_least_winning_cost, 2.625 / 4.0);
}

// Money for one of the first two: the second is not bought, the third, cheaper, is.
TEST(ReplayTick, BuysInOrderWhatItCanPay) {
  const std::vector<double> pvalue = {1.0, 1.0, 1.0};
  const std::vector<double> price = {1.0, 1.0, 0.25};
  Account<double> account(1.5);
  const TickOutcome outcome = replay_tick({0, 0, 0, pvalue, price}, &kTwice, ReplayDraws(1), account);
  EXPECT_EQ(outcome.num_wins, 2);
  EXPECT_EQ(outcome.cost, 1.25);
  EXPECT_EQ(account.remaining(), 0.25);
  EXPECT_EQ(outcome.sum_bid, 4.0);  // the one that it could not pay counts as 0
  EXPECT_EQ(outcome.num_conversions, 2);
}

TEST(ReplayTick, NobodyBidsWithoutAFormula) {
  const std::vector<double> one = {1.0};
  const std::vector<double> nothing = {0.0};
  Account<double> account(0.05);
  const TickOutcome outcome = replay_tick({0, 0, 0, one, nothing}, nullptr, ReplayDraws(1), account);
  EXPECT_EQ(outcome.num_wins, 0);
  EXPECT_EQ(outcome.sum_pvalue, 1.0);
  EXPECT_EQ(account.remaining(), 0.05);
}

// Every part of the key changes the draws, and their mean is the probability: 40,000 draws of 0.3 have a standard
// deviation of 0.0023.
TEST(ReplayDraws, ArePureFunctionsOfTheirKeys) {
  const ReplayDraws draws(1);
  const ReplayDraws other_seed(2);
  int sum = 0;
  int same[5] = {};
  constexpr int kCount = 40000;
  for (int pv = 0; pv < kCount; ++pv) {
    const bool drawn = draws.converts(7, 3, pv, 5, 0.3);
    EXPECT_EQ(drawn, draws.converts(7, 3, pv, 5, 0.3));
    sum += drawn ? 1 : 0;
    same[0] += drawn == other_seed.converts(7, 3, pv, 5, 0.3) ? 1 : 0;
    same[1] += drawn == draws.converts(8, 3, pv, 5, 0.3) ? 1 : 0;
    same[2] += drawn == draws.converts(7, 4, pv, 5, 0.3) ? 1 : 0;
    same[3] += drawn == draws.converts(7, 3, pv + 1, 5, 0.3) ? 1 : 0;
    same[4] += drawn == draws.converts(7, 3, pv, 6, 0.3) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(sum) / kCount, 0.3, 0.01);
  for (const int count : same) EXPECT_NEAR(static_cast<double>(count) / kCount, 0.3 * 0.3 + 0.7 * 0.7, 0.01);
}

}  // namespace
}  // namespace genbid::replay
