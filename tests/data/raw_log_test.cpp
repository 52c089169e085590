#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <fstream>
#include <random>

#include "base/stop_signal.h"
#include "data/ingest.h"
#include "data/market_log.h"
#include "data/trajectory_file.h"
#include "data/trajectory_store.h"
#include "golden.h"
#include "raw_logs.h"

// Raw logs: what is read from them, and what trajectories they make.

namespace genbid::data {
namespace {

using test::content_of;
using test::raw_table;
using test::RawLogs;
using test::read_logs;
using test::Table;
using test::TempFolder;

// Compares trajectories with those of AuctionNet's generator, in double precision.
void expect_golden(const std::string& log, const std::string& trajectories, size_t expected_rows) {
  const RawLogs logs = read_logs({log});
  EXPECT_EQ(logs.result.num_ticks, 48);
  EXPECT_TRUE(logs.result.in_order);
  const std::vector<RawTrajectory> got = logs.trajectories.finish(FeatureSet::kAuctionnet16, 48);

  TrajectoryFile golden(trajectories, {});
  Threads threads(1);
  LogBlock block;
  size_t num_rows = 0;
  double worst = 0.0;
  const auto compare = [&](double value, double expected, const char* name) {
    const double difference = std::abs(value - expected) / std::max(1.0, std::abs(expected));
    worst = std::max(worst, difference);
    ASSERT_LE(difference, 1e-12) << name << " row " << num_rows << ": " << value << " " << expected;
  };
  TrajectoryRows rows;
  while (golden.file().next(block, threads)) {
    golden.parse(block, rows);
    ASSERT_TRUE(rows.bad.empty());
    for (const auto& one : rows.rows) {
      const TrajectoryHead& head = one.first;
      const TickRow& row = one.second;
      const auto found = std::find_if(got.begin(), got.end(), [&](const RawTrajectory& t) {
        return t.head.period == head.period && t.head.advertiser == head.advertiser;
      });
      ASSERT_NE(found, got.end());
      const auto k = static_cast<size_t>(row.tick);
      EXPECT_EQ(found->head.category, head.category);
      compare(found->head.budget, head.budget, "budget");  // pandas reads some numbers one bit off
      compare(found->head.cpa, head.cpa, "cpa");
      compare(found->head.cost, head.cost, "cost");
      compare(found->head.conversions, head.conversions, "conversions");
      for (size_t f = 0; f < 16; ++f) compare(found->state[k * 16 + f], row.state[f], "state");
      compare(found->action[k], row.action, "action");
      compare(found->reward[k], row.reward, "reward");
      compare(found->reward_continuous[k], row.reward_continuous, "reward_continuous");
      EXPECT_EQ(found->done[k] != 0, row.done);
      ++num_rows;
    }
  }
  EXPECT_EQ(num_rows, expected_rows);
  ::testing::Test::RecordProperty("worst", std::to_string(worst));
}

TEST(RawLog, MakesTheGeneratorsTrajectories) {
  expect_golden("tests/golden/run_pid_small/log-0-agents-0-17.csv",
                "tests/golden/rldata/period-0-agents-0-17-rlData.csv", 96);
}

TEST(RawLog, MakesTheGeneratorsTrajectoriesOfAllBidders) {
  for (const char* period : {"0", "1"}) {
    GENBID_VECTOR(log, std::string("run_pid_small/data/log/") + period + ".csv");
    GENBID_VECTOR(golden, std::string("rldata/period-") + period + "-rlData.csv");
    expect_golden(log, golden, 2304);
  }
}

// What a store holds of a log, and its bytes.
struct Ingested {
  IngestSummary summary;
  TrajectoryStoreInfo info;
  TrajectoryColumns columns;
  std::string bytes;
};

Ingested ingest_files(const std::vector<std::string>& files, const IngestSettings& settings = {}, int64_t threads = 2,
                      int64_t block_bytes = CsvFile::kBlockBytes) {
  const TempFolder folder;
  IngestConfig config;
  config.input = files;
  config.output = folder.file("s.h5");
  config.settings = settings;
  config.threads = threads;
  IngestControl control;
  control.block_bytes = block_bytes;
  const std::optional<IngestSummary> summary = ingest(config, control);
  EXPECT_EQ(folder.names().size(), 1U);
  const TrajectoryStore store(config.output);
  return {*summary, store.info(), store.read(), content_of(config.output)};
}

Ingested ingest_table(const Table& table, const IngestSettings& settings = {}) {
  const TempFolder folder;
  return ingest_files({folder.write("a.csv", table.text())}, settings);
}

void expect_same_columns(const TrajectoryColumns& a, const TrajectoryColumns& b) {
  EXPECT_EQ(a.period, b.period);
  EXPECT_EQ(a.advertiser, b.advertiser);
  EXPECT_EQ(a.category, b.category);
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.cpa, b.cpa);
  EXPECT_EQ(a.cost, b.cost);
  EXPECT_EQ(a.conversions, b.conversions);
  EXPECT_EQ(a.first_row, b.first_row);
  EXPECT_EQ(a.tick, b.tick);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.reward, b.reward);
  EXPECT_EQ(a.reward_continuous, b.reward_continuous);
  EXPECT_EQ(a.done, b.done);
}

