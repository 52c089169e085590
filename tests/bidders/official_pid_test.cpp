#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "data/csv_reader.h"
#include "golden.h"
#include "bidders/pid.h"

namespace genbid::bidders {
namespace {

struct LoggedTick {
  double remaining_budget = 0.0;
  double alpha = 0.0;  // after the tick; that of the last one where the bidder was not asked
};
using Run = std::map<int64_t, std::map<int, std::vector<LoggedTick>>>;  // by episode and agent

Run read_run(const std::string& path) {
  enum : size_t { kEpisode, kTick, kAgent, kRemaining, kAlpha };
  data::CsvFile file(path);
  const data::CsvColumns columns(file, {"episode", "tick", "agent", "remaining_before", "alpha_after_bidding"});
  Run run;
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows row(block, columns);
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
  const auto pid = make_pid(BiddingRules::kOfficial);
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
        row.now.remaining_budget = agents.at(row.seat)[tick].remaining_budget;
        row.may_bid = row.now.remaining_budget >= kMinRemainingBudget;
      }
      std::vector<BidFormula> bids(rows.size());
      if (tick == 0) pid->reset(rows);
      pid->bid(rows, bids);
      for (size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].may_bid) {
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

// One seat that is asked tick by tick with the money it has left; tick 0 starts a period.
class OneSeat {
 public:
  double alpha(int tick, double remaining_budget, int seat = 0) {
    row_.seat = seat;
    row_.now.tick = tick;
    row_.now.remaining_budget = remaining_budget;
    BidFormula bid;
    if (tick == 0) pid_->reset({&row_, 1});
    pid_->bid({&row_, 1}, {&bid, 1});
    return bid.value;
  }

 private:
  std::unique_ptr<Bidder> pid_ = make_pid(BiddingRules::kOfficial);
  SeatView row_;
};

TEST(OfficialPid, TheFirstTickComparesWith100) {
  OneSeat seat;
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 98.0), 15.0);  // (100 - 98) x 47 / 98 = 0.96
  OneSeat poorer;
  EXPECT_EQ(poorer.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(poorer.alpha(1, 97.0), 15.0 * 0.7);  // 3 x 47 / 97 = 1.45
}

// 100 - (100 - 0.3) is less than 0.3 by rounding: 46 times the cost over the money is 0.7 less 2e-13, not more 3e-13.
TEST(OfficialPid, MoneyIsRoundedTwice) {
  OneSeat seat;
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 0.3), 15.0 * 0.7);
  EXPECT_EQ(seat.alpha(2, 0.295503211991433), 15.0 * 0.7 * 1.2);
}

// Later periods compare with what was left at the end of the last one.
TEST(OfficialPid, ResetForgetsOnlyWhenOtherSeatsCome) {
  OneSeat seat;
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 980.0), 15.0 * 1.2);  // (100 - 980) x 47 / 980 < 0.7
  EXPECT_EQ(seat.alpha(0, 1000.0), 15.0);
  EXPECT_EQ(seat.alpha(1, 960.0), 15.0);  // (980 - 960) x 47 / 960 = 0.98
  EXPECT_EQ(seat.alpha(0, 1000.0, 5), 15.0);
  EXPECT_EQ(seat.alpha(1, 940.0, 5), 15.0 * 1.2);  // (100 - 940) x 47 / 940 < 0.7
}

}  // namespace
}  // namespace genbid::bidders
