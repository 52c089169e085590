#include "play/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/stop_signal.h"
#include "base/temporary_folder.h"
#include "bidding/score.h"
#include "data/trajectory_store.h"
#include "market/rule_sets.h"
#include "play/resumable_outputs.h"
#include "play/simulate.h"

// Labels of trajectories: output.labels of simulate.

namespace genbid::play {
namespace {

using test::TemporaryFolder;

// Budgets so small that every period has ticks in which over-spending takes bids, and seats that run out.
SimulateConfig small_run(const std::string& dir, const std::string& rules, int64_t threads = 1) {
  SimulateConfig config;
  config.market.rules = rules;
  config.market.population = "rules48";
  config.market.impressions = 5000;
  config.market.budget_scale = 0.005;
  config.market.periods.values = {3, 12};
  config.output.dir = dir;
  config.output.trajectories = config.output.labels = true;
  config.threads = threads;
  return config;
}

data::TrajectoryColumns columns_of(const std::string& dir) {
  return data::TrajectoryStore(dir + "/trajectories.h5").read();
}
std::string store_of(const std::string& dir) { return read_file(dir + "/trajectories.h5"); }

// What every seat did.
struct Played : market::PeriodSink {
  std::vector<std::vector<market::SeatTick>> ticks;
  void on_tick(int64_t, int, std::span<const market::SeatTick> seats) override {
    ticks.emplace_back(seats.begin(), seats.end());
  }
};

// What a constant alpha gets from a tick on, and what the day's score is then.
oracle::Point rest_point(const oracle::Responses& responses, int seat, int tick, double alpha) {
  const auto point = static_cast<size_t>(responses.grid(seat).first_point_above(as_float(alpha))) - 1;
  oracle::Point sum;
  for (int t = tick; t < responses.num_ticks(); ++t) {
    const oracle::Point at = responses.bid_curve(seat, t)[point];
    sum.value += at.value;
    sum.cost += at.cost;
  }
  return sum;
}
double rest_score(const oracle::Responses& responses, int seat, int tick, const oracle::Point& so_far, double alpha,
                  const Advertiser& advertiser) {
  const oracle::Point rest = rest_point(responses, seat, tick, alpha);
  return expected_score(so_far.value + rest.value, so_far.cost + rest.cost, advertiser.cpa_limit);
}

class Labels : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Rules, Labels, testing::ValuesIn(market::rules_names()));

// The same period played again with the oracle beside it, as an evaluation's hindsight does.
TEST_P(Labels, AreWhatTheOracleSaysOfThePeriodThatWasPlayed) {
  const TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"), GetParam());
  config.market.periods.values = {3};
  ASSERT_TRUE(simulate(config));
  const data::TrajectoryColumns found = columns_of(folder.path("run"));
  ASSERT_TRUE(found.has_labels());

  Threads threads(1);
  const auto market = market::make_market(config.market, threads);
  const Population population = load_population("rules48");
  const auto cell = [&] { return make_cell(population, 3, config.market); };
  const SeatedPopulation seated(population, config.market.bidder_rules());
  Played played;
  ASSERT_TRUE(market::play(*market, {cell()}, seated.bidders, seated.seat_bidder, played));
  // Another object, because the official PID remembers.
  const SeatedPopulation again(population, config.market.bidder_rules());
  const auto responses = record_responses(*market, cell(), again.bidders, again.seat_bidder);

  int num_cut = 0, num_broke = 0, num_other_rest = 0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    SCOPED_TRACE(seat);
    const auto i = static_cast<size_t>(seat);
    const Advertiser advertiser = cell().advertisers[i];
    const oracle::DayPlan plan(*responses, seat);
    const oracle::SeatOptima optima = oracle::seat_optima(*responses, seat, plan, advertiser);
    EXPECT_EQ(found.best_constant[i], optima.constant.alpha);
    EXPECT_EQ(found.optimum[i], optima.per_tick.score);
    EXPECT_GT(found.optimum[i], 0.0);
    const auto first = static_cast<size_t>(found.first_row[i]);
    EXPECT_EQ(found.best_rest[first], as_float(plan.now(0, {}, advertiser.budget, advertiser.cpa_limit).alpha));

    // The sums of the rest are not added in the order of the whole day's.
    EXPECT_NEAR(found.rest_constant[first], optima.constant.alpha, 1e-5 * optima.constant.alpha);

    oracle::Point so_far;
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const auto row = first + static_cast<size_t>(tick);
      const market::SeatTick& at = played.ticks[static_cast<size_t>(tick)][i];
      const double left = at.start.remaining_budget;
      const float rest = as_float(plan.now(tick, so_far, left, advertiser.cpa_limit).alpha);
      EXPECT_EQ(found.best_rest[row], at.may_bid ? rest : 0.0F) << tick;
      EXPECT_EQ(found.asked[row], at.may_bid ? as_float(at.bid.value) : 0.0F) << tick;
      EXPECT_LE(found.action[row], found.asked[row] * 1.00001F) << tick;
      EXPECT_EQ(found.rest_constant[row] > 0.0F, at.may_bid) << tick;
      // Within one per cent: in so small a market a tick's hull has few corners.
      const double constant =
          rest_score(*responses, seat, tick, so_far, as_double(found.rest_constant[row]), advertiser);
      if (at.may_bid) {
        EXPECT_LE(constant, plan.now(tick, so_far, left, advertiser.cpa_limit).score * 1.01) << tick;
        for (const double other : {0.5, 0.9, 1.1, 2.0}) {
          const double alpha = other * as_double(found.rest_constant[row]);
          const double cost = rest_point(*responses, seat, tick, alpha).cost;
          if (cost > left) continue;
          EXPECT_LE(rest_score(*responses, seat, tick, so_far, alpha, advertiser), constant * 1.01 + 1e-3) << tick;
        }
      }
      if (at.may_bid && found.action[row] < 0.999F * found.asked[row]) ++num_cut;
      if (!at.may_bid) ++num_broke;
      if (tick > 0 && at.may_bid && found.best_rest[row] != found.best_rest[first]) ++num_other_rest;
      so_far.value += at.outcome.sum_pvalue_exposed;
      so_far.cost += at.outcome.cost;
    }
  }
  EXPECT_GT(num_cut, 10);
  EXPECT_GT(num_broke, 100);
  EXPECT_GT(num_other_rest, 100);
}

