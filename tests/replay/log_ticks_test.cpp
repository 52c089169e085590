#include "numpy/python_float.h"
#include "data/log_ticks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "../data/raw_logs.h"
#include "data/hdf5_file.h"
#include "data/ingest.h"
#include "bidders/fixed_alpha.h"
#include "replay/replay.h"

// Logs of other days, currencies and numbers than AuctionNet's, ingested and replayed.

namespace genbid::replay {
namespace {

using test::error_of;
using test::raw_table;
using test::Table;
using test::TempFolder;

std::string market_log_of(const Table& table, const TempFolder& folder, const std::string& name = "m.h5") {
  data::IngestConfig config;
  config.input = {folder.write("a.csv", table.text())};
  config.output_market_log = folder.file(name);
  config.settings.market_log.precision = "float64";
  config.threads = 1;
  data::ingest(config);
  return config.output_market_log;
}

// The bidder's alpha is its CPA limit.
std::vector<ReplayCell> replay_log(const std::string& log, const std::string& rules = "corrected") {
  ReplayConfig config;
  config.rules = rules;
  config.log = {log};
  config.periods.values = {7};
  const std::unique_ptr<Bidder> bidder = bidders::make_fixed_alpha(0.0, 1.0);
  Bidder* list[] = {bidder.get()};
  Threads threads(1);
  return replay(config, list, threads)->front();
}

// What each seat wins at most: impressions in their order, as long as there is money.
void expect_bought(const Table& table, const TempFolder& folder, const std::vector<ReplayCell>& cells) {
  const test::RawLogs logs = test::read_logs({folder.write("again.csv", table.text())});
  const size_t seats = logs.ticks[0].heads.size();
  ASSERT_EQ(cells.size(), seats);
  for (size_t seat = 0; seat < seats; ++seat) {
    const data::RawHead& head = logs.ticks[0].heads[seat];
    double money = head.budget;
    double expected_conversions = 0.0;
    int64_t num_pv = 0;
    for (const data::RawTick& tick : logs.ticks) {
      num_pv += tick.num_pv;
      double of_tick = 0.0;
      for (size_t pv = 0; pv < tick.pv.size(); ++pv) {
        const double pvalue = tick.pvalue[pv * seats + seat];
        const double price = tick.least_winning_cost[pv];
        if (head.cpa * pvalue < price || price > money) continue;
        money -= price;
        of_tick += pvalue;
      }
      expected_conversions += of_tick;
    }
    EXPECT_EQ(cells[seat].advertiser, head.advertiser);
    EXPECT_EQ(cells[seat].num_pv, num_pv);
    EXPECT_EQ(cells[seat].cost, head.budget - money);
    EXPECT_EQ(cells[seat].expected_conversions, expected_conversions);
  }
}

TEST(ReplayLog, DaysOfAnyNumberOfTicks) {
  for (const int ticks : {1, 2, 24, 47, 49, 96}) {
    const TempFolder folder;
    const Table table = raw_table(ticks, 4, 3);
    const std::string log = market_log_of(table, folder);
    EXPECT_EQ(data::MarketLog(log).info().ticks, ticks);
    EXPECT_EQ(data::replay_log_ticks({log}), ticks);
    SCOPED_TRACE(ticks);
    expect_bought(table, folder, replay_log(log));
  }
}

TEST(ReplayLog, BiddersAreToldTheDaysTicks) {
  struct Witness : Bidder {
    void reset(std::span<const SeatView> rows) override { num_ticks = rows[0].num_ticks; }
    void bid(std::span<const SeatView>, std::span<BidFormula>) override { ++num_asked; }
    int num_ticks = 0;
    int num_asked = 0;
  } witness;
  const TempFolder folder;
  ReplayConfig config;
  config.log = {market_log_of(raw_table(24, 2, 1), folder)};
  config.periods.values = {7};
  Bidder* list[] = {&witness};
  Threads threads(1);
  replay(config, list, threads);
  EXPECT_EQ(witness.num_ticks, 24);
  EXPECT_EQ(witness.num_asked, 24);
}

TEST(ReplayLog, TheOfficialProtocolHas48Ticks) {
  const TempFolder folder;
  const std::string log = market_log_of(raw_table(24, 2, 1), folder);
  EXPECT_EQ(error_of([&] { replay_log(log, "official"); }),
            log + ": found periods of 24 ticks, expected 48, which AuctionNet's protocol has");
}

TEST(ReplayLog, RawLogsHave48Ticks) {
  const TempFolder folder;
  const std::string log = folder.write("a.csv", raw_table(24, 2, 1).text());
  const std::string expected =
      " ticks, expected 48 in raw logs, which do not tell before their end (make a market log of it, which does: "
      "`genbid ingest` with output_market_log)";
  EXPECT_EQ(error_of([&] { replay_log(log); }), "a.csv: found periods of 24" + expected);
  folder.write("a.csv", raw_table(50, 2, 1).text());
  EXPECT_EQ(error_of([&] { replay_log(log); }), "a.csv: found periods of more than 48" + expected);
}

TEST(ReplayLog, APipeIsNotWaitedFor) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { replay_log(folder.file("pipe")); }),
            folder.file("pipe") + ": found a pipe, expected a file (which can be read more than once)");
}

