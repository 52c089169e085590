#include "play/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/score.h"
#include "data/market_log.h"
#include "data/trajectory_store.h"
#include "market/rule_sets.h"
#include "base/temporary_folder.h"

namespace genbid::play {
namespace {

SimulateConfig small_run(const std::string& dir, int64_t threads = 1) {
  SimulateConfig config;
  config.market.impressions = 5000;
  config.market.budget_scale = 0.01;
  config.market.periods.values = {3, 0, 12};
  config.output.dir = dir;
  config.threads = threads;
  return config;
}

using CsvRow = std::map<std::string, std::string>;

std::vector<CsvRow> read_csv(const std::string& path) {
  std::istringstream text(read_file(path));
  const auto cells = [](const std::string& line) {
    std::vector<std::string> parts;
    std::istringstream in(line + ",");
    for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
    return parts;
  };
  std::string line;
  std::getline(text, line);
  const std::vector<std::string> names = cells(line);
  std::vector<CsvRow> rows;
  while (std::getline(text, line)) {
    const std::vector<std::string> values = cells(line);
    EXPECT_EQ(values.size(), names.size());
    CsvRow row;
    for (size_t i = 0; i < names.size(); ++i) row[names[i]] = values[i];
    rows.push_back(row);
  }
  return rows;
}

double number(const CsvRow& row, const std::string& name) { return std::strtod(row.at(name).c_str(), nullptr); }

TEST(Simulate, AnyNumberOfThreadsWritesTheSameBytes) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("1"), 1)));
  const std::string ticks = read_file(folder.path("1/ticks.csv"));
  const std::string periods = read_file(folder.path("1/periods.csv"));
  for (const int threads : {2, 3}) {
    const std::string dir = folder.path(std::to_string(threads));
    ASSERT_TRUE(simulate(small_run(dir, threads)));
    EXPECT_EQ(read_file(dir + "/ticks.csv"), ticks);
    EXPECT_EQ(read_file(dir + "/periods.csv"), periods);
  }
}

TEST(Simulate, APeriodIsTheSameWhateverElseIsPlayed) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("all"))));
  SimulateConfig one = small_run(folder.path("one"));
  one.market.periods.values = {12};
  ASSERT_TRUE(simulate(one));
  const std::string all = read_file(folder.path("all/ticks.csv"));
  const std::string alone = read_file(folder.path("one/ticks.csv"));
  const std::string rows = alone.substr(alone.find('\n') + 1);
  EXPECT_EQ(all.substr(all.size() - rows.size()), rows);
}

TEST(Simulate, TicksComeByPeriodTickAndSeatWithTheAgreedColumns) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("run"))));
  const std::string text = read_file(folder.path("run/ticks.csv"));
  // Others may follow.
  EXPECT_TRUE(text.starts_with(
      "episode,tick,agent,remaining_before,alpha_after_bidding,sum_bid_final,mean_bid_final,xi_count,"
      "exposed_count,conversions,cost,mean_least_winning_cost,n_pv,n_simulations,isEnd,sum_pvalue_exposed"))
      << text.substr(0, text.find('\n'));
  const std::vector<CsvRow> rows = read_csv(folder.path("run/ticks.csv"));
  ASSERT_EQ(rows.size(), 3U * 48U * 48U);
  const int periods[3] = {0, 3, 12};
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(number(rows[i], "episode"), periods[i / (48 * 48)]);
    EXPECT_EQ(number(rows[i], "tick"), static_cast<double>(i / 48 % 48));
    EXPECT_EQ(number(rows[i], "agent"), static_cast<double>(i % 48));
  }
}

TEST(Simulate, SeatsWithoutMoneyHaveNoAlphaAndTheirEnd) {
  const test::TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"));
  config.market.budget_scale = 0.001;
  ASSERT_TRUE(simulate(config));
  int num_out = 0;
  for (const CsvRow& row : read_csv(folder.path("run/ticks.csv"))) {
    const bool out = number(row, "remaining_before") < 0.1;
    num_out += out ? 1 : 0;
    EXPECT_EQ(row.at("alpha_after_bidding").empty(), out);
    EXPECT_EQ(row.at("isEnd"), out || row.at("tick") == "47" ? "1" : "0");
    EXPECT_GE(number(row, "remaining_before"), number(row, "cost"));
  }
  EXPECT_GT(num_out, 0);
}

