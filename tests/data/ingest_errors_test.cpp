#include <gtest/gtest.h>

#include <functional>

#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "raw_logs.h"
#include "golden.h"
#include "full_disk_child.h"

// Every error a user can meet, once, word for word. No error leaves a store or a temporary behind.

namespace genbid::data {
namespace {

using test::error_of;
using test::sample;
using test::Table;
using test::TempFolder;

// The error of ingesting files of these texts (a.csv, b.csv, ...), without the folder's name.
std::string error_of_texts(const std::vector<std::string>& texts, const IngestSettings& settings = {}) {
  const TempFolder folder;
  IngestConfig config;
  char name[] = "a.csv";
  for (const std::string& text : texts) {
    config.input.push_back(folder.write(name, text));
    ++name[0];
  }
  config.output = folder.file("s.h5");
  config.settings = settings;
  config.threads = 2;
  std::string message = error_of([&] { ingest(config); });
  EXPECT_EQ(folder.names().size(), texts.size()) << "something was left behind";
  const std::string prefix = folder.file("");
  for (size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
    message.erase(at, prefix.size());
  }
  return message;
}

std::string error_after(const std::function<void(Table&)>& change) {
  Table table = sample(2);
  change(table);
  return error_of_texts({table.text()});
}

std::string error_of_cell(const std::string& column, const std::string& text) {
  return error_after([&](Table& table) { table.cell(3, column) = text; });  // line 5
}

TEST(IngestErrors, MissingFile) {
  const TempFolder folder;
  IngestConfig config;
  config.input = {folder.file("none.csv")};
  config.output = folder.file("s.h5");
  EXPECT_EQ(error_of([&] { ingest(config); }),
            folder.file("none.csv") + ": cannot be opened: No such file or directory");
  EXPECT_TRUE(folder.names().empty());
}

TEST(IngestErrors, NoFiles) {
  IngestConfig config;
  config.output = "s.h5";
  EXPECT_EQ(error_of([&] { ingest(config); }), "input: found no files, expected at least one log");
}

TEST(IngestErrors, OutputIsAnInput) {
  const TempFolder folder;
  IngestConfig config;
  config.input = {folder.write("a.csv", sample().text())};
  config.output = folder.file("../" + folder.file("").substr(folder.file("").rfind("genbid")) + "a.csv");
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output: found '" + config.output + "', which is an input too; expected another file");
  EXPECT_EQ(test::content_of(config.input[0]), sample().text());
}

TEST(IngestErrors, MissingColumns) {
  EXPECT_EQ(error_after([](Table& table) {
              table.header[table.column("reward")] = "rewards";
              table.header[table.column("state")] = "s";
            }),
            "a.csv:1: missing columns 'state', 'reward'; found 'deliveryPeriodIndex', 'advertiserNumber', "
            "'advertiserCategoryIndex', 'budget', 'CPAConstraint', 'realAllCost', 'realAllConversion', "
            "'timeStepIndex', 's', 'action', 'rewards', 'reward_continuous', 'done', 'next_state'; expected a "
            "trajectory file (columns of other names: data.columns)");
}

TEST(IngestErrors, TheHeaderOfTheLastFileIsLookedAtFirst) {
  Table bad = sample();
  bad.cell(0, "reward") = "abc";
  EXPECT_EQ(error_of_texts({bad.text(), "x\n1\n"}).substr(0, 30), "b.csv:1: missing columns 'deli");
}

TEST(IngestErrors, BadNumber) {
  EXPECT_EQ(error_of_cell("reward", "abc"), "a.csv:5: column 'reward': found 'abc', expected a number");
  EXPECT_EQ(error_of_cell("action", "inf"), "a.csv:5: column 'action': found 'inf', expected a finite number");
  EXPECT_EQ(error_of_cell("action", "1e39"), "a.csv:5: column 'action': found '1e39', expected a number below 3.4e38");
}

TEST(IngestErrors, BadNumberInARenamedColumn) {
  Table table = sample();
  table.header[table.column("action")] = "alpha";
  table.cell(3, "alpha") = "abc";
  IngestSettings settings;
  settings.data.columns.action = "alpha";
  EXPECT_EQ(error_of_texts({table.text()}, settings), "a.csv:5: column 'alpha': found 'abc', expected a number");
}

TEST(IngestErrors, BadIdentity) {
  EXPECT_EQ(error_of_cell("deliveryPeriodIndex", "7.5"),
            "a.csv:5: column 'deliveryPeriodIndex': found '7.5', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("advertiserNumber", "-1"),
            "a.csv:5: column 'advertiserNumber': found '-1', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("timeStepIndex", "48"),
            "a.csv:5: column 'timeStepIndex': found '48', expected a whole number in 0..47");
  EXPECT_EQ(error_of_cell("budget", "0"), "a.csv:5: column 'budget': found '0', expected a number above 0");
  EXPECT_EQ(error_of_cell("CPAConstraint", ""), "a.csv:5: column 'CPAConstraint': found '', expected a number above 0");
  EXPECT_EQ(error_of_cell("done", "2"), "a.csv:5: column 'done': found '2', expected a whole number in 0..1");
}

TEST(IngestErrors, BadState) {
  EXPECT_EQ(error_of_cell("state", "(1.0, 2.0)"), "a.csv:5: column 'state': found 2 numbers, expected 16");
  EXPECT_EQ(error_of_cell("state", ""), "a.csv:5: column 'state': found 0 numbers, expected 16");
  EXPECT_EQ(error_of_cell("next_state", "(1.0,)"), "a.csv:5: column 'next_state': found 1 number, expected 16");
  EXPECT_EQ(error_of_cell("state", "(1.0, x)"),
            "a.csv:5: column 'state': found '(1.0, x)', expected 16 finite numbers (unreadable from character 7 "
            "on)");
}

TEST(IngestErrors, WrongNumberOfFields) {
  EXPECT_EQ(error_after([](Table& table) { table.rows[3].pop_back(); }),
            "a.csv:5: found 13 fields, expected 14 as in the header");
}

TEST(IngestErrors, ABudgetThatChanges) {
  EXPECT_EQ(error_of_cell("budget", "2901"),
            "a.csv:5: column 'budget': found '2901', expected '2900' as in other rows of period 7, advertiser 0");
  EXPECT_EQ(error_of_cell("advertiserCategoryIndex", "3"),
            "a.csv:5: column 'advertiserCategoryIndex': found '3', expected '0' as in other rows of period 7, "
            "advertiser 0");
}

TEST(IngestErrors, TickTwice) {
  EXPECT_EQ(error_of_cell("timeStepIndex", "2"),
            "a.csv:5: period 7, advertiser 0, tick 2 appears a second time, first at a.csv:4");
}

TEST(IngestErrors, TrajectoryTwiceInAFile) {
  EXPECT_EQ(error_after([](Table& table) {
              for (size_t row = 48; row < 96; ++row) table.cell(row, "advertiserNumber") = "0";
            }),
            "a.csv:50: period 7, advertiser 0, tick 0 appears a second time, first at a.csv:2");
  EXPECT_EQ(error_after([](Table& table) {
              std::swap(table.rows[1], table.rows[5]);
              table.cell(90, "advertiserNumber") = "0";
              table.cell(90, "timeStepIndex") = "5";
            }),
            "a.csv:92: period 7, advertiser 0, tick 5 appears a second time, first at a.csv:3");
}

TEST(IngestErrors, TrajectoryInTwoFiles) {
  EXPECT_EQ(error_of_texts({sample(2).text(), sample(1).text()}),
            "b.csv:2: period 7, advertiser 0 appears a second time, first at a.csv:2");
}

// As Spark or split write a table.
TEST(IngestErrors, TrajectoryThatGoesOnInAnotherFile) {
  const Table all = sample(2);
  const Table begin{all.header, {all.rows.begin(), all.rows.begin() + 78}};
  const Table rest{all.header, {all.rows.begin() + 78, all.rows.end()}};
  EXPECT_EQ(error_of_texts({begin.text(), rest.text()}),
            "b.csv:2: the rows of period 7, advertiser 1 go on in another file (first at a.csv:50), expected all rows "
            "of a trajectory in one file");
}

// A budget of 100, a limit of 2 and no cost: (0 + 1) / (0 + 2 x -1 + 2) behind a reward of -1.
TEST(IngestErrors, AFeatureThatIsNotFinite) {
  const auto change = [](Table& table) {
    for (size_t row = 0; row < 48; ++row) {
      table.cell(row, "budget") = "100";
      table.cell(row, "CPAConstraint") = "2";
    }
    table.cell(0, "reward") = "-1";
  };
  EXPECT_EQ(error_after(change),
            "a.csv:3: period 7, advertiser 0, tick 1: feature 'cpa_share_realised': found inf, expected a finite "
            "number (float32)");
  Table table = sample(2);
  change(table);
  std::swap(table.rows[1], table.rows[4]);
  EXPECT_EQ(error_of_texts({table.text()}).substr(0, 8), "a.csv:6:");
}

// Those behind an unending quote may be millions.
TEST(IngestErrors, RowsBehindABadOneNeedNotBeFoundWrong) {
  const TempFolder folder;
  TrajectoryFile file(folder.write("a.csv", sample().text() + "\"x\nx\nx\n"), {});
  Threads threads(1);
  LogBlock block;
  file.file().next(block, threads);
  TrajectoryRows rows;
  file.parse(block, rows, TrajectoryFile::BadRows::kFirst);
  EXPECT_EQ(rows.rows.size(), 48U);
  ASSERT_EQ(rows.bad.size(), 1U);
  EXPECT_EQ(rows.bad[0].message,
            folder.file("a.csv") + ":50: field 1: a quoted field is longer than 64 KiB or does not end");
  file.parse(block, rows);
  EXPECT_EQ(rows.bad.size(), 3U);
}

TEST(IngestErrors, TickMissing) {
  EXPECT_EQ(error_after([](Table& table) { table.rows.erase(table.rows.begin() + 48 + 5); }),
            "a.csv:50: period 7, advertiser 1: tick 5 is missing (found 47 ticks up to 47)");
  EXPECT_EQ(error_after([](Table& table) { table.rows.erase(table.rows.begin()); }),
            "a.csv:2: period 7, advertiser 0: tick 0 is missing (found 47 ticks up to 47)");
}

TEST(IngestErrors, NoRows) {
  Table table = sample();
  table.rows.clear();
  EXPECT_EQ(error_of_texts({table.text()}), "a.csv: no trajectories to store");
}

TEST(IngestErrors, OnlyBadRows) {
  Table table = sample();
  table.rows.resize(1);
  table.cell(0, "done") = "x";
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  EXPECT_EQ(error_of_texts({table.text()}, settings),
            "a.csv: no trajectories to store (1 bad rows skipped, first a.csv:2: column 'done': found 'x', "
            "expected a whole number in 0..1)");
}

TEST(IngestErrors, TheFirstFaultOfTheFileIsNamedWhateverTheBlocks) {
  const TempFolder folder;
  Table table = sample(2);
  table.cell(5, "timeStepIndex") = "4";  // a tick that comes twice, found when rows are put together
  table.cell(6, "reward") = "abc";       // found earlier, when the block is parsed
  IngestConfig config;
  config.input = {folder.write("a.csv", table.text())};
  config.output = folder.file("s.h5");
  config.threads = 3;
  for (const int64_t bytes : {500, 3'000, 1 << 20}) {
    IngestControl control;
    control.block_bytes = bytes;
    EXPECT_EQ(error_of([&] { ingest(config, control); }),
              folder.file("a.csv") + ":7: period 7, advertiser 0, tick 4 appears a second time, first at " +
                  folder.file("a.csv") + ":6");
  }
}

TEST(IngestErrors, Config) {
  const auto error_of_config = [](const std::string& text) {
    return error_of([&] {
      IngestConfig config;
      ConfigFile::parse(text, "ingest.yaml").read(config);
    });
  };
  EXPECT_EQ(error_of_config("input: a.csv\noutput: s.h5\n"), "");
  EXPECT_NE(error_of_config("input: a.csv\n").find("output"), std::string::npos);
  EXPECT_NE(error_of_config("output: s.h5\n").find("input"), std::string::npos);
  EXPECT_NE(error_of_config("input: a\noutput: s\ndata: {bad_rows: drop}").find("drop"), std::string::npos);
  EXPECT_NE(error_of_config("input: a\noutput: s\nfeatures: auctionnet16_frozen").find("auctionnet16_frozen"),
            std::string::npos);
  EXPECT_NE(error_of_config("input: a\noutput: s\ndata: {columns: {Budget: b}}").find("Budget"), std::string::npos);
  EXPECT_NE(error_of_config("input: a\noutput: s\ndata: {columns: {budget: ''}}").find("the name of a column"),
            std::string::npos);
}

// A file-size limit stands for a full disk: writes fail in the middle.
TEST(IngestErrors, FullDiskLeavesNothing) {
  const TempFolder folder;
  IngestConfig config;
  config.input = {"data/sample/trajectory_data_periods_7_8.csv"};
  config.output = folder.file("s.h5");
  EXPECT_EQ(test::error_on_full_disk(100'000, [&] { ingest(config); }),
            config.output + ": dataset '/ticks/state' cannot be written (HDF5: File too large)");
  EXPECT_TRUE(folder.names().empty());
  ingest(config);
  EXPECT_EQ(TrajectoryStore(config.output).num_rows(), 4608);
}

TEST(IngestErrors, UnwritablePlace) {
  const TempFolder folder;
  IngestConfig config;
  config.input = {"data/sample/trajectory_data_periods_7_8.csv"};
  config.output = folder.write("file", "") + "/s.h5";
  EXPECT_NE(error_of([&] { ingest(config); }).find(folder.file("file")), std::string::npos);
}

// Somebody still writes to the log, whose rows are read as far as they are there.
TEST(IngestErrors, AFileThatChangesWhileItIsReadIsAnError) {
  for (const std::string& text : {sample(2).text(), test::raw_table().text()}) {
    const TempFolder folder;
    IngestConfig config;
    config.input = {folder.write("a.csv", text)};
    config.output = folder.file("s.h5");
    config.threads = 1;
    IngestControl control;
    control.progress = [&](int64_t, int64_t) { std::ofstream(config.input[0], std::ios::app) << '\n'; };
    EXPECT_EQ(error_of([&] { ingest(config, control); }),
              config.input[0] + ": changed while it was read; expected a file that nobody writes to");
    EXPECT_EQ(folder.names(), std::vector<std::string>{"a.csv"});
  }
}

}  // namespace
}  // namespace genbid::data
