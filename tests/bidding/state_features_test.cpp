#include "bidding/state_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/csv_reader.h"
#include "data/trajectory_file.h"
#include "golden.h"
#include "npy.h"

namespace genbid {
namespace {

// What a raw traffic log says about one agent's tick.
struct LoggedTick {
  TickStart start;
  TickOutcome outcome;
  bool is_end = false;
  double sum_least_winning_cost = 0.0;
  double sum_conversions = 0.0;
};

struct LoggedAgent {
  Advertiser advertiser;
  std::array<LoggedTick, kTicksPerPeriod> ticks;
};

// A whole raw log of AuctionNet (18 columns), by agent: sums over the rows of a tick.
std::map<int, LoggedAgent> read_raw_log(const std::string& path) {
  enum : size_t {
    kAgent,
    kCategory,
    kBudget,
    kLimit,
    kTick,
    kRemaining,
    kPvalue,
    kBid,
    kWin,
    kCost,
    kExposed,
    kConversion,
    kLeastWinningCost,
    kIsEnd
  };
  data::CsvFile file(path);
  const data::CsvColumns columns(file, {"advertiserNumber", "advertiserCategoryIndex", "budget", "CPAConstraint",
                                        "timeStepIndex", "remainingBudget", "pValue", "bid", "xi", "cost", "isExposed",
                                        "conversionAction", "leastWinningCost", "isEnd"});
  std::map<int, LoggedAgent> agents;
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows row(block, columns);
    while (row.next()) {
      LoggedAgent& agent = agents[static_cast<int>(row.whole(kAgent, 0, kNumSeats - 1))];
      agent.advertiser = {row.number(kBudget), row.number(kLimit), static_cast<int>(row.whole(kCategory, 0, 5))};
      const int64_t tick = row.whole(kTick, 0, kTicksPerPeriod - 1);
      LoggedTick& t = agent.ticks[static_cast<size_t>(tick)];
      t.start.tick = static_cast<int>(tick);
      t.start.num_pv += 1;
      t.start.remaining_budget = row.number(kRemaining);
      t.outcome.sum_pvalue += row.number(kPvalue);
      t.outcome.sum_bid += row.number(kBid);
      t.sum_least_winning_cost += row.number(kLeastWinningCost);
      t.outcome.num_wins += row.whole(kWin, 0, 1);
      t.outcome.num_conversions += row.whole(kConversion, 0, 1);
      if (row.whole(kExposed, 0, 1) == 1) {
        t.outcome.num_exposed += 1;
        t.outcome.sum_pvalue_exposed += row.number(kPvalue);
        t.outcome.cost += row.number(kCost);
      }
      t.is_end = row.whole(kIsEnd, 0, 1) == 1;
    }
  }
  for (auto& [number, agent] : agents) {
    for (LoggedTick& t : agent.ticks) {
      const auto n = static_cast<double>(t.start.num_pv);
      t.start.mean_pvalue = t.outcome.sum_pvalue / n;
      t.outcome.mean_least_winning_cost = t.sum_least_winning_cost / n;
    }
  }
  return agents;
}

void append(TickHistory& history, const LoggedTick& tick) {
  history.append(tick_means(tick.start, tick.outcome), tick.outcome.cost, tick.outcome.sum_pvalue_exposed,
                 static_cast<double>(tick.outcome.num_conversions));
}

// Sums of up to some thousand doubles in another order than NumPy's: 1e-12 relative.
double tolerance(double expected) { return 1e-12 * std::max(1.0, std::abs(expected)); }

using OfficialRows = std::map<std::pair<int64_t, int>, data::TickRow>;  // by agent and tick

OfficialRows read_official_rows(const std::string& path) {
  data::TrajectoryFile file(path, {});
  OfficialRows rows;
  Threads threads(1);
  data::LogBlock block;
  data::TrajectoryRows parsed;
  while (file.file().next(block, threads)) {
    file.parse(block, parsed);
    EXPECT_TRUE(parsed.bad.empty());
    for (const auto& [head, row] : parsed.rows) rows[{head.advertiser, row.tick}] = row;
  }
  return rows;
}

// Features, action, rewards and done flag of every agent and tick against the official generator's.
void compare_with_generator(const std::string& log_path, const std::string& trajectories_path, size_t agents) {
  const std::map<int, LoggedAgent> log = read_raw_log(log_path);
  const OfficialRows official = read_official_rows(trajectories_path);
  ASSERT_EQ(log.size(), agents);
  ASSERT_EQ(official.size(), agents * kTicksPerPeriod);
  for (const auto& [number, agent] : log) {
    TickHistory history;
    for (const LoggedTick& tick : agent.ticks) {
      const std::string where = "agent " + std::to_string(number) + " tick " + std::to_string(tick.start.tick);
      const data::TickRow& expected = official.at({number, tick.start.tick});
      std::array<double, kNumAuctionnetFeatures> state{};
      state_features(FeatureSet::kAuctionnet16, agent.advertiser, history, tick.start, state);
      for (size_t f = 0; f < state.size(); ++f) {
        ASSERT_NEAR(state[f], expected.state[f], tolerance(expected.state[f]))
            << where << " " << feature_names(FeatureSet::kAuctionnet16)[f];
      }
      ASSERT_NEAR(effective_alpha(tick.outcome), expected.action, tolerance(expected.action)) << where;
      ASSERT_EQ(static_cast<double>(tick.outcome.num_conversions), expected.reward) << where;
      ASSERT_NEAR(tick.outcome.sum_pvalue_exposed, expected.reward_continuous, 1e-12) << where;
      ASSERT_EQ(tick.is_end, expected.done) << where;
      append(history, tick);
    }
  }
}

TEST(StateFeatures, EqualTheOfficialGenerator) {
  GENBID_VECTOR(log, "run_pid_small/log-0-agents-0-17.csv");
  GENBID_VECTOR(trajectories, "rldata/period-0-agents-0-17-rlData.csv");
  compare_with_generator(log, trajectories, 2);
}

TEST(StateFeatures, EqualTheOfficialGeneratorForAllAgentsOfEpisode0) {
  GENBID_VECTOR(log, "run_pid_small/data/log/0.csv");
  GENBID_VECTOR(trajectories, "rldata/period-0-rlData.csv");
  compare_with_generator(log, trajectories, kNumSeats);
}

TEST(StateFeatures, EqualTheOfficialGeneratorForAllAgentsOfEpisode1) {
  GENBID_VECTOR(log, "run_pid_small/data/log/1.csv");
  GENBID_VECTOR(trajectories, "rldata/period-1-rlData.csv");
  compare_with_generator(log, trajectories, kNumSeats);
}

// The states that the official strategies compute when they bid. The reference went on computing them after
// the money was spent, with bids of zero in the history.
void compare_with_strategies(const std::string& log_path, const std::vector<int>& agents) {
  const std::map<int, LoggedAgent> log = read_raw_log(log_path);
  for (const int number : agents) {
    GENBID_VECTOR(path, "inference_state/agent" + std::to_string(number) + "_ep0_raw_48x16.npy");
    const test::Npy expected = test::read_npy(path);
    ASSERT_EQ(expected.shape, (std::vector<int64_t>{kTicksPerPeriod, kNumAuctionnetFeatures}));
    const LoggedAgent& agent = log.at(number);
    TickHistory history;
    for (const LoggedTick& tick : agent.ticks) {
      std::array<double, kNumAuctionnetFeatures> state{};
      state_features(FeatureSet::kAuctionnet16Frozen, agent.advertiser, history, tick.start, state);
      for (size_t f = 0; f < state.size(); ++f) {
        const double value = expected.at(tick.start.tick, static_cast<int64_t>(f));
        ASSERT_NEAR(state[f], value, tolerance(value)) << "agent " << number << " tick " << tick.start.tick << " "
                                                       << feature_names(FeatureSet::kAuctionnet16Frozen)[f];
      }
      append(history, tick);
    }
  }
}

TEST(StateFeatures, FrozenEqualTheOfficialStrategies) {
  GENBID_VECTOR(log, "run_pid_small/log-0-agents-0-17.csv");
  compare_with_strategies(log, {0, 17});
}

TEST(StateFeatures, FrozenEqualTheOfficialStrategiesOfTheOtherAgents) {
  GENBID_VECTOR(log, "run_pid_small/data/log/0.csv");
  compare_with_strategies(log, {5, 30});
}

TickMeans bid_of(double bid) {
  TickMeans means;
  means.bid = bid;
  means.num_pv = 10.0 * bid;
  return means;
}

TEST(StateFeatures, LastThreeRollAndFrozenStaysAtTheFirstThree) {
  TickHistory history;
  for (int tick = 1; tick <= 5; ++tick) history.append(bid_of(tick), 0.0, 0.0, 0.0);
  TickStart now;
  now.tick = 5;
  std::array<double, kNumAuctionnetFeatures> state{};
  state_features(FeatureSet::kAuctionnet16, {100.0, 10.0, 0}, history, now, state);
  EXPECT_EQ(state[3], 4.0);     // mean of 3, 4, 5
  EXPECT_EQ(state[14], 120.0);  // 30 + 40 + 50
  state_features(FeatureSet::kAuctionnet16Frozen, {100.0, 10.0, 0}, history, now, state);
  EXPECT_EQ(state[3], 2.0);     // mean of 1, 2, 3
  EXPECT_EQ(state[14], 120.0);  // impression counts are not frozen
}

TEST(StateFeatures, NamesAreAsManyAsFeatures) {
  EXPECT_EQ(feature_names(FeatureSet::kAuctionnet16).size(), 16U);
  EXPECT_EQ(feature_names(FeatureSet::kAuctionnet16Frozen).size(), 16U);
  EXPECT_EQ(feature_names(FeatureSet::kConstraint).size(), 22U);
}

TEST(StateFeatures, SetsAreFoundByName) {
  for (const std::string& name : feature_set_names()) EXPECT_EQ(feature_set_name(parse_feature_set(name)), name);
  try {
    parse_feature_set("auctionnet17");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "feature set: found 'auctionnet17', expected auctionnet16, auctionnet16_frozen or constraint");
  }
}