TEST_P(Labels, BeginWithTheAlphaThatTheTeacherBeginsWith) {
  const TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"), GetParam());
  config.market.periods.values = {3};
  ASSERT_TRUE(simulate(config));
  const data::TrajectoryColumns found = columns_of(folder.path("run"));

  Threads threads(1);
  const auto market = market::make_market(config.market, threads);
  const Population population = load_population("rules48");
  const market::Cell cell = make_cell(population, 3, config.market);
  SeatedPopulation seated(population, config.market.bidder_rules());
  const auto responses = record_responses(*market, cell, seated.bidders, seated.seat_bidder);
  HindsightBook book;
  // In so small a market the best may be to buy nothing in the first tick.
  size_t seat = 0;
  while (found.best_rest[static_cast<size_t>(found.first_row[seat])] == 0.0F) ASSERT_LT(++seat, size_t{kNumSeats});
  const auto who = static_cast<int>(seat);
  auto plan = std::make_shared<oracle::DayPlan>(*responses, who);
  book.set(3, who, {oracle::seat_optima(*responses, who, *plan, cell.advertisers[seat]), plan});
  const auto teacher = make_teacher(book);
  SeatedPopulation others(population, config.market.bidder_rules());
  others.bidders[seat] = teacher.get();
  Played played;
  ASSERT_TRUE(market::play(*market, {cell}, others.bidders, others.seat_bidder, played));
  const auto first = static_cast<size_t>(found.first_row[seat]);
  EXPECT_EQ(as_float(played.ticks[0][seat].bid.value), found.best_rest[first]);
  EXPECT_GT(found.best_rest[first], 0.0F);
}

TEST_P(Labels, ChangeNothingElseAndAreTheSameForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("1"), GetParam(), 1)));
  ASSERT_TRUE(simulate(small_run(folder.path("2"), GetParam(), 2)));
  EXPECT_TRUE(store_of(folder.path("1")) == store_of(folder.path("2")));
  SimulateConfig without = small_run(folder.path("without"), GetParam());
  without.output.labels = false;
  ASSERT_TRUE(simulate(without));
  for (const char* name : {"ticks.csv", "periods.csv", "trajectories.csv"}) {
    EXPECT_TRUE(read_file(folder.path("1/") + name) == read_file(folder.path("without/") + name)) << name;
  }
  const data::TrajectoryStore plain(folder.path("without/trajectories.h5"));
  EXPECT_EQ(plain.info().config.find("labels"), std::string::npos);  // as before there were any
  const data::TrajectoryColumns a = columns_of(folder.path("1")), b = plain.read();
  EXPECT_FALSE(b.has_labels());
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.reward_continuous, b.reward_continuous);
  EXPECT_EQ(a.done, b.done);
  EXPECT_EQ(a.cost, b.cost);
  EXPECT_EQ(a.first_row, b.first_row);
}