TEST(RawLog, FlagsMayBeBooleans) {
  const TempFolder folder;
  Table table = raw_table();
  const RawLogs expected = read_logs({folder.write("a.csv", table.text())});
  size_t spelling = 0;
  for (const char* column : {"xi", "isExposed", "conversionAction", "isEnd"}) {
    const std::array<const char*, 6> words = {"False", "True", "false", "true", "FALSE", "TRUE"};
    for (size_t row = 0; row < table.rows.size(); ++row) {
      std::string& text = table.cell(row, column);
      text = words[(2 * spelling++) % 6 + (text == "1.0" ? 1 : 0)];
    }
  }
  const RawLogs got = read_logs({folder.write("b.csv", table.text())});
  ASSERT_EQ(got.ticks.size(), expected.ticks.size());
  for (size_t t = 0; t < got.ticks.size(); ++t) {
    EXPECT_EQ(got.ticks[t].flags, expected.ticks[t].flags);
    EXPECT_EQ(got.ticks[t].heads[0].is_end, expected.ticks[t].heads[0].is_end);
  }
}

TEST(RawLog, AdvertisersOf64BitsAreKept) {
  const TempFolder folder;
  Table table = raw_table();
  for (std::vector<std::string>& row : table.rows) {
    const size_t seat = static_cast<size_t>(std::stod(row[table.column("advertiserNumber")]));
    row[table.column("advertiserNumber")] = std::to_string(10'000'000'000 + static_cast<int64_t>(seat));
  }
  IngestConfig config;
  config.input = {folder.write("a.csv", table.text())};
  config.output = folder.file("s.h5");
  config.output_market_log = folder.file("m.h5");
  ingest(config);
  const std::vector<int64_t> expected = {10'000'000'000, 10'000'000'001, 10'000'000'002, 10'000'000'003,
                                         10'000'000'004};
  EXPECT_EQ(TrajectoryStore(config.output).read().advertiser, expected);
  EXPECT_EQ(TrajectoryStore(config.output).info().seats, 5);
  EXPECT_EQ(MarketLog(config.output_market_log).period(7).advertiser, expected);
}

TEST(RawLog, ATrajectoryByHand) {
  // One advertiser, two ticks of two impressions: bids of 1 and 3 for values of 0.25 and 0.5, the second one won and
  // exposed for 2, with a conversion; then nothing.
  Table table;
  table.header = test::kRawHeader;
  table.rows = {{"7", "3", "1", "100", "10", "0", "100", "0", "0.25", "0", "1", "0", "0", "0", "0", "0", "1.5", "0"},
                {"7", "3", "1", "100", "10", "0", "100", "1", "0.5", "0", "3", "1", "2", "2", "1", "1", "2.5", "0"},
                {"7", "3", "1", "100", "10", "1", "98", "0", "0.125", "0", "0", "0", "0", "0", "0", "0", "1", "1"},
                {"7", "3", "1", "100", "10", "1", "98", "1", "0.125", "0", "0", "1", "1", "9", "0", "0", "1", "1"}};
  const TempFolder folder;
  const RawLogs logs = read_logs({folder.write("a.csv", table.text())});
  EXPECT_EQ(logs.result.num_ticks, 2);
  const RawTrajectory t = logs.trajectories.finish(FeatureSet::kAuctionnet16, 2).at(0);
  EXPECT_EQ(t.head, (TrajectoryHead{7, 3, 1, 100.0, 10.0, 2.0, 1.0}));
  EXPECT_EQ(t.action, (std::vector{4.0 / 0.75, 0.0}));
  EXPECT_EQ(t.reward, (std::vector{1.0, 0.0}));
  EXPECT_EQ(t.reward_continuous, (std::vector{0.5, 0.0}));
  EXPECT_EQ(t.done, (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ(t.state, (std::vector<double>{1.0, 1.0,  0, 0, 0, 0,     0,   0,   0, 0,     0,   0,   0.375, 2, 0, 0,  //
                                          0.5, 0.98, 2, 2, 2, 0.375, 0.5, 0.5, 2, 0.375, 0.5, 0.5, 0.125, 2, 2, 2}));
}

TEST(RawLog, OutcomesThatRepeatAreReadEachTime) {
  Table table = raw_table(1, 3, 3);
  for (size_t row = 2; row < 6; ++row) {
    for (const auto& [name, text] : {std::pair("xi", "1.0"), std::pair("adSlot", "2.0"), std::pair("cost", "0.5"),
                                     std::pair("isExposed", "1.0"), std::pair("conversionAction", "0.0")}) {
      table.cell(row, name) = text;
    }
  }
  const TempFolder folder;
  const RawTick tick = read_logs({folder.write("a.csv", table.text())}).ticks.at(0);
  for (size_t row = 2; row < 6; ++row) {
    EXPECT_EQ(tick.flags[row], kRawWon | kRawExposed);
    EXPECT_EQ(tick.slot[row], 2);
    EXPECT_EQ(tick.cost[row], 0.5);
  }
}

TEST(RawLog, ThreadsAndBlocksDoNotChangeTheStore) {
  const std::string path = "tests/golden/run_pid_small/log-0-agents-0-17.csv";
  const Ingested expected = ingest_files({path}, {}, 1);
  EXPECT_EQ(ingest_files({path}, {}, 2).bytes, expected.bytes);
  EXPECT_EQ(ingest_files({path}, {}, 3, 1'000).bytes, expected.bytes);
  EXPECT_EQ(ingest_files({path}, {}, 2, 250).bytes, expected.bytes);
  EXPECT_EQ(expected.info.ticks, 48);
  EXPECT_EQ(expected.info.seats, 18);
  EXPECT_EQ(expected.summary.num_raw_rows, 3952);
  EXPECT_EQ(expected.summary.num_impressions, 1976);
  EXPECT_NE(expected.summary.text().find("raw rows          3,952 of 1,976 impressions\n"), std::string::npos)
      << expected.summary.text();
}

TEST(RawLog, RowsMayComeInAnyOrder) {
  Table table = raw_table();
  const Ingested expected = ingest_table(table);
  EXPECT_TRUE(expected.summary.rows_in_order);
  std::mt19937_64 generator(1);
  std::shuffle(table.rows.begin(), table.rows.end(), generator);
  const Ingested got = ingest_table(table);
  EXPECT_FALSE(got.summary.rows_in_order);
  expect_same_columns(got.columns, expected.columns);
  // By advertiser, as a group-by leaves them.
  const size_t advertiser = table.column("advertiserNumber");
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [&](const auto& a, const auto& b) { return a[advertiser] < b[advertiser]; });
  expect_same_columns(ingest_table(table).columns, expected.columns);
}

TEST(RawLog, RealRowsMayComeInAnyOrder) {
  const std::string path = "tests/golden/run_pid_small/log-0-agents-0-17.csv";
  const Ingested expected = ingest_files({path});
  std::ifstream file(path);
  std::string header, line;
  std::getline(file, header);
  std::vector<std::string> lines;
  while (std::getline(file, line)) lines.push_back(line);
  std::mt19937_64 generator(2);
  std::shuffle(lines.begin(), lines.end(), generator);
  const TempFolder folder;
  std::string text = header + "\n";
  for (const std::string& row : lines) text += row + "\n";
  const std::string shuffled = folder.write("a.csv", text);
  const Ingested got = ingest_files({shuffled}, {}, 3, 10'000);
  expect_same_columns(got.columns, expected.columns);
}

TEST(RawLog, ImpressionsMayBeNumberedThroughThePeriod) {
  Table table = raw_table();
  const Ingested expected = ingest_table(table);
  for (auto& row : table.rows) {
    std::string& pv = row[table.column("pvIndex")];
    pv = std::to_string(std::stoi(pv) + 4 * std::stoi(row[table.column("timeStepIndex")]) + 1000);
  }
  const Ingested got = ingest_table(table);
  EXPECT_TRUE(got.summary.rows_in_order);
  expect_same_columns(got.columns, expected.columns);
}

TEST(RawLog, ReadsOtherFormsOfTheSameFile) {
  const Table table = raw_table();
  const Ingested expected = ingest_table(table);

  Table whole = table;  // 7 for 7.0
  for (auto& row : whole.rows) {
    for (std::string& cell : row) {
      if (cell.ends_with(".0")) cell.resize(cell.size() - 2);
    }
  }
  expect_same_columns(ingest_table(whole).columns, expected.columns);

  Table other = table;  // columns in another order, and others among them
  std::reverse(other.header.begin(), other.header.end());
  other.header.insert(other.header.begin() + 3, "note");
  other.header.emplace_back("more");
  for (auto& row : other.rows) {
    std::reverse(row.begin(), row.end());
    row.insert(row.begin() + 3, "no number");
    row.emplace_back("");
  }
  const Ingested reversed = ingest_table(other);
  EXPECT_TRUE(reversed.summary.rows_in_order);
  expect_same_columns(reversed.columns, expected.columns);

  Table rotated = table;  // the advertiser's constants last, in two runs
  std::rotate(rotated.header.begin(), rotated.header.begin() + 7, rotated.header.end());
  for (auto& row : rotated.rows) std::rotate(row.begin(), row.begin() + 7, row.end());
  expect_same_columns(ingest_table(rotated).columns, expected.columns);

  Table mixed = table;  // heads in more than two runs
  for (const auto& [from, to] : {std::pair(1U, 9U), std::pair(3U, 12U)}) {
    std::swap(mixed.header[from], mixed.header[to]);
    for (auto& row : mixed.rows) std::swap(row[from], row[to]);
  }
  expect_same_columns(ingest_table(mixed).columns, expected.columns);

  const TempFolder folder;
  expect_same_columns(ingest_files({folder.write("crlf.csv", table.text("\r\n"))}).columns, expected.columns);
  std::string text = table.text() + "\n\n";
  expect_same_columns(ingest_files({folder.write("blank.csv", text)}).columns, expected.columns);
  text = table.text();
  text.pop_back();
  expect_same_columns(ingest_files({folder.write("open.csv", text)}).columns, expected.columns);
  Table quoted = table;
  for (auto& row : quoted.rows) row[9] = '"' + row[9] + '"';
  expect_same_columns(ingest_table(quoted).columns, expected.columns);
}

TEST(RawLog, ReadsRenamedColumns) {
  Table table = raw_table();
  const Ingested expected = ingest_table(table);
  table.header[table.column("CPAConstraint")] = "limit";
  table.header[table.column("leastWinningCost")] = "price";
  IngestSettings settings;
  ConfigFile::parse("data: {columns: {CPAConstraint: limit, leastWinningCost: price}}", "test").read(settings);
  expect_same_columns(ingest_table(table, settings).columns, expected.columns);
}

TEST(RawLog, FilesMayComeInAnyOrderAndPeriodsAreSortedAsNumbers) {
  const TempFolder folder;
  const std::string ten = folder.write("10.csv", raw_table(3, 4, 5, 10).text());
  const std::string nine = folder.write("9.csv", raw_table(3, 4, 5, 9).text());
  const Ingested got = ingest_files({ten, nine});
  EXPECT_EQ(got.columns.period, (std::vector<int64_t>{9, 9, 9, 9, 9, 10, 10, 10, 10, 10}));
  EXPECT_TRUE(got.summary.rows_in_order);
  EXPECT_EQ(got.summary.num_files, 2);
  EXPECT_EQ(ingest_files({nine, ten}).bytes, got.bytes);
}

TEST(RawLog, APeriodMayBeSplitOverFiles) {
  const Table table = raw_table();
  const Ingested expected = ingest_table(table);
  Table a = table;
  a.rows.resize(23);  // in the middle of an impression
  Table b = table;
  b.rows.erase(b.rows.begin(), b.rows.begin() + 23);
  const TempFolder folder;
  const std::string first = folder.write("a.csv", a.text());
  const std::string second = folder.write("b.csv", b.text());
  const Ingested got = ingest_files({first, second});
  EXPECT_TRUE(got.summary.rows_in_order);
  expect_same_columns(got.columns, expected.columns);
  expect_same_columns(ingest_files({second, first}).columns, expected.columns);
}

TEST(RawLog, MissingValuesAreLeftOutOfMeansAndSums) {
  for (const char* missing : {"", "nan", "NaN", "None"}) {
    Table table = raw_table(2, 3, 1);  // rows 0..2 are the first tick
    const auto set = [&](size_t row, const char* column, const std::string& text) { table.cell(row, column) = text; };
    for (size_t row = 0; row < 3; ++row) {
      set(row, "pValue", row == 1 ? missing : "0.5");
      set(row, "bid", row == 2 ? missing : "4");
      set(row, "xi", row == 0 ? missing : "1");
      set(row, "isExposed", "1");
      set(row, "conversionAction", row == 0 ? missing : row == 1 ? "1" : "0");
      set(row, "cost", row == 1 ? missing : "2");
      set(row, "leastWinningCost", row == 1 ? missing : row == 0 ? "1" : "3");
      set(row, "remainingBudget", row == 0 ? missing : "50");
    }
    for (size_t row = 3; row < 6; ++row) set(row, "isExposed", "0");
    const TempFolder folder;
    const RawLogs logs = read_logs({folder.write("a.csv", table.text())});
    EXPECT_EQ(logs.ticks[0].num_missing, 7);
    const RawTrajectory t = logs.trajectories.finish(FeatureSet::kAuctionnet16, 2).at(0);
    EXPECT_EQ(t.action[0], 8.0);  // (4 + 4) / (0.5 + 0.5): the columns' own sums
    EXPECT_EQ(t.reward[0], 1.0);
    EXPECT_EQ(t.reward_continuous[0], 1.0);
    EXPECT_EQ(t.head.cost, 4.0);
    EXPECT_EQ(t.state[kFeatureBudgetLeft], 0.5);
    EXPECT_EQ(t.state[kFeatureMeanPvalue], 0.5);
    EXPECT_EQ(t.state[kFeatureNumPv], 3.0);  // still three impressions
    const double* next = t.state.data() + 16;
    EXPECT_EQ(next[2], 4.0);  // bid
    EXPECT_EQ(next[4], 2.0);  // least winning cost
    EXPECT_EQ(next[6], 0.5);  // conversions
    EXPECT_EQ(next[7], 1.0);  // wins

    const Ingested got = ingest_table(table);
    EXPECT_EQ(got.summary.nan_by_period, (std::map<int64_t, int64_t>{{7, 7}}));
    EXPECT_NE(got.summary.text().find("missing values    7, left out of means and sums (by period 7: 7)"),
              std::string::npos);
    Table shuffled = table;
    std::swap(shuffled.rows[0], shuffled.rows[4]);
    expect_same_columns(ingest_table(shuffled).columns, got.columns);
  }
}

TEST(RawLog, ATickOfMissingValuesHasMeansOfZero) {
  Table table = raw_table(1, 2, 1);
  for (size_t row = 0; row < 2; ++row) {
    for (const char* name : {"pValue", "pValueSigma", "bid", "xi", "adSlot", "cost", "isExposed", "conversionAction",
                             "leastWinningCost", "isEnd", "remainingBudget"}) {
      table.cell(row, name) = "nan";
    }
  }
  const Ingested got = ingest_table(table);
  EXPECT_EQ(got.columns.action, LargeVector<float>{0.0F});
  EXPECT_EQ(got.columns.state[kFeatureMeanPvalue], 0.0F);
  EXPECT_EQ(got.columns.state[kFeatureBudgetLeft], 0.0F);
  EXPECT_EQ(got.summary.nan_by_period.at(7), 22);
}

TEST(RawLog, NinetySixTicksAndSixtyFourAdvertisers) {
  const Table table = raw_table(96, 2, 64);
  const Ingested got = ingest_table(table);
  EXPECT_TRUE(got.summary.rows_in_order);
  EXPECT_EQ(got.info.ticks, 96);
  EXPECT_EQ(got.info.seats, 64);
  EXPECT_EQ(got.columns.num_rows(), 96 * 64);
  EXPECT_EQ(got.summary.num_short, 0);
  const std::vector<std::string>& names = got.info.features;
  const auto pace = static_cast<size_t>(std::find(names.begin(), names.end(), "spend_ahead") - names.begin());
  const float* state = got.columns.state.data() + 24 * names.size();  // a quarter of the day
  EXPECT_EQ(state[0], 0.75F);
  double cost = 0.0;
  for (const RawTick& tick : [&] {
         const TempFolder folder;
         return read_logs({folder.write("a.csv", table.text())}).ticks;
       }()) {
    if (tick.tick >= 24) break;
    for (size_t pv = 0; pv < 2; ++pv) cost += (tick.flags[pv * 64] & kRawExposed) != 0 ? tick.cost[pv * 64] : 0.0;
  }
  EXPECT_EQ(state[pace], static_cast<float>(cost / 100.0 - 0.25));
  EXPECT_EQ(std::count(got.columns.done.begin(), got.columns.done.end(), 1), 64);
}

TEST(RawLog, SmallMarketsSayHowManyTicksAndSeats) {
  const Ingested got = ingest_table(raw_table(3, 4, 5));
  EXPECT_EQ(got.info.ticks, 3);
  EXPECT_EQ(got.info.seats, 5);
  EXPECT_TRUE(got.summary.open_ends.empty());
}

TEST(RawLog, AdvertisersMayHaveNumbersOfTheirOwn) {
  Table table = raw_table(2, 3, 2);
  for (auto& row : table.rows) row[1] = row[1] == "0.0" ? "901" : "77123";
  const Ingested got = ingest_table(table);
  EXPECT_EQ(got.columns.advertiser, (std::vector<int64_t>{901, 77123}));
  EXPECT_EQ(got.info.seats, 2);
}

TEST(RawLog, ALogThatSeemsCutShortIsNoted) {
  Table table = raw_table(3);
  table.rows.resize(40);  // two of three ticks
  const Ingested got = ingest_table(table);
  EXPECT_EQ(got.summary.open_ends, std::vector<int64_t>{7});
  EXPECT_NE(got.summary.text().find("note              isEnd is not 1 in the last tick of period 7: was the log cut"),
            std::string::npos);
}

TEST(RawLog, SourcesAndSettingsAreInTheStore) {
  const Ingested got = ingest_table(raw_table());
  EXPECT_NE(got.info.sources.find("{\"name\":\"a.csv\",\"size\":"), std::string::npos);
  EXPECT_NE(got.info.config.find("precision: float32"), std::string::npos);
  EXPECT_EQ(got.info.feature_set, "constraint");
}

TEST(RawLog, StopSignalEndsIt) {
  const TempFolder folder;
  stop_signal::install();
  std::raise(SIGTERM);
  IngestConfig config;
  config.input = {folder.write("a.csv", raw_table().text())};
  config.output = folder.file("s.h5");
  config.output_market_log = folder.file("m.h5");
  EXPECT_FALSE(ingest(config).has_value());
  stop_signal::reset();
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.csv"});
}

}  // namespace
}  // namespace genbid::data