TEST(Simulate, PeriodsAddUpTheirTicks) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("run"))));
  const std::vector<CsvRow> ticks = read_csv(folder.path("run/ticks.csv"));
  const std::vector<CsvRow> periods = read_csv(folder.path("run/periods.csv"));
  ASSERT_EQ(periods.size(), 3U * 48U);
  for (size_t i = 0; i < periods.size(); ++i) {
    const CsvRow& row = periods[i];
    double conversions = 0.0, cost = 0.0, expected = 0.0, squared = 0.0, cubed = 0.0, exposed = 0.0, num_pv = 0.0,
           mean_bid = 0.0;
    double last_active = -1.0;
    for (size_t t = 0; t < 48; ++t) {
      const CsvRow& tick = ticks[(i / 48 * 48 + t) * 48 + i % 48];
      conversions += number(tick, "conversions");
      cost += number(tick, "cost");
      expected += number(tick, "sum_pvalue_exposed");
      squared += number(tick, "sum_pvalue_squared_exposed");
      cubed += number(tick, "sum_pvalue_cubed_exposed");
      exposed += number(tick, "exposed_count");
      num_pv += number(tick, "n_pv");
      mean_bid += number(tick, "mean_bid_final") / 48.0;
      if (number(tick, "exposed_count") > 0.0) last_active = static_cast<double>(t);
    }
    const double limit = number(row, "cpa");
    EXPECT_EQ(row.at("bidder"), "pid");
    EXPECT_EQ(number(row, "seat"), static_cast<double>(i % 48));
    EXPECT_EQ(number(row, "budget"), official_advertiser(static_cast<int>(i % 48)).budget * 0.01);
    EXPECT_EQ(number(row, "conversions"), conversions);
    EXPECT_DOUBLE_EQ(number(row, "cost"), cost);
    EXPECT_DOUBLE_EQ(number(row, "realised_cpa"), cpa(conversions, cost));
    EXPECT_EQ(number(row, "target_cost"), conversions * limit);
    EXPECT_EQ(number(row, "num_pv"), num_pv);
    EXPECT_EQ(number(row, "num_exposed"), exposed);
    EXPECT_DOUBLE_EQ(number(row, "exposed_share"), exposed / (num_pv + 1e-10));
    EXPECT_DOUBLE_EQ(number(row, "budget_use"), cost / number(row, "budget"));
    EXPECT_GT(number(row, "second_price_ratio"), 0.0);
    EXPECT_LE(number(row, "second_price_ratio"), 1.0);
    EXPECT_DOUBLE_EQ(number(row, "cpa_exceedance"), (cpa(conversions, cost) - limit) / (limit + 1e-10));
    EXPECT_EQ(number(row, "last_active_tick"), last_active);
    EXPECT_NEAR(number(row, "mean_bid"), mean_bid, 1e-12);
    EXPECT_DOUBLE_EQ(number(row, "score"), score(conversions, cost, limit));
    EXPECT_DOUBLE_EQ(number(row, "expected_conversions"), expected);
    EXPECT_NEAR(number(row, "conversion_variance"), expected - squared, 1e-12);
    EXPECT_NEAR(number(row, "expected_score"), expected_score({expected, squared, cubed}, cost, limit), 1e-12);
    EXPECT_DOUBLE_EQ(number(row, "score_of_expectation"), score_of_expectation(expected, cost, limit));
  }
}

TEST(Simulate, LeavesOtherFilesOfTheFolderAlone) {
  const test::TemporaryFolder folder;
  write_file(folder.path("run/notes.txt"), "mine");
  write_file(folder.path("run/periods.csv"), "period,seat,bidder,budget,cpa,old");
  ASSERT_TRUE(simulate(small_run(folder.path("run"))));
  EXPECT_EQ(read_file(folder.path("run/notes.txt")), "mine");
  EXPECT_EQ(read_csv(folder.path("run/periods.csv")).size(), 144U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("run")), {}), 3);
}