// configs/generate.yaml with small days.
SimulateConfig generation(const std::string& dir, const std::string& override = "output.labels=true") {
  SimulateConfig config;
  ConfigFile::load("configs/generate.yaml",
                   {"market.impressions=2000", "market.budget_scale=0.004", "market.periods=1000..1007", "threads=1",
                    "output.labels=true", "output.dir=" + dir, override})
      .read(config);
  return config;
}

TEST(LabelsOfGeneratedDays, AStoppedRunGoesOnToTheSameBytes) {
  const TemporaryFolder folder;
  SimulateConfig whole = generation(folder.path("whole"));
  whole.output.resumable = false;
  ASSERT_TRUE(simulate(whole));
  const SimulateConfig config = generation(folder.path("run"));
  stop_signal::install();
  EXPECT_FALSE(simulate(config, [](int64_t) { std::raise(SIGINT); }));
  stop_signal::reset();
  const int64_t done = unfinished_periods(folder.path("run"));
  EXPECT_GT(done, 0);
  EXPECT_LT(done, 8);
  EXPECT_EQ(simulate(config)->num_played_before, done);
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(folder.path("whole")));
}

TEST(LabelsOfGeneratedDays, BelongToARunThatGoesOn) {
  const TemporaryFolder folder;
  stop_signal::install();
  EXPECT_FALSE(simulate(generation(folder.path("run")), [](int64_t) { std::raise(SIGINT); }));
  stop_signal::reset();
  try {
    simulate(generation(folder.path("run"), "output.labels=false"));
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("an interrupted run with output.labels: true, expected nothing"),
              std::string::npos)
        << e.what();
  }
}

// What was asked has the noise in it, as the market met it.
TEST(LabelsOfGeneratedDays, AskedIsWhatWasBidBeforeOverSpending) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("run"))));
  const data::TrajectoryColumns found = columns_of(folder.path("run"));
  int num_equal = 0, num_cut = 0;
  for (size_t row = 0; row < found.action.size(); ++row) {
    EXPECT_LE(found.action[row], found.asked[row] * 1.00001F) << row;
    if (found.asked[row] == 0.0F) continue;
    ++(found.action[row] > 0.9999F * found.asked[row] ? num_equal : num_cut);
  }
  EXPECT_GT(num_equal, 1000);
  EXPECT_GT(num_cut, 100);
}

TEST(LabelsOfOtherDays, HaveTheirShape) {
  const TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"), "corrected");
  config.market.traffic.structure = "own";
  config.market.traffic.seats = 3;
  config.market.traffic.ticks = 5;
  config.market.traffic.slots = 1;
  ASSERT_TRUE(simulate(config));
  const data::TrajectoryColumns found = columns_of(folder.path("run"));
  EXPECT_EQ(found.optimum.size(), size_t{2 * 3});
  EXPECT_EQ(found.best_rest.size(), size_t{2 * 3 * 5});
  EXPECT_GT(found.best_rest[0], 0.0F);
}

// Prices beyond the usual units: the day is recorded again. Money that is twice as much gives alphas that are.
TEST(LabelsOfOtherDays, AreInAnyCurrency) {
  const TemporaryFolder folder;
  const std::string population = folder.path("constants.yaml");  // PID counts in absolute money
  write_file(population, "seats: fixed_alpha");
  std::vector<data::TrajectoryColumns> found;
  for (const double scale : {4096.0, 8192.0}) {
    SimulateConfig config = small_run(folder.path(std::to_string(scale)), "corrected");
    config.market.population = population;
    config.market.cpa_scale = scale;
    config.market.budget_scale *= scale;
    ASSERT_TRUE(simulate(config));
    found.push_back(columns_of(config.output.dir));
  }
  const data::TrajectoryColumns &one = found[0], &two = found[1];
  for (size_t i = 0; i < one.optimum.size(); ++i) {
    EXPECT_EQ(two.optimum[i], one.optimum[i]) << i;
    EXPECT_EQ(two.best_constant[i], 2.0 * one.best_constant[i]) << i;
  }
  size_t num_rest = 0;
  for (size_t row = 0; row < one.asked.size(); ++row) {
    EXPECT_EQ(two.asked[row], 2.0F * one.asked[row]) << row;
    EXPECT_EQ(two.best_rest[row], 2.0F * one.best_rest[row]) << row;
    EXPECT_EQ(two.rest_constant[row], 2.0F * one.rest_constant[row]) << row;
    num_rest += one.best_rest[row] > 0.0F ? 1 : 0;
  }
  EXPECT_GT(num_rest, one.asked.size() / 10);
}

TEST(LabelsConfig, AreColumnsOfTrajectories) {
  SimulateConfig config;
  try {
    ConfigFile::load("configs/simulate.yaml", {"output.labels=true"}).read(config);
    ADD_FAILURE() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("output.trajectories"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("true where output.labels is"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace genbid::play