// One advertiser, one impression.
TEST(ReplayLog, TheSmallestDay) {
  const TempFolder folder;
  const Table table = raw_table(1, 1, 1);
  expect_bought(table, folder, replay_log(market_log_of(table, folder)));
}

TEST(ReplayLog, ADayWithoutImpressions) {
  const TempFolder folder;
  {
    data::Hdf5File log = data::Hdf5File::create(folder.file("m.h5"));
    log.write_attribute("format", std::string(data::kMarketLogFormat));
    log.write_attribute("version", int64_t{1});
    log.write_attribute("ticks", int64_t{2});
    log.write_attribute("seats", int64_t{1});
    log.create_group("/period-7");
    log.create_dataset("/period-7/tick_first", data::Hdf5Type::kI64, {3});
    log.write_rows("/period-7/tick_first", 0, std::span<const int64_t>(std::vector<int64_t>(3, 0)));
    log.create_dataset("/period-7/pvalue", data::Hdf5Type::kF64, {0, 1});
    log.create_dataset("/period-7/least_winning_cost", data::Hdf5Type::kF64, {0});
    for (const char* name : {"/period-7/budget", "/period-7/cpa"}) {
      log.create_dataset(name, data::Hdf5Type::kF64, {1});
      log.write_rows(name, 0, std::span<const double>(std::vector<double>{10.0}));
    }
    log.close();
  }
  const std::vector<ReplayCell> cells = replay_log(folder.file("m.h5"));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].num_pv, 0);
  EXPECT_EQ(cells[0].cost, 0.0);
  EXPECT_EQ(cells[0].expected_score, 0.0);
}

TEST(ReplayLog, AnotherCurrencyBuysTheSame) {
  for (const double unit : {1024.0, 1.0 / 64.0}) {
    const TempFolder folder;
    Table table = raw_table(6, 8, 3);
    const std::vector<ReplayCell> cells = replay_log(market_log_of(table, folder, "one.h5"));
    for (size_t row = 0; row < table.rows.size(); ++row) {
      for (const char* column : {"budget", "CPAConstraint", "remainingBudget", "bid", "cost", "leastWinningCost"}) {
        std::string& text = table.cell(row, column);
        char scaled[numpy::kMaxPythonFloat];
        text.assign(scaled, numpy::print_python_float(scaled, std::stod(text) * unit));
      }
    }
    const std::vector<ReplayCell> other = replay_log(market_log_of(table, folder, "other.h5"));
    ASSERT_EQ(other.size(), cells.size());
    for (size_t seat = 0; seat < cells.size(); ++seat) {
      EXPECT_GT(cells[seat].wins, 0);
      EXPECT_EQ(other[seat].wins, cells[seat].wins);
      EXPECT_EQ(other[seat].conversions, cells[seat].conversions);
      EXPECT_EQ(other[seat].cost, cells[seat].cost * unit);
    }
  }
}

TEST(ReplayLog, AdvertisersOf64BitsAreTold) {
  const TempFolder folder;
  Table table = raw_table(2, 2, 2);
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::string& text = table.cell(row, "advertiserNumber");
    text = text == "0.0" ? "10000000000" : "10000000001";
  }
  const std::vector<ReplayCell> cells = replay_log(market_log_of(table, folder));
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0].advertiser, 10'000'000'000);
  EXPECT_EQ(cells[1].advertiser, 10'000'000'001);
}

TEST(ReplayLog, APeriodThatNobodyWantsIsNotHandedOutButMustBeThere) {
  const TempFolder folder;
  Table table = raw_table(48, 2, 1);
  const size_t rows = table.rows.size();
  for (size_t row = 0; row < rows; ++row) {
    table.rows.push_back(table.rows[row]);
    table.cell(rows + row, "deliveryPeriodIndex") = "8";
  }
  const std::string market_log = market_log_of(table, folder);
  Threads threads(1);
  for (const std::string& log : {market_log, folder.file("a.csv")}) {
    SCOPED_TRACE(log);
    std::map<int64_t, int> ticks;
    data::ReplayLogOptions options{{log}, {7, 8}};
    options.wanted = [](int64_t period) { return period == 8; };
    const auto count = [&](const data::LoggedTick& tick) { ++ticks[tick.period]; };
    EXPECT_TRUE(data::read_replay_log(options, threads, count, [] {}));
    EXPECT_EQ(ticks, (std::map<int64_t, int>{{8, 48}}));
    options.periods = {7, 9};
    const std::string error = error_of([&] { data::read_replay_log(options, threads, count, [] {}); });
    EXPECT_NE(error.find("no period 9"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace genbid::replay
