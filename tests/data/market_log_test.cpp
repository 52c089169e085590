#include "data/market_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "data/hdf5_file.h"
#include "data/ingest.h"
#include "raw_logs.h"

namespace genbid::data {
namespace {

using test::content_of;
using test::error_of;
using test::raw_table;
using test::RawLogs;
using test::read_logs;
using test::Table;
using test::TempFolder;

constexpr const char* kGolden = "tests/golden/run_pid_small/log-0-agents-0-17.csv";

// The market log of raw logs, in the folder.
std::string ingest_into(const TempFolder& folder, const std::vector<std::string>& files,
                        const std::string& precision = "float32", int64_t threads = 2,
                        int64_t block_bytes = CsvFile::kBlockBytes) {
  IngestConfig config;
  config.input = files;
  config.output_market_log = folder.file("m.h5");
  config.settings.market_log.precision = precision;
  config.threads = threads;
  IngestControl control;
  control.block_bytes = block_bytes;
  const std::optional<IngestSummary> summary = ingest(config, control);
  EXPECT_EQ(summary->market_log, config.output_market_log);
  EXPECT_EQ(summary->market_log_bytes, static_cast<int64_t>(content_of(config.output_market_log).size()));
  EXPECT_NE(summary->text().find("\nMarket log: "), std::string::npos);
  EXPECT_EQ(summary->text().find("\nStore: "), std::string::npos);
  return config.output_market_log;
}

template <typename Real>
void expect_holds_the_log(const std::string& path, const RawLogs& logs) {
  const MarketLog log(path);
  EXPECT_EQ(log.info().ticks, logs.result.num_ticks);
  EXPECT_EQ(log.info().seats, logs.ticks[0].num_seats());
  EXPECT_EQ(log.info().precision, sizeof(Real) == 8 ? "float64" : "float32");
  const int n = logs.ticks[0].num_seats();
  MarketLogTick<Real> got;
  for (const RawTick& tick : logs.ticks) {
    const MarketLogPeriod& period = log.period(tick.period);
    for (size_t seat = 0; seat < tick.heads.size(); ++seat) {
      EXPECT_EQ(period.advertiser[seat], tick.heads[seat].advertiser);
      EXPECT_EQ(period.category[seat], tick.heads[seat].category);
      EXPECT_EQ(period.budget[seat], tick.heads[seat].budget);
      EXPECT_EQ(period.cpa[seat], tick.heads[seat].cpa);
    }
    log.read_tick(period, tick.tick, got);
    ASSERT_EQ(got.num_pv, tick.num_pv);
    EXPECT_EQ(got.least_winning_cost, tick.least_winning_cost);
    for (size_t i = 0; i < tick.pvalue.size(); ++i) {
      ASSERT_EQ(got.pvalue[i], static_cast<Real>(tick.pvalue[i]));
      ASSERT_EQ(got.sigma[i], static_cast<Real>(tick.sigma[i]));
    }
    for (size_t pv = 0; pv < static_cast<size_t>(tick.num_pv); ++pv) {
      std::vector<size_t> order;  // of seats that bid, highest first, then by seat
      for (size_t seat = 0; seat < tick.heads.size(); ++seat) {
        if (tick.bid[pv * tick.heads.size() + seat] > 0.0) order.push_back(seat);
      }
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return tick.bid[pv * tick.heads.size() + a] > tick.bid[pv * tick.heads.size() + b];
      });
      for (size_t k = 0; k < 4; ++k) {
        const bool there = k < order.size();
        ASSERT_EQ(got.top_seat[pv * 4 + k], there ? order[k] : kNoSeat);
        ASSERT_EQ(got.top_bid[pv * 4 + k],
                  there ? static_cast<float>(tick.bid[pv * static_cast<size_t>(n) + order[k]]) : 0.0F);
      }
    }
  }
}

TEST(MarketLog, HoldsWhatTheRawLogTells) {
  const RawLogs logs = read_logs({kGolden});
  const TempFolder folder;
  expect_holds_the_log<float>(ingest_into(folder, {kGolden}), logs);
  expect_holds_the_log<double>(ingest_into(folder, {kGolden}, "float64"), logs);
}

TEST(MarketLog, HoldsLaddersOfManySeats) {
  const TempFolder folder;
  const std::string file = folder.write("a.csv", raw_table(3, 20, 64).text());
  expect_holds_the_log<float>(ingest_into(folder, {file}), read_logs({file}));
}

