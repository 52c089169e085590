#include "data/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "base/stop_signal.h"
#include "golden.h"
#include "ingested.h"

namespace genbid::data {
namespace {

using test::expect_same_columns;
using test::ingest_files;
using test::ingest_text;
using test::Ingested;
using test::sample;
using test::Table;
using test::TempFolder;
using test::unwrapped;

constexpr const char* kSample = "data/sample/trajectory_data_periods_7_8.csv";

TEST(Ingest, ReadsTheSample) {
  const Ingested got = ingest_files({kSample});
  EXPECT_EQ(got.summary.num_files, 1);
  EXPECT_EQ(got.summary.num_trajectories, 96);
  EXPECT_EQ(got.summary.num_rows, 4608);
  EXPECT_EQ(got.summary.periods, (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(got.summary.num_advertisers, 48);
  EXPECT_EQ(got.summary.num_short, 0);
  EXPECT_TRUE(got.summary.nan_by_period.empty());
  EXPECT_EQ(got.summary.num_bad_rows, 0);
  EXPECT_EQ(got.summary.features_checked, 4608);
  EXPECT_EQ(got.summary.features_different, 0);
  EXPECT_EQ(got.summary.next_states_checked, 96 * 47);
  EXPECT_EQ(got.summary.next_states_different, 0);
  EXPECT_EQ(got.summary.output_bytes, static_cast<int64_t>(got.bytes.size()));
  EXPECT_EQ(got.info.ticks, 48);
  EXPECT_EQ(got.info.seats, 48);
  EXPECT_EQ(got.info.feature_set, "constraint");
  EXPECT_EQ(got.columns.num_trajectories(), 96);
}

TEST(Ingest, KeepsEveryColumnOfARow) {
  Table table = sample();
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.columns.period, std::vector<int64_t>{7});
  EXPECT_EQ(got.columns.advertiser, std::vector<int64_t>{0});
  EXPECT_EQ(got.columns.category, std::vector<int32_t>{0});
  EXPECT_EQ(got.columns.budget, std::vector<double>{2900.0});
  EXPECT_EQ(got.columns.cpa, std::vector<double>{100.0});
  EXPECT_EQ(got.columns.cost, std::vector<double>{std::stod(table.cell(0, "realAllCost"))});
  EXPECT_EQ(got.columns.conversions, std::vector<double>{34.0});
  for (size_t k = 0; k < 48; ++k) {
    EXPECT_EQ(got.columns.tick[k], static_cast<int32_t>(k));
    EXPECT_EQ(got.columns.action[k], std::stof(table.cell(k, "action")));
    EXPECT_EQ(got.columns.reward[k], std::stof(table.cell(k, "reward")));
    EXPECT_EQ(got.columns.reward_continuous[k], std::stof(table.cell(k, "reward_continuous")));
    EXPECT_EQ(got.columns.done[k], std::stoi(table.cell(k, "done")));
  }
  EXPECT_EQ(got.columns.state[13], 12905.0F);       // num_pv of the first tick
  EXPECT_EQ(got.columns.state[22 + 15], 12905.0F);  // num_pv_all of the second
}

TEST(Ingest, ConstraintFeaturesComeFromTheRows) {
  Table table = sample();
  const Ingested got = ingest_text(table.text());
  double expected_conversions = 0.0;
  double conversions = 0.0;
  for (size_t k = 0; k < 48; ++k) {
    const float* state = got.columns.state.data() + k * 22;
    double budget_left = 0.0;
    std::sscanf(table.cell(k, "state").c_str(), "(%*f, %lf", &budget_left);
    std::array<double, 6> expected{};
    constraint_features({2900.0, 100.0, 0}, static_cast<int>(k), 2900.0 * (1.0 - budget_left), expected_conversions,
                        conversions, expected);
    for (size_t f = 0; f < 6; ++f) EXPECT_EQ(state[16 + f], static_cast<float>(expected[f])) << k << " " << f;
    expected_conversions += std::stod(table.cell(k, "reward_continuous"));
    conversions += std::stod(table.cell(k, "reward"));
  }
}

TEST(Ingest, StoresTheSixteenAloneIfAsked) {
  IngestSettings settings;
  settings.features = "auctionnet16";
  const Ingested all = ingest_text(sample().text());
  const Ingested got = ingest_text(sample().text(), settings);
  EXPECT_EQ(got.info.feature_set, "auctionnet16");
  EXPECT_EQ(got.info.features.size(), 16U);
  for (size_t k = 0; k < 48; ++k) {
    for (size_t f = 0; f < 16; ++f) ASSERT_EQ(got.columns.state[k * 16 + f], all.columns.state[k * 22 + f]);
  }
}

TEST(Ingest, ThreadsAndBlocksDoNotChangeTheStore) {
  const Ingested expected = ingest_files({kSample}, {}, 1);
  EXPECT_EQ(ingest_files({kSample}, {}, 2).bytes, expected.bytes);
  EXPECT_EQ(ingest_files({kSample}, {}, 3, 10'000).bytes, expected.bytes);
  EXPECT_EQ(ingest_files({kSample}, {}, 2, 700).bytes, expected.bytes);
}

TEST(Ingest, SummaryIsTheSameForAnyBlocks) {
  std::string a = ingest_files({kSample}, {}, 1).summary.text();
  std::string b = ingest_files({kSample}, {}, 3, 1'000).summary.text();
  a.resize(a.find("Store:"));
  b.resize(b.find("Store:"));
  EXPECT_EQ(a, b);
}

TEST(Ingest, RowsMayComeInAnyOrder) {
  Table table = sample(4);
  const Ingested expected = ingest_text(table.text());
  std::reverse(table.rows.begin(), table.rows.end());
  expect_same_columns(ingest_text(table.text()).columns, expected.columns);
  const size_t tick = table.column("timeStepIndex");
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [&](const auto& a, const auto& b) { return std::stoi(a[tick]) < std::stoi(b[tick]); });
  const Ingested got = ingest_text(table.text());
  expect_same_columns(got.columns, expected.columns);
  EXPECT_EQ(got.summary.features_different, 0);
  EXPECT_EQ(got.summary.next_states_different, 0);
}

TEST(Ingest, FilesMayComeInAnyOrderAndPeriodsAreSortedAsNumbers) {
  const TempFolder folder;
  Table ten = sample(2);
  for (auto& row : ten.rows) row[0] = "10";
  Table nine = sample(2);
  for (auto& row : nine.rows) row[0] = "9";
  const std::string a = folder.write("a.csv", ten.text());
  const std::string b = folder.write("b.csv", nine.text());
  const Ingested got = ingest_files({a, b});
  EXPECT_EQ(got.columns.period, (std::vector<int64_t>{9, 9, 10, 10}));
  EXPECT_EQ(got.columns.advertiser, (std::vector<int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(got.summary.num_files, 2);
  EXPECT_EQ(ingest_files({b, a}).bytes, got.bytes);
}

TEST(Ingest, SourcesHoldNamesSizesAndHashesButNoFolders) {
  const Ingested got = ingest_files({kSample});
  EXPECT_EQ(got.info.sources,
            "[{\"name\":\"trajectory_data_periods_7_8.csv\",\"size\":2595458,\"xxh3_128\":"
            "\"33bfd505a869a2a863d71c6dcb59515d\"}]");  // python xxhash.xxh3_128_hexdigest
  EXPECT_EQ(got.info.config.find("kind: ingest\nfeatures: constraint\n"), 0U);
  EXPECT_EQ(got.info.config.find("sample"), std::string::npos);
  EXPECT_EQ(got.info.config.find("threads"), std::string::npos);
}

TEST(Ingest, TheStoredConfigReadsBack) {
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  const Ingested got = ingest_text(sample().text(), settings);
  IngestSettings read;
  ConfigFile::parse(got.info.config, "store").read(read);
  EXPECT_EQ(print_config(read, "ingest"), got.info.config);
  EXPECT_EQ(read.data.bad_rows, "skip");
}

TEST(Ingest, ReadsWholeNumbersWrittenAsFloats) {
  Table table = sample();
  const Ingested expected = ingest_text(table.text());
  for (auto& row : table.rows) {
    for (const char* name : {"deliveryPeriodIndex", "advertiserNumber", "advertiserCategoryIndex", "budget",
                             "CPAConstraint", "timeStepIndex", "done"}) {
      row[table.column(name)] += ".0";
    }
  }
  expect_same_columns(ingest_text(table.text()).columns, expected.columns);
}

TEST(Ingest, ReadsStatesOfNumPy2) {
  Table table = sample();
  const Ingested expected = ingest_text(table.text());
  for (auto& row : table.rows) {
    for (const char* name : {"state", "next_state"}) {
      std::string& text = row[table.column(name)];
      if (text.empty()) continue;
      std::string wrapped = "(np.float64(";
      for (const char c : text.substr(1, text.size() - 2)) {
        wrapped += c == ',' ? "), np.float64(" : std::string(1, c);
      }
      text = wrapped + "))";
    }
  }
  const Ingested got = ingest_text(table.text());
  expect_same_columns(got.columns, expected.columns);
  EXPECT_EQ(got.summary.next_states_different, 0);
}

TEST(Ingest, ReadsCrlfAndAFileWithoutALastLineFeed) {
  const Ingested expected = ingest_text(sample().text());
  std::string text = sample().text("\r\n");
  expect_same_columns(ingest_text(text).columns, expected.columns);
  text.resize(text.size() - 2);
  expect_same_columns(ingest_text(text).columns, expected.columns);
}

TEST(Ingest, ReadsColumnsInAnyOrderAndIgnoresOthers) {
  Table table = sample();
  const Ingested expected = ingest_text(table.text());
  std::reverse(table.header.begin(), table.header.end());
  table.header.emplace_back("note");
  for (auto& row : table.rows) {
    std::reverse(row.begin(), row.end());
    row.emplace_back("no number");
  }
  expect_same_columns(ingest_text(table.text()).columns, expected.columns);
}

TEST(Ingest, ReadsRenamedColumns) {
  Table table = sample();
  const Ingested expected = ingest_text(table.text());
  table.header[table.column("CPAConstraint")] = "limit";
  table.header[table.column("action")] = "alpha";
  IngestSettings settings;
  ConfigFile::parse("data: {columns: {CPAConstraint: limit, action: alpha}}", "test").read(settings);
  expect_same_columns(ingest_text(table.text(), settings).columns, expected.columns);
}

TEST(Ingest, MissingValuesAreCountedByPeriodAndStoredAsZero) {
  Table table = sample(2);
  for (size_t row = 48; row < 96; ++row) table.rows[row][0] = "9";
  table.cell(3, "reward") = "nan";
  table.cell(50, "action") = "";
  table.cell(51, "reward_continuous") = "NaN";
  std::string& state = table.cell(52, "state");
  state = "(nan" + state.substr(state.find(','));
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.summary.nan_by_period, (std::map<int64_t, int64_t>{{7, 1}, {9, 3}}));
  EXPECT_EQ(got.columns.reward[3], 0.0F);
  EXPECT_EQ(got.columns.action[50], 0.0F);
  EXPECT_EQ(got.columns.state[52 * 22], 0.0F);
  EXPECT_EQ(got.summary.features_checked, 0);
  EXPECT_NE(got.summary.text().find("missing values    4, stored as 0 (by period 7: 1, 9: 3)"), std::string::npos)
      << got.summary.text();
}

TEST(Ingest, NextStatesMayBeEmptyWhereDone) {
  for (const char* empty : {"", "None", "nan", "NaN"}) {
    Table table = sample();
    for (auto& row : table.rows) {
      if (row[table.column("done")] == "1") row[table.column("next_state")] = empty;
    }
    EXPECT_EQ(ingest_text(table.text()).summary.next_states_different, 0) << empty;
  }
}

TEST(Ingest, NextStatesThatDifferAreCounted) {
  Table table = sample();
  table.cell(3, "next_state") = table.cell(5, "state");
  table.cell(7, "next_state") = "";
  const IngestSummary summary = ingest_text(table.text()).summary;
  EXPECT_EQ(summary.next_states_checked, 47);
  EXPECT_EQ(summary.next_states_different, 2);
  EXPECT_NE(summary.text().find("next_state check  2 of 47 rows differ\n"), std::string::npos) << summary.text();
}

TEST(Ingest, NextStatesAreComparedAsNumbers) {
  Table table = sample();
  std::string& text = table.cell(0, "next_state");
  text.replace(text.find("12905.0"), 7, "12905");
  EXPECT_EQ(ingest_text(table.text()).summary.next_states_different, 0);
}

TEST(Ingest, FeaturesThatDifferAreCountedAndTheFirstIsNamed) {
  const TempFolder folder;
  Table table = sample(2);
  for (const size_t row : {70U, 20U}) {
    std::string& state = table.cell(row, "state");
    state = "(0.125" + state.substr(state.find(','));
  }
  const std::string path = folder.write("a.csv", table.text());
  const IngestSummary summary = ingest_files({path}).summary;
  EXPECT_EQ(summary.features_checked, 96);
  EXPECT_EQ(summary.features_different, 2);
  EXPECT_EQ(summary.first_feature_difference, path + ":22 feature 'time_left'");
  EXPECT_NE(
      unwrapped(summary.text()).find("feature check 2 of 96 rows differ, first " + path + ":22 feature 'time_left'"),
      std::string::npos);
}

TEST(Ingest, TicksAfterTheBudgetWasSpentAreKept) {
  Table table = sample();
  for (size_t row = 40; row < 48; ++row) {
    table.cell(row, "done") = "1";
    table.cell(row, "next_state") = "";
  }
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.columns.num_rows(), 48);
  EXPECT_EQ(std::count(got.columns.done.begin(), got.columns.done.end(), 1), 8);
}

TEST(Ingest, ShorterTrajectoriesAreKeptAndCounted) {
  Table table = sample(2);
  table.rows.resize(48 + 30);
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.columns.num_rows(), 78);
  EXPECT_EQ(got.columns.first_row, (std::vector<int64_t>{0, 48}));
  EXPECT_EQ(got.summary.num_short, 1);
  EXPECT_EQ(got.summary.shortest, 30);
}

TEST(Ingest, BadRowsCanBeSkippedWithTheirTrajectories) {
  const TempFolder folder;
  Table table = sample(4);
  table.cell(3, "reward") = "abc";                // advertiser 0
  table.cell(48 + 47, "advertiserNumber") = "x";  // of no known trajectory: advertiser 1 ends early, and it may be why
  table.cell(96 + 5, "timeStepIndex") = "x";      // advertiser 2
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  const std::string path = folder.write("a.csv", table.text());
  const Ingested got = ingest_files({path}, settings);
  EXPECT_EQ(got.summary.num_bad_rows, 3);
  EXPECT_EQ(got.summary.bad_rows[0], path + ":5: column 'reward': found 'abc', expected a number");
  EXPECT_EQ(got.summary.num_left_out, 3);
  EXPECT_EQ(got.columns.advertiser, (std::vector<int64_t>{3}));
  EXPECT_EQ(got.summary.num_short, 0);
  EXPECT_NE(got.summary.text().find("bad rows          3 skipped, 3 trajectories left out"), std::string::npos);
}

TEST(Ingest, SpreadsAreOverTrajectoriesAndTicksUntilDone) {
  const Ingested got = ingest_text(sample().text());
  EXPECT_EQ(got.summary.score.min, 34.0);  // cost 2899.9 for 34 conversions: CPA 85, limit 100
  EXPECT_EQ(got.summary.score.max, 34.0);
  EXPECT_NEAR(got.summary.budget_use.median, 2899.940750217409 / 2900.0, 1e-12);
  const auto& c = got.columns;
  const auto first_done = std::find(c.done.begin(), c.done.end(), 1) - c.done.begin();
  EXPECT_EQ(got.summary.alpha.max, *std::max_element(c.action.begin(), c.action.begin() + first_done + 1));
  EXPECT_EQ(got.summary.alpha.min, *std::min_element(c.action.begin(), c.action.begin() + first_done + 1));
}

TEST(Spread, QuantilesAreNearestRanks) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const Spread s = spread(values);
  EXPECT_EQ(s.min, 1.0);
  EXPECT_EQ(s.low, 5.0);
  EXPECT_EQ(s.median, 50.0);
  EXPECT_EQ(s.high, 95.0);
  EXPECT_EQ(s.max, 100.0);
  EXPECT_EQ(spread({}).median, 0.0);
}

TEST(Ingest, AStopSignalEndsItAndLeavesNothing) {
  const TempFolder folder;
  stop_signal::install();
  std::raise(SIGTERM);
  IngestConfig config;
  config.input = {kSample};
  config.output = folder.file("s.h5");
  EXPECT_FALSE(ingest(config).has_value());
  stop_signal::reset();
  EXPECT_TRUE(folder.names().empty());
}

TEST(Ingest, AStopSignalInTheMiddleEndsItToo) {
  const TempFolder folder;
  stop_signal::install();
  IngestConfig config;
  config.input = {kSample};
  config.output = folder.file("s.h5");
  IngestControl control;
  control.block_bytes = 10'000;
  int calls = 0;
  control.progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 2595458);
    EXPECT_LT(done, total);
    if (++calls == 3) std::raise(SIGTERM);
  };
  EXPECT_FALSE(ingest(config, control).has_value());
  EXPECT_EQ(calls, 3);
  stop_signal::reset();
  EXPECT_TRUE(folder.names().empty());
}

TEST(Ingest, ReadsTheMarketOfTheOfficialSimulator) {
  GENBID_VECTOR(path, "official_market/trajectory_data.csv");
  const Ingested got = ingest_files({path});
  EXPECT_EQ(got.summary.num_rows, 48384);
  EXPECT_EQ(got.summary.num_trajectories, 1008);
  EXPECT_EQ(got.summary.periods.front(), 7);
  EXPECT_EQ(got.summary.periods.back(), 27);
  EXPECT_EQ(got.summary.periods.size(), 21U);
  EXPECT_EQ(got.summary.features_checked, 48384);
  EXPECT_EQ(got.summary.features_different, 0);
  EXPECT_EQ(got.summary.next_states_different, 0);
  EXPECT_NE(got.summary.text().find("feature check     all 48,384 rows agree"), std::string::npos);
}

TEST(Ingest, ReadsARealTrajectory) {
  GENBID_VECTOR(path, "real_samples/trajectory_data_period14_adv0.csv");
  const Ingested got = ingest_files({path});
  EXPECT_EQ(got.columns.period, std::vector<int64_t>{14});
  EXPECT_EQ(got.columns.budget, std::vector<double>{750.0});
  EXPECT_EQ(got.columns.cpa, std::vector<double>{8.0});
  EXPECT_EQ(got.columns.conversions, std::vector<double>{155.0});
  EXPECT_EQ(got.summary.score.median, 155.0);
  EXPECT_NEAR(got.summary.expected_score.median, 141.016, 5e-4);
  EXPECT_EQ(got.summary.features_different, 0);
  EXPECT_EQ(got.summary.next_states_different, 0);
}

TEST(Ingest, ReadsTheOfficialGeneratorsFileInItsOrder) {
  GENBID_VECTOR(path, "rldata/training_data_all-rlData.csv");  // period 1 comes first in it
  const Ingested got = ingest_files({path});
  EXPECT_EQ(got.summary.periods, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(got.columns.period.front(), 0);
  EXPECT_EQ(got.summary.features_different, 0);
  EXPECT_EQ(got.summary.next_states_different, 0);
}

}  // namespace
}  // namespace genbid::data
