#include <gtest/gtest.h>

#include "play/simulate.h"
#include "base/temporary_folder.h"

namespace genbid::play {
namespace {

std::vector<PeriodSummary> play_periods(const std::string& population, int64_t count) {
  const test::TemporaryFolder folder;
  SimulateConfig config;
  config.market.population = population;
  for (int64_t period = 0; period < count; ++period) config.market.periods.values.push_back(period);
  config.output.dir = folder.path("run");
  return simulate(config)->periods;
}

// Logs of the real market show mean least winning costs of 0.07 to 0.10.
TEST(PriceLevel, Rules48IsAsDearAsTheRealMarket) {
  for (const PeriodSummary& period : play_periods("rules48", 10)) {
    EXPECT_GT(period.mean_least_winning_cost, 0.07) << period.period;
    EXPECT_LT(period.mean_least_winning_cost, 0.10) << period.period;
  }
}

// 21 periods of AuctionNet's market with this population: 0.074 to 0.092, mean score of a seat 16 to 26.
TEST(PriceLevel, OfficialIsAsDearAsInTheOfficialMarket) {
  for (const PeriodSummary& period : play_periods("official", 10)) {
    EXPECT_GT(period.mean_least_winning_cost, 0.06) << period.period;
    EXPECT_LT(period.mean_least_winning_cost, 0.10) << period.period;
    EXPECT_GT(period.mean_expected_score, 14.0) << period.period;
    EXPECT_LT(period.mean_expected_score, 28.0) << period.period;
  }
}

// The official simulator's two periods of 48 PID: least winning cost 0.1152 and 0.1177, 98.9 % and
// 100.0 % of all budgets spent, 122 and 144 clearing passes, 1044 and 1190 conversions.
TEST(PriceLevel, Pid48IsLikeTheOfficialMarket) {
  const auto periods = play_periods("pid48", 10);
  PeriodSummary sum;
  for (const PeriodSummary& period : periods) {
    sum.mean_least_winning_cost += period.mean_least_winning_cost / 10.0;
    sum.budget_use += period.budget_use / 10.0;
    sum.conversions += period.conversions / 10.0;
    sum.num_clearings += period.num_clearings;
  }
  EXPECT_NEAR(sum.mean_least_winning_cost, 0.1165, 0.006);
  EXPECT_GT(sum.budget_use, 0.95);
  EXPECT_NEAR(sum.conversions, 1117.0, 110.0);
  EXPECT_NEAR(static_cast<double>(sum.num_clearings) / 10.0, 133.0, 30.0);
}

}  // namespace
}  // namespace genbid::play