// Budget 1000, limit 50, half the budget gone at half the day; h = 10.
TEST(ConstraintFeatures, AreWhatTheirFormulasSay) {
  std::array<double, 6> f{};
  constraint_features({1000.0, 50.0, 0}, 24, 500.0, 5.0, 20.0, f);
  EXPECT_DOUBLE_EQ(f[0], std::log(1000.0));
  EXPECT_DOUBLE_EQ(f[1], std::log(50.0));
  EXPECT_DOUBLE_EQ(f[2], 0.0);
  EXPECT_DOUBLE_EQ(f[3], 510.0 / 770.0);   // (500 + 10) / (500 + 50 x 5 + 20)
  EXPECT_DOUBLE_EQ(f[4], 510.0 / 1520.0);  // 50 x 20 conversions
  EXPECT_DOUBLE_EQ(f[5], 0.25);            // 50 x 5 / 1000
}

TEST(ConstraintFeatures, FollowTheSixteenInTheConstraintSet) {
  TickHistory history;
  history.append(bid_of(1.0), 500.0, 5.0, 20.0);
  TickStart now;
  now.tick = 24;
  now.remaining_budget = 500.0;
  std::array<double, 22> state{};
  state_features(FeatureSet::kConstraint, {1000.0, 50.0, 0}, history, now, state);
  std::array<double, 6> expected{};
  constraint_features({1000.0, 50.0, 0}, 24, 500.0, 5.0, 20.0, expected);
  EXPECT_EQ(state[1], 0.5);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(state[16 + i], expected[i]);
}

}  // namespace
}  // namespace genbid