TEST(MarketLog, ThreadsAndBlocksDoNotChangeIt) {
  const TempFolder folder;
  const std::string expected = content_of(ingest_into(folder, {kGolden}, "float32", 1));
  EXPECT_EQ(content_of(ingest_into(folder, {kGolden}, "float32", 3, 1'000)), expected);
}

TEST(MarketLog, HoldsPeriodsOfSeveralFilesByNumber) {
  const TempFolder folder;
  const std::string ten = folder.write("10.csv", raw_table(3, 4, 5, 10).text());
  const std::string nine = folder.write("9.csv", raw_table(3, 2, 5, 9).text());
  const std::string path = ingest_into(folder, {ten, nine});
  const std::string bytes = content_of(path);
  const MarketLog log(path);
  ASSERT_EQ(log.periods().size(), 2U);
  EXPECT_EQ(log.periods()[0].period, 9);
  EXPECT_EQ(log.periods()[0].tick_first, (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(log.periods()[1].num_pv(), 12);
  EXPECT_EQ(log.periods()[1].num_pv(2), 4);
  EXPECT_EQ(log.info().sources.find("[{\"name\":\"10.csv\""), 0U);
  EXPECT_NE(log.info().config.find("kind: ingest"), std::string::npos);
  EXPECT_EQ(content_of(ingest_into(folder, {nine, ten})), bytes);
}

TEST(MarketLog, ShuffledRowsGiveTheSameAndTellWhereTheyWere) {
  const TempFolder folder;
  Table table = raw_table(3, 4, 5);
  const std::string file = folder.write("a.csv", table.text());
  const RawLogs logs = read_logs({file});
  const std::string ordered = ingest_into(folder, {file}, "float64");
  EXPECT_FALSE(MarketLog(ordered).periods()[0].has_source_row);

  std::vector<size_t> from(table.rows.size());
  for (size_t i = 0; i < from.size(); ++i) from[i] = i;
  std::mt19937_64 generator(5);
  std::shuffle(from.begin(), from.end(), generator);
  Table shuffled = table;
  for (size_t i = 0; i < from.size(); ++i) shuffled.rows[i] = table.rows[from[i]];
  const std::string other = folder.write("b.csv", shuffled.text());
  const std::string path = ingest_into(folder, {other}, "float64");
  expect_holds_the_log<double>(path, logs);
  const MarketLog log(path);
  ASSERT_TRUE(log.periods()[0].has_source_row);
  size_t row = 0;  // in AuctionNet's order
  MarketLogTick<double> tick;
  for (int t = 0; t < 3; ++t) {
    log.read_tick(log.periods()[0], t, tick);
    for (const int64_t source : tick.source_row) EXPECT_EQ(from[static_cast<size_t>(source)], row++);
  }
  EXPECT_EQ(row, table.rows.size());
  // Without the order the files are the same but for the names of their sources.
  EXPECT_FALSE(MarketLog(ingest_into(folder, {other})).periods()[0].has_source_row);
  expect_holds_the_log<float>(folder.file("m.h5"), logs);
}

TEST(MarketLog, SigmasThatAreAllZeroAreNotKnown) {
  const TempFolder folder;
  Table table = raw_table();
  for (auto& row : table.rows) row[table.column("pValueSigma")] = "0.0";
  const MarketLog log(ingest_into(folder, {folder.write("a.csv", table.text())}));
  EXPECT_FALSE(log.periods()[0].has_sigma);
  MarketLogTick<float> tick;
  log.read_tick(log.periods()[0], 0, tick);
  EXPECT_TRUE(tick.sigma.empty());
  EXPECT_EQ(tick.pvalue.size(), 20U);
}

TEST(MarketLog, MissingValues) {
  const TempFolder folder;
  Table table = raw_table(1, 2, 5);
  table.cell(1, "pValue") = "nan";
  table.cell(1, "bid") = "nan";
  table.cell(2, "pValueSigma") = "";
  table.cell(0, "bid") = "0.5";
  table.cell(2, "bid") = "0.25";
  table.cell(3, "bid") = "0.5";
  table.cell(4, "bid") = "0.125";
  table.cell(0, "leastWinningCost") = "nan";  // the others of the impression tell
  for (size_t row = 5; row < 10; ++row) {
    table.cell(row, "leastWinningCost") = "nan";
    table.cell(row, "bid") = row == 6 ? "0.25" : "0";
  }
  const MarketLog log(ingest_into(folder, {folder.write("a.csv", table.text())}));
  MarketLogTick<float> tick;
  log.read_tick(log.periods()[0], 0, tick);
  EXPECT_EQ(tick.pvalue[1], 0.0F);
  EXPECT_EQ(tick.sigma[2], 0.0F);
  EXPECT_EQ(tick.top_bid, (std::vector<float>{0.5F, 0.5F, 0.25F, 0.125F, 0.25F, 0.0F, 0.0F, 0.0F}));
  EXPECT_EQ(tick.top_seat, (std::vector<uint8_t>{0, 3, 2, 4, 1, 255, 255, 255}));
  EXPECT_EQ(tick.least_winning_cost, (std::vector<double>{1.0 / 64.0, 0.0001}));  // the reserve
}

TEST(TopBids, TinyBidsStillStand) {
  std::vector<float> bids;
  std::vector<uint8_t> seats;
  top_bids(std::array{0.0, 1e-300, 0.0}, 3, bids, seats);
  EXPECT_GT(bids[0], 0.0F);
  EXPECT_EQ(seats, (std::vector<uint8_t>{1, 255, 255, 255}));
}

TEST(TopBids, OfEqualBidsTheLowerSeatsComesFirst) {
  std::vector<float> bids;
  std::vector<uint8_t> seats;
  top_bids(std::array{1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0}, 7, bids, seats);
  EXPECT_EQ(seats, (std::vector<uint8_t>{6, 1, 2, 3}));
  EXPECT_EQ(bids, (std::vector<float>{3.0F, 2.0F, 2.0F, 2.0F}));
  top_bids(std::array{1.0, 2.0, 2.0, 2.0, 2.0, 2.0}, 6, bids, seats);
  EXPECT_EQ(seats, (std::vector<uint8_t>{1, 2, 3, 4}));
}

TEST(MarketLogWriter, OneThatGoesAwayLeavesNothing) {
  const TempFolder folder;
  { const MarketLogWriter writer(folder.file("m.h5")); }
  EXPECT_TRUE(folder.names().empty());
}

// A market log of one campaign, as data/README.md tells people to write it; `change` bends it.
std::string write_own(const TempFolder& folder, const std::function<void(Hdf5File&)>& more = {},
                      std::vector<int64_t> tick_first = {0, 2, 2, 5}, const char* format = "genbid-market-log",
                      std::vector<double> prices = {0.5, 0.25, 1.0, 2.0, 4.0},
                      std::vector<float> pvalues = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F}) {
  const std::string path = folder.file("own.h5");
  Hdf5File file = Hdf5File::create(path);
  file.write_attribute("format", std::string(format));
  file.write_attribute("version", int64_t{1});
  file.write_attribute("ticks", int64_t{3});
  file.write_attribute("seats", int64_t{1});
  file.create_group("/period-12");
  const auto write = [&](const std::string& name, const auto& values) {
    using Value = typename std::decay_t<decltype(values)>::value_type;
    file.create_dataset(name, kHdf5TypeOf<Value>, {static_cast<int64_t>(values.size())});
    file.write_rows(name, 0, std::span<const Value>(values));
  };
  write("/period-12/tick_first", tick_first);
  if (!pvalues.empty()) write("/period-12/pvalue", pvalues);
  write("/period-12/least_winning_cost", prices);
  if (more) more(file);
  file.close();
  return path;
}

TEST(MarketLog, ReadsALogOfOneCampaign) {
  const TempFolder folder;
  const MarketLog log(write_own(folder));
  EXPECT_EQ(log.info().seats, 1);
  EXPECT_EQ(log.info().sources, "");
  const MarketLogPeriod& period = log.period(12);
  EXPECT_EQ(period.num_pv(), 5);
  EXPECT_FALSE(period.has_sigma);
  EXPECT_FALSE(period.has_ladder);
  EXPECT_TRUE(period.budget.empty());
  EXPECT_EQ(period.advertiser, std::vector<int64_t>{0});
  MarketLogTick<double> tick;
  log.read_tick(period, 1, tick);
  EXPECT_EQ(tick.num_pv, 0);
  log.read_tick(period, 2, tick);
  EXPECT_EQ(tick.least_winning_cost, (std::vector<double>{1.0, 2.0, 4.0}));
  EXPECT_EQ(tick.pvalue[0], static_cast<double>(0.3F));
}

TEST(MarketLog, ErrorsNameTheFileAndTheFault) {
  const TempFolder folder;
  const auto error = [&](const std::function<void(Hdf5File&)>& more, std::vector<int64_t> tick_first = {0, 2, 2, 5},
                         const char* format = "genbid-market-log",
                         std::vector<double> prices = {0.5, 0.25, 1.0, 2.0, 4.0},
                         std::vector<float> pvalues = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F}) {
    const std::string path =
        write_own(folder, more, std::move(tick_first), format, std::move(prices), std::move(pvalues));
    std::string message = error_of([&] {
      const MarketLog log(path);
      MarketLogTick<float> tick;
      for (int t = 0; t < 3; ++t) log.read_tick(log.periods()[0], t, tick);
      log.period(13);
    });
    EXPECT_EQ(message.find(path + ": "), 0U);
    return message.substr(std::min(message.size(), path.size() + 2));
  };
  const auto add = [](const std::string& name, auto values, std::vector<int64_t> shape = {}) {
    return [=](Hdf5File& file) {
      using Value = typename decltype(values)::value_type;
      file.create_dataset(name, kHdf5TypeOf<Value>,
                          shape.empty() ? std::vector{static_cast<int64_t>(values.size())} : shape);
      file.write_rows(name, 0, std::span<const Value>(values));
    };
  };
  EXPECT_EQ(error({}), "no period 13 (found 1 periods, 12 to 12)");
  EXPECT_EQ(
      error({}, {0, 2, 2, 5}, "genbid-trajectories"),
      "format 'genbid-trajectories', expected a market log made by `genbid ingest` or as data/README.md describes it");
  EXPECT_EQ(error({}, {0, 5}), "dataset '/period-12/tick_first': found the shape [2], expected [4]");
  EXPECT_EQ(error({}, {0, 3, 2, 5}),
            "dataset '/period-12/tick_first': expected numbers that begin at 0 and do not decrease");
  EXPECT_EQ(error({}, {0, 2, 2, 6}), "dataset '/period-12/pvalue': found the shape [5], expected [6, 1]");
  EXPECT_EQ(error({}, {0, 2, 2, 5}, "genbid-market-log", {1, 2, 3, 4, 5}, {}), "no dataset '/period-12/pvalue'");
  EXPECT_EQ(
      error({}, {0, 2, 2, 5}, "genbid-market-log", {1, 2, 3, -4, 5}),
      "dataset '/period-12/least_winning_cost': impression 3 holds -4.000000, expected a finite number, at least 0");
  EXPECT_EQ(error({}, {0, 2, 2, 5}, "genbid-market-log", {1, 2, 3, 4, 5}, {0, 0, NAN, 0, 0}),
            "dataset '/period-12/pvalue': impression 2 holds nan, expected a finite number, at least 0");
  EXPECT_EQ(error(add("/period-12/budget", std::vector{0.0})),
            "dataset '/period-12/budget': seat 0 has 0.000000, expected numbers above 0");
  EXPECT_EQ(error(add("/period-12/top_bid", std::vector<float>(20, 0.0F), {5, 4})), "no dataset '/period-12/top_seat'");
  EXPECT_EQ(error([&](Hdf5File& file) {
              add("/period-12/top_bid", std::vector<float>(20, 1.0F), {5, 4})(file);
              add("/period-12/top_seat", std::vector<uint8_t>(20, 1), {5, 4})(file);
            }),
            "dataset '/period-12/top_seat': impression 0 holds 1, expected seats 0..0, or 255 for none");
  EXPECT_EQ(error([&](Hdf5File& file) {
              std::vector<float> bids(20, 1.0F);
              bids[10] = 2.0F;
              add("/period-12/top_bid", bids, {5, 4})(file);
              add("/period-12/top_seat", std::vector<uint8_t>(20, 0), {5, 4})(file);
            }),
            "dataset '/period-12/top_bid': impression 2: expected bids that fall, above 0 where there is a seat and 0 "
            "where there is none");
  EXPECT_EQ(error([](Hdf5File& file) { file.create_group("/period-x"); }),
            "group 'period-x': expected a name such as 'period-7'");
}

TEST(MarketLog, RefusesANumberOfTicksThatNoDayHas) {
  const TempFolder folder;
  const std::string path = folder.file("ticks.h5");
  Hdf5File file = Hdf5File::create(path);
  file.write_attribute("format", std::string("genbid-market-log"));
  file.write_attribute("version", int64_t{1});
  file.write_attribute("ticks", std::numeric_limits<int64_t>::max());
  file.write_attribute("seats", int64_t{1});
  file.create_group("/period-12");
  file.close();
  EXPECT_EQ(error_of([&] { const MarketLog log(path); }),
            path + ": attribute 'ticks': found 9223372036854775807, expected 1..1000000");
}

}  // namespace
}  // namespace genbid::data
