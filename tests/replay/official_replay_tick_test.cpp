#include "replay/official_replay_tick.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bidding/score.h"
#include "golden.h"
#include "numpy/numpy_sum.h"
#include "npy.h"
#include "market/official/replay_vectors.h"

namespace genbid::replay::official {
namespace {

using test::ReplayCall;
using test::ReplayRun;

// What the reader of AuctionNet's offline evaluation hands out for the first advertiser of a log.
struct Day {
  std::vector<double> pvalue, sigma, price;
  std::vector<int64_t> counts;
};

Day first_key() {
  const auto read = [](const std::string& name) {
    return test::read_npy(test::find_vector("offline_eval/key0_" + name + ".npy")).values;
  };
  return {read("pvalue_concat"), read("sigma_concat"), read("lwc_concat"),
          test::npy_integers(test::find_vector("offline_eval/key0_counts.npy"))};
}

// The published run of a player that bids its CPA limit times the p-value, call by call, bit for bit.
void expect_run(const std::string& name, double cpa_limit, double budget) {
  const Day day = first_key();
  const ReplayRun run = test::read_replay_run(test::find_vector("offline_eval/" + name + ".json"));
  ASSERT_EQ(run.calls.size(), day.counts.size());
  ReplayEnvironment environment;
  double money = budget;
  double reward = 0.0;
  size_t first = 0;
  for (size_t tick = 0; tick < day.counts.size(); ++tick) {
    SCOPED_TRACE(tick);
    const auto n = static_cast<size_t>(day.counts[tick]);
    const auto part = [&](const std::vector<double>& all) { return std::span<const double>(all).subspan(first, n); };
    const ReplayImpressions impressions = {part(day.pvalue), part(day.sigma), part(day.price)};
    const BidFormula bid = {cpa_limit, 0.0};
    const TickOutcome outcome = environment.play(impressions, money >= kMinRemainingBudget ? &bid : nullptr, money);
    const ReplayCall& call = run.calls[tick];
    EXPECT_EQ(call.num_pv, day.counts[tick]);
    EXPECT_EQ(outcome.num_wins, call.num_wins);
    EXPECT_EQ(outcome.cost, call.cost);
    const std::span<const double> probability = environment.probability();
    EXPECT_EQ(numpy::pairwise_sum(call.num_pv, [&](int64_t i) { return probability[static_cast<size_t>(i)]; }),
              call.sum_probability);
    std::vector<int64_t> conversions;
    for (size_t i = 0; i < n; ++i) {
      if (environment.converted()[i] != 0) conversions.push_back(static_cast<int64_t>(i));
    }
    EXPECT_EQ(conversions, call.conversions);
    EXPECT_EQ(environment.num_passes(), 1);
    money -= outcome.cost;
    reward += static_cast<double>(outcome.num_conversions);
    first += n;
  }
  EXPECT_EQ(reward, run.reward);
  EXPECT_EQ(budget - money, run.cost);
  EXPECT_EQ(cpa(reward, budget - money), run.cpa);
  EXPECT_EQ(score(reward, budget - money, cpa_limit), run.score);
}

TEST(OfficialReplay, PublishedRunsBitForBit) {
  expect_run("player_cpa40_budget100", 40.0, 100.0);
  expect_run("player_cpa40_budget5", 40.0, 5.0);
  expect_run("player_cpa60_budget8", 60.0, 8.0);
}

TEST(OfficialReplay, BidEqualToThePriceWins) {
  const std::vector<double> pvalue = {0.5, 0.5};
  const std::vector<double> sigma = {0.0, 0.0};
  const std::vector<double> price = {1.0, 1.0 + 1e-9};
  ReplayEnvironment environment;
  const BidFormula bid = {2.0, 0.0};
  const TickOutcome outcome = environment.play({pvalue, sigma, price}, &bid, 10.0);
  EXPECT_EQ(outcome.num_wins, 1);
  EXPECT_EQ(outcome.cost, 1.0);
  EXPECT_EQ(outcome.sum_pvalue_exposed, 0.5);
  EXPECT_EQ(outcome.sum_pvalue_squared_exposed, 0.25);
  EXPECT_EQ(outcome.sum_pvalue_cubed_exposed, 0.125);
  EXPECT_EQ(environment.probability()[0], 0.5);
  EXPECT_EQ(environment.probability()[1], 0.0);
}

// With a sigma of 5 hardly a draw lies in [0, 1].
TEST(OfficialReplay, ProbabilitiesAreClipped) {
  const std::vector<double> pvalue(20, 0.5);
  const std::vector<double> sigma(20, 5.0);
  const std::vector<double> price(20, 0.25);
  ReplayEnvironment environment;
  const BidFormula bid = {1.0, 0.0};
  environment.play({pvalue, sigma, price}, &bid, 100.0);
  EXPECT_EQ(std::ranges::min(environment.probability()), 0.0);
  EXPECT_EQ(std::ranges::max(environment.probability()), 1.0);
}

// Ten wins at 1 with money for 4: of 10, ceil(10 x 6 / 10.0001) = 6 are dropped, which leaves 4, within the money. The
// stream by hand: 10 normals and 10 uniforms, the choice, then 10 normals and 10 uniforms again.
TEST(OfficialReplay, DropsWinsUntilTheMoneySuffices) {
  const std::vector<double> pvalue(10, 0.25);
  const std::vector<double> sigma(10, 0.05);
  const std::vector<double> price(10, 1.0);
  ReplayEnvironment environment;
  const BidFormula bid = {8.0, 0.0};
  const TickOutcome outcome = environment.play({pvalue, sigma, price}, &bid, 4.0);
  EXPECT_EQ(environment.num_passes(), 2);
  EXPECT_EQ(outcome.num_wins, 4);
  EXPECT_EQ(outcome.cost, 4.0);
  EXPECT_EQ(outcome.sum_bid, 8.0);

  numpy::LegacyRandom random(1);
  for (int i = 0; i < 10; ++i) random.normal(0.0, 1.0);
  for (int i = 0; i < 10; ++i) random.next_double();  // p below 0.5: one uniform each
  std::vector<uint8_t> kept(10, 1);
  for (const int64_t i : random.choose(10, 6)) kept[static_cast<size_t>(i)] = 0;
  EXPECT_EQ(std::vector<uint8_t>(environment.won().begin(), environment.won().end()), kept);
  for (size_t i = 0; i < 10; ++i) {
    const double drawn = random.normal(0.25, 0.05);
    EXPECT_EQ(environment.probability()[i], kept[i] != 0 ? drawn : 0.0);
  }
}

// Without money nothing is bid, and the stream goes on all the same.
TEST(OfficialReplay, TicksWithoutABidDrawToo) {
  const std::vector<double> pvalue = {0.25};
  const std::vector<double> sigma = {0.05};
  const std::vector<double> price = {1.0};
  const BidFormula bid = {8.0, 0.0};
  ReplayEnvironment quiet;
  quiet.play({pvalue, sigma, price}, nullptr, 0.0);
  EXPECT_EQ(quiet.won()[0], 0);
  EXPECT_EQ(quiet.bid()[0], 0.0);
  quiet.play({pvalue, sigma, price}, &bid, 5.0);
  ReplayEnvironment loud;
  loud.play({pvalue, sigma, price}, &bid, 5.0);
  loud.play({pvalue, sigma, price}, &bid, 5.0);
  EXPECT_EQ(quiet.probability()[0], loud.probability()[0]);
}

}  // namespace
}  // namespace genbid::replay::official
