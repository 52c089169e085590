#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "data/csv_reader.h"
#include "golden.h"
#include "market/rule_bidders.h"

namespace genbid {
namespace {

struct LoggedTick {
  double remaining = 0.0;
  double alpha = 0.0;  // after the tick; that of the last one where the bidder was not asked
};
using Run = std::map<int64_t, std::map<int, std::vector<LoggedTick>>>;  // by episode and agent

Run read_run(const std::string& path) {
  enum : size_t { kEpisode, kTick, kAgent, kRemaining, kAlpha };
  CsvFile file(path);
  const CsvColumns columns(file, {"episode", "tick", "agent", "remaining_before", "alpha_after_bidding"});
  Run run;
  CsvBlock block;
  while (file.next(block)) {
    CsvRows row(block, columns);
    while (row.next()) {
      auto& ticks = run[row.whole(kEpisode, 0, 100)][static_cast<int>(row.whole(kAgent, 0, 47))];
      EXPECT_EQ(static_cast<int64_t>(ticks.size()), row.whole(kTick, 0, 47));
      ticks.push_back({row.number(kRemaining), row.number(kAlpha)});
    }
  }
  return run;
}

// One object plays all agents in both episodes. Exact: the log has all digits.
void expect_official_alphas(const std::string& path, size_t num_agents) {
  const Run run = read_run(path);
  ASSERT_EQ(run.size(), 2U);
  const auto pid = make_pid(Rules::kOfficial);
  int num_skipped = 0;
  for (const auto& [episode, agents] : run) {
    ASSERT_EQ(agents.size(), num_agents);
    std::vector<SeatView> rows;
    for (const auto& [agent, ticks] : agents) {
      ASSERT_EQ(ticks.size(), static_cast<size_t>(kTicksPerPeriod));
      SeatView row;
      row.period = episode;
      row.seat = agent;
      rows.push_back(row);
    }
    for (size_t tick = 0; tick < kTicksPerPeriod; ++tick) {
      for (SeatView& row : rows) {
        row.now.tick = static_cast<int>(tick);
        row.now.remaining_budget = agents.at(row.seat)[tick].remaining;
        row.asked = row.now.remaining_budget >= kMinRemainingBudget;
      }
      std::vector<BidFormula> bids(rows.size());
      if (tick == 0) pid->reset(rows);
      pid->bid(rows, bids);
      for (size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].asked) {
          ++num_skipped;
          continue;
        }
        ASSERT_EQ(bids[i].value, agents.at(rows[i].seat)[tick].alpha)
            << "episode " << episode << " tick " << tick << " agent " << rows[i].seat;
        ASSERT_EQ(bids[i].value_squared, 0.0);
      }
    }
  }
  EXPECT_GT(num_skipped, 0);
}

TEST(OfficialPid, BidsAsTheOriginalInTwoPeriods) {
  GENBID_VECTOR(path, "run_pid_small/pid-agents-0-17.csv");
  expect_official_alphas(path, 2);
}

TEST(OfficialPid, BidsAsTheOriginalInTwoPeriodsOfAllAgents) {
  GENBID_VECTOR(path, "run_pid_small/per_tick_agent.csv");
  expect_official_alphas(path, kNumSeats);
}

TEST(OfficialPid, BidsAsTheOriginalInTwoPeriodsOfFullSize) {
  GENBID_VECTOR(path, "run_pid_full/per_tick_agent.csv");
  expect_official_alphas(path, kNumSeats);
}

// Tick 1 compares with 100 at first, later with what was left at the end of the last period.
TEST(OfficialPid, ResetForgetsOnlyWhenOtherSeatsCome) {
  const auto pid = make_pid(Rules::kOfficial);
  SeatView row;
  const auto alpha_of_tick_1 = [&](double remaining) {
    BidFormula bid;
    row.now.tick = 0;
    row.now.remaining_budget = 1000.0;
    pid->reset({&row, 1});
    pid->bid({&row, 1}, {&bid, 1});
    EXPECT_EQ(bid.value, 15.0);
    row.now.tick = 1;
    row.now.remaining_budget = remaining;
    pid->bid({&row, 1}, {&bid, 1});
    return bid.value;
  };
  EXPECT_EQ(alpha_of_tick_1(980.0), 15.0 * 1.2);  // (100 - 980) x 47 / 980 < 0.7
  EXPECT_EQ(alpha_of_tick_1(960.0), 15.0);        // (980 - 960) x 47 / 960 = 0.98
  row.seat = 5;
  EXPECT_EQ(alpha_of_tick_1(940.0), 15.0 * 1.2);  // (100 - 940) x 47 / 940 < 0.7
}

}  // namespace
}  // namespace genbid