TEST(Simulate, WritesNothingWhenStopped) {
  const test::TemporaryFolder folder;
  stop_signal::install();
  std::raise(SIGINT);
  EXPECT_FALSE(simulate(small_run(folder.path("run"))));
  stop_signal::reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

TEST(Simulate, TellsItsProgressAndSumsUp) {
  const test::TemporaryFolder folder;
  int64_t done = 0;
  const auto summary = simulate(small_run(folder.path("run")), [&](int64_t periods) { done = periods; });
  EXPECT_EQ(done, 3);
  ASSERT_EQ(summary->periods.size(), 3U);
  EXPECT_EQ(summary->periods[1].period, 3);
  EXPECT_GE(summary->periods[1].num_clearings, 48);
  EXPECT_GT(summary->periods[1].budget_use, 0.0);
  EXPECT_LE(summary->periods[1].budget_use, 1.0);
  EXPECT_NE(summary->text().find("least winning cost"), std::string::npos);
}

// Days of other sizes, in all outputs.
TEST(Simulate, PlaysMarketsOfOtherShapes) {
  for (const market::MarketShape& shape : {market::MarketShape{3, 5, 1}, market::MarketShape{64, 96, 3}}) {
    const test::TemporaryFolder folder;
    std::map<int, std::string> stores;
    for (const int threads : {1, 2}) {
      SimulateConfig config = small_run(folder.path(std::to_string(threads)), threads);
      config.market.impressions = 3000;
      config.market.population = "rules48";
      config.market.traffic.structure = "own";
      config.market.traffic.seats = shape.seats;
      config.market.traffic.ticks = shape.ticks;
      config.market.traffic.slots = shape.slots;
      config.market.periods.values = {4, 9};
      config.output.raw_log = config.output.trajectories = config.output.market_log = true;
      ASSERT_TRUE(simulate(config));
      stores[threads] = read_file(config.output.dir + "/trajectories.h5");
    }
    EXPECT_TRUE(stores[1] == stores[2]);

    const auto seats = static_cast<size_t>(shape.seats);
    const auto ticks = static_cast<size_t>(shape.ticks);
    const std::vector<CsvRow> rows = read_csv(folder.path("1/ticks.csv"));
    ASSERT_EQ(rows.size(), 2 * seats * ticks);
    EXPECT_EQ(number(rows.back(), "agent"), shape.seats - 1.0);
    EXPECT_EQ(rows.back().at("isEnd"), "1");
    double cost = 0.0;
    for (size_t t = 0; t < ticks; ++t) cost += number(rows[t * seats], "cost");
    const std::vector<CsvRow> periods = read_csv(folder.path("1/periods.csv"));
    ASSERT_EQ(periods.size(), 2 * seats);
    EXPECT_NEAR(number(periods[0], "cost"), cost, 1e-9);
    EXPECT_GT(cost, 0.0);

    const data::TrajectoryStore store(folder.path("1/trajectories.h5"));
    EXPECT_EQ(store.info().seats, shape.seats);
    EXPECT_EQ(store.info().ticks, shape.ticks);
    const data::TrajectoryColumns columns = store.read();
    EXPECT_EQ(columns.num_trajectories(), static_cast<int64_t>(2 * seats));
    EXPECT_EQ(columns.num_rows(), static_cast<int64_t>(2 * seats * ticks));
    EXPECT_EQ(columns.done.back(), 1);
    EXPECT_FLOAT_EQ(columns.state[22], 1.0F - 1.0F / static_cast<float>(shape.ticks));  // time_left of tick 1
    const data::MarketLog log(folder.path("1/market_log.h5"));
    EXPECT_EQ(log.info().seats, shape.seats);
    EXPECT_EQ(log.info().ticks, shape.ticks);
    const std::string raw = read_file(folder.path("1/raw_log/period-4.csv"));
    EXPECT_EQ(std::count(raw.begin(), raw.end(), '\n') % shape.seats, 1 % shape.seats);
  }
}

// PID remembers under official rules.
TEST(Simulate, BiddersThatRememberPlayOnePeriodAfterAnother) {
  for (const std::string& rules : market::rules_names()) {
    const test::TemporaryFolder folder;
    SimulateConfig config = small_run(folder.path("run"));
    config.market.rules = rules;
    std::vector<int64_t> calls;
    ASSERT_TRUE(simulate(config, [&](int64_t periods) { calls.push_back(periods); }));
    EXPECT_EQ(calls, config.market.rules == "corrected" ? (std::vector<int64_t>{3}) : (std::vector<int64_t>{1, 2, 3}));
  }
}

std::string error_of(const std::string& override) {
  SimulateConfig config;
  try {
    ConfigFile::load("configs/simulate.yaml", {override}).read(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(SimulateConfig, TheShippedFileReads) {
  SimulateConfig config;
  ConfigFile::load("configs/simulate.yaml", {"market.periods=[0, 1]", "threads=2"}).read(config);
  EXPECT_EQ(config.market.population, "pid48");
  EXPECT_EQ(config.market.periods.values, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(config.market.impressions, 500000);
  EXPECT_EQ(config.threads, 2);
}

TEST(SimulateConfig, WrongValuesAreErrorsThatSayWhatIsExpected) {
  EXPECT_NE(error_of("market.rules=exact").find("expected one of corrected, official"), std::string::npos);
  EXPECT_NE(error_of("market.population=pid").find("expected official, pid48, rules48, or the path"),
            std::string::npos);
  EXPECT_NE(error_of("market.impressions=47").find("[48, 100000000]"), std::string::npos);
  EXPECT_NE(error_of("market.periods=[]").find("at least one period"), std::string::npos);
  EXPECT_NE(error_of("market.budget_scale=0").find("found '0'"), std::string::npos);
  EXPECT_NE(error_of("market.budget=1").find("market.budget"), std::string::npos);
}

}  // namespace
}  // namespace genbid::play
