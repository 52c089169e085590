#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/files/content_hash.h"
#include "data/ingest.h"
#include "data/input_files.h"
#include "data/log_ticks.h"
#include "data/market_log.h"
#include "data/raw_log_file.h"
#include "data/table_reader.h"
#include "data/trajectory_store.h"
#include "ingested.h"
#include "parquet_files.h"
#include "raw_logs.h"

// Parquet files give what the same rows as CSV give.

namespace genbid::data {
namespace {

using test::error_of;
using test::expect_same_columns;
using test::in_parts;
using test::ingest_files;
using test::Ingested;
using test::ParquetForm;
using test::raw_table;
using test::RawLogs;
using test::read_logs;
using test::sample;
using test::Table;
using test::TempFolder;
using test::write_parquet;

const std::map<std::string, TableKind> kWholeNumbers = {{"deliveryPeriodIndex", TableKind::kWhole},
                                                        {"advertiserNumber", TableKind::kWhole},
                                                        {"advertiserCategoryIndex", TableKind::kWhole},
                                                        {"timeStepIndex", TableKind::kWhole}};

TEST(Parquet, TrajectoriesAreThoseOfTheSameRowsAsText) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Table table = sample(3);
  const Ingested expected = ingest_files({folder.write("a.csv", table.text())});
  ParquetForm texts;
  texts.kinds = {{"state", TableKind::kText}, {"next_state", TableKind::kText}, {"done", TableKind::kFlag}};
  const std::vector<std::string> files = {
      write_parquet(folder.file("lists.parquet"), table),
      write_parquet(folder.file("texts.parquet"), table, texts),
      write_parquet(folder.file("parts.parquet"), in_parts(table)),
      write_parquet(folder.file("whole.parquet"), table, {1000, kWholeNumbers}),
      write_parquet(folder.file("rows.parquet"), table, {1, {}}),
  };
  for (const std::string& file : files) {
    for (const int64_t threads : {1, 3}) {
      for (const int64_t block_bytes : {int64_t{1}, int64_t{1000}, CsvFile::kBlockBytes}) {  // 1 and 3 rows, and all
        SCOPED_TRACE(file + ", " + std::to_string(threads) + " threads, " + std::to_string(block_bytes));
        const Ingested got = ingest_files({file}, {}, threads, block_bytes);
        expect_same_columns(got.columns, expected.columns);
        EXPECT_EQ(got.summary.features_checked, expected.summary.features_checked);
        EXPECT_EQ(got.summary.next_states_checked, expected.summary.next_states_checked);
        EXPECT_EQ(got.summary.next_states_different, 0);
        EXPECT_EQ(got.summary.bytes_read, to_signed(std::filesystem::file_size(file)));
      }
    }
  }
}

TEST(Parquet, MissingNumbersOfTrajectoriesAreThoseOfText) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  Table table = sample(1);
  table.cell(3, "reward") = "";
  table.cell(4, "action") = "nan";
  table.cell(5, "realAllCost") = "";
  for (size_t row = 0; row < table.rows.size(); ++row) table.cell(row, "realAllCost") = "";
  const Ingested expected = ingest_files({folder.write("a.csv", table.text())});
  for (const Table& form : {table, in_parts(table)}) {
    const Ingested got = ingest_files({write_parquet(folder.file("a.parquet"), form)});
    expect_same_columns(got.columns, expected.columns);
    EXPECT_EQ(got.summary.nan_by_period, expected.summary.nan_by_period);
    EXPECT_EQ(got.summary.nan_by_period.at(7), 50);
  }
}

void expect_same_ticks(const RawLogs& got, const RawLogs& expected) {
  ASSERT_EQ(got.ticks.size(), expected.ticks.size());
  const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
  };
  for (size_t t = 0; t < got.ticks.size(); ++t) {
    const RawTick& a = got.ticks[t];
    const RawTick& b = expected.ticks[t];
    EXPECT_EQ(a.period, b.period);
    EXPECT_EQ(a.tick, b.tick);
    EXPECT_EQ(a.num_missing, b.num_missing);
    EXPECT_EQ(a.pv, b.pv);
    EXPECT_TRUE(same(a.least_winning_cost, b.least_winning_cost));
    EXPECT_TRUE(same(a.pvalue, b.pvalue));
    EXPECT_TRUE(same(a.sigma, b.sigma));
    EXPECT_TRUE(same(a.bid, b.bid));
    EXPECT_TRUE(same(a.cost, b.cost));
    EXPECT_EQ(a.flags, b.flags);
    EXPECT_EQ(a.slot, b.slot);
    EXPECT_EQ(a.source_row, b.source_row);
    ASSERT_EQ(a.heads.size(), b.heads.size());
    for (size_t seat = 0; seat < a.heads.size(); ++seat) {
      EXPECT_EQ(a.heads[seat].advertiser, b.heads[seat].advertiser);
      EXPECT_EQ(a.heads[seat].budget, b.heads[seat].budget);
      EXPECT_EQ(a.heads[seat].cpa, b.heads[seat].cpa);
      EXPECT_EQ(a.heads[seat].category, b.heads[seat].category);
      EXPECT_EQ(a.heads[seat].is_end, b.heads[seat].is_end);
      EXPECT_TRUE(same({a.heads[seat].remaining_budget}, {b.heads[seat].remaining_budget}));
    }
  }
}

const std::map<std::string, TableKind> kRawWholeNumbers = {{"deliveryPeriodIndex", TableKind::kWhole},
                                                           {"advertiserNumber", TableKind::kWhole},
                                                           {"advertiserCategoryIndex", TableKind::kWhole},
                                                           {"timeStepIndex", TableKind::kWhole},
                                                           {"pvIndex", TableKind::kWhole},
                                                           {"adSlot", TableKind::kWhole},
                                                           {"xi", TableKind::kFlag},
                                                           {"isExposed", TableKind::kFlag},
                                                           {"conversionAction", TableKind::kWhole},
                                                           {"isEnd", TableKind::kFlag},
                                                           {"CPAConstraint", TableKind::kWhole}};

// In order, in another order, and with values that are missing.
std::vector<Table> raw_tables() {
  const Table ordered = raw_table(4, 6, 5);
  Table mixed = ordered;
  std::shuffle(mixed.rows.begin(), mixed.rows.end(), std::mt19937(1));
  Table missing = ordered;
  const std::vector<std::string> columns = {
      "pValue",           "pValueSigma",    "bid", "xi", "adSlot", "cost", "leastWinningCost", "isEnd",
      "conversionAction", "remainingBudget"};
  for (const std::string& column : columns) missing.cell(17, column) = "";
  for (size_t i = 0; i < columns.size(); ++i) missing.cell(30 + i, columns[i]) = "";  // alone in its row
  return {ordered, mixed, missing};
}

TEST(Parquet, RawLogsAreThoseOfTheSameRowsAsText) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  for (const Table& table : raw_tables()) {
    RawReadOptions options;
    options.scratch_folder = folder.path();
    const RawLogs expected = read_logs({folder.write("a.csv", table.text())}, options);
    for (const ParquetForm& form : {ParquetForm{1000, {}}, ParquetForm{7, {}}, ParquetForm{13, kRawWholeNumbers}}) {
      const std::string file = write_parquet(folder.file("a.parquet"), table, form);
      for (const int threads : {1, 3}) {
        for (const int64_t block_bytes : {int64_t{1}, int64_t{1000}, CsvFile::kBlockBytes}) {
          SCOPED_TRACE(std::to_string(form.rows_per_group) + " rows a group, " + std::to_string(threads) + " threads");
          options.block_bytes = block_bytes;
          const RawLogs got = read_logs({file}, options, threads);
          EXPECT_EQ(got.result.in_order, expected.result.in_order);
          EXPECT_EQ(got.result.num_rows, expected.result.num_rows);
          expect_same_ticks(got, expected);
        }
      }
    }
  }
}

TEST(Parquet, AMarketLogIsThatOfTheSameRowsAsText) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Table table = raw_table();
  std::vector<std::string> logs;
  for (const std::string& input :
       {folder.write("a.csv", table.text()), write_parquet(folder.file("a.parquet"), table)}) {
    IngestConfig config;
    config.input = {input};
    config.output_market_log = input + ".h5";
    ASSERT_TRUE(ingest(config).has_value());
    const MarketLog log(config.output_market_log);
    MarketLogTick<double> tick;
    for (int t = 0; t < 3; ++t) {
      log.read_tick(log.period(7), t, tick);
      std::string& text = logs.emplace_back();
      for (const std::vector<double>* values : {&tick.pvalue, &tick.sigma, &tick.least_winning_cost}) {
        for (const double value : *values) text += shortest(value) + ' ';
      }
      for (const float value : tick.top_bid) text += shortest(value) + ' ';
    }
  }
  ASSERT_EQ(logs.size(), 6U);
  for (size_t t = 0; t < 3; ++t) EXPECT_EQ(logs[t], logs[t + 3]);
}

TEST(Parquet, AReplayReadsIt) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Table table = raw_table(48, 2, 3);
  std::filesystem::create_directory(folder.file("logs"));
  write_parquet(folder.file("logs/a.parquet"), table);
  std::vector<std::string> pvalues;
  for (const std::string& input : {folder.write("a.csv", table.text()), folder.file("logs")}) {
    Threads threads(2);
    std::string& text = pvalues.emplace_back();
    EXPECT_EQ(replay_log_ticks({input}), 48);
    EXPECT_TRUE(read_replay_log(
        {.files = {input}}, threads,
        [&](const LoggedTick& tick) {
          for (const double value : tick.pvalue) text += shortest(value) + ' ';
        },
        [&] { text.clear(); }));
  }
  EXPECT_EQ(pvalues[0], pvalues[1]);
  EXPECT_EQ(std::count(pvalues[0].begin(), pvalues[0].end(), ' '), 48 * 2 * 3);
}

TEST(Parquet, FoldersAndPatternsStandForTheirFiles) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Table all = sample(3);
  const Ingested expected = ingest_files({folder.write("a.csv", all.text())});
  std::filesystem::create_directories(folder.file("parts/more/_temporary"));
  for (size_t part = 0; part < 3; ++part) {
    Table table{all.header, {}};
    table.rows.assign(all.rows.begin() + to_signed(part * 48), all.rows.begin() + to_signed((part + 1) * 48));
    write_parquet(folder.file((part == 0 ? "parts/more/part-" : "parts/part-") + std::to_string(part) + ".parquet"),
                  table);
  }
  // What Spark leaves beside them.
  for (const char* name : {"parts/_SUCCESS", "parts/.part-1.parquet.crc", "parts/_metadata.parquet",
                           "parts/more/_temporary/part-9.parquet", "parts/notes.txt"}) {
    folder.write(name, "x");
  }
  for (const std::vector<std::string>& inputs :
       {std::vector<std::string>{folder.file("parts")},
        {folder.file("parts/part-?.parquet"), folder.file("parts/more/*.parquet")},
        {folder.file("parts/part-[12].parquet"), folder.file("parts/more")}}) {
    expect_same_columns(ingest_files(inputs).columns, expected.columns);
  }
}

// The error of ingesting these inputs, without the folder's name.
std::string error_of_inputs(const TempFolder& folder, const std::vector<std::string>& inputs,
                            const IngestSettings& settings = {}) {
  IngestConfig config;
  for (const std::string& input : inputs) config.input.push_back(folder.file(input));
  config.output = folder.file("s.h5");
  config.settings = settings;
  config.threads = 2;
  std::string message = error_of([&] { ingest(config); });
  EXPECT_FALSE(std::filesystem::exists(config.output));
  const std::string prefix = folder.file("");
  for (size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
    message.erase(at, prefix.size());
  }
  return message;
}

std::string error_of_table(const Table& table, const ParquetForm& form = {7, {}}) {
  const TempFolder folder;
  write_parquet(folder.file("a.parquet"), table, form);
  return error_of_inputs(folder, {"a.parquet"});
}

// In the fourth row of the second group.
std::string error_of_cell(const std::string& column, const std::string& text) {
  Table table = sample(2);
  table.cell(10, column) = text;
  return error_of_table(table);
}

TEST(ParquetErrors, OfRowsSayWhereTheyStand) {
  GENBID_NEEDS_PLUGIN();
  const std::string row = "a.parquet: row group 2, row 4: column ";
  EXPECT_EQ(error_of_cell("budget", "0"), row + "'budget': found '0', expected a number above 0");
  EXPECT_EQ(error_of_cell("CPAConstraint", ""), row + "'CPAConstraint': found '', expected a number above 0");
  EXPECT_EQ(error_of_cell("deliveryPeriodIndex", "7.5"),
            row + "'deliveryPeriodIndex': found '7.5', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("timeStepIndex", "48"),
            row + "'timeStepIndex': found '48', expected a whole number in 0..47");
  EXPECT_EQ(error_of_cell("advertiserNumber", "9007199254740994"),
            row +
                "'advertiserNumber': found '9007199254740994', expected all of its digits (a float above "
                "9007199254740992 has lost some)");
  EXPECT_EQ(error_of_cell("action", "inf"), row + "'action': found 'inf', expected a finite number");
  EXPECT_EQ(error_of_cell("action", "1e39"), row + "'action': found '1e+39', expected a number below 3.4e38");
  EXPECT_EQ(error_of_cell("done", "2"), row + "'done': found '2', expected a whole number in 0..1");
  EXPECT_EQ(error_of_cell("state", "(1.0, 2.0)"), row + "'state': found 2 numbers, expected 16");
  EXPECT_EQ(error_of_cell("state", ""), row + "'state': found '', expected 16 finite numbers");
  EXPECT_EQ(error_of_cell("next_state", "(1.0,)"), row + "'next_state': found 1 number, expected 16");
  EXPECT_EQ(error_of_cell("budget", "2901"),
            "a.parquet: row group 2, row 4: column 'budget': found '2901', expected '2900' as in other rows of period "
            "7, advertiser 0");
  EXPECT_EQ(error_of_cell("timeStepIndex", "3"),
            "a.parquet: row group 2, row 4: period 7, advertiser 0, tick 3 appears a second time, first at a.parquet: "
            "row group 1, row 4");
}

TEST(ParquetErrors, OfRowsOfLaterBlocksSayWhereTheyStand) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  Table table = sample(1);
  table.cell(12, "budget") = "0";
  const std::string file = write_parquet(folder.file("a.parquet"), table);
  EXPECT_EQ(error_of([&] { ingest_files({file}, {}, 2, 1000); }),  // blocks of 3 rows
            file + ": row group 2, row 6: column 'budget': found '0', expected a number above 0");
}

TEST(ParquetErrors, OfRawLogsSayWhereTheyStand) {
  GENBID_NEEDS_PLUGIN();
  const auto error = [](const std::string& column, const std::string& text) {
    Table table = raw_table();
    table.cell(10, column) = text;
    return error_of_table(table);
  };
  const std::string row = "a.parquet: row group 2, row 4: column ";
  EXPECT_EQ(error("pValue", "1.5"), row + "'pValue': found '1.5', expected a probability in [0, 1]");
  EXPECT_EQ(error("pvIndex", ""), row + "'pvIndex': found '', expected a whole number, at least 0");
  EXPECT_EQ(error("timeStepIndex", "96"), row + "'timeStepIndex': found '96', expected a whole number in 0..95");
  EXPECT_EQ(error("bid", "-1"), row + "'bid': found '-1', expected a number, at least 0 and below 3.4e38");
  EXPECT_EQ(error("xi", "3"), row + "'xi': found '3', expected a whole number in 0..1");
}

TEST(ParquetErrors, BadRowsMayBeSkipped) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  Table table = sample(2);
  table.cell(10, "budget") = "0";
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  const Ingested got = ingest_files({write_parquet(folder.file("a.parquet"), table)}, settings);
  EXPECT_EQ(got.summary.num_bad_rows, 1);
  EXPECT_EQ(got.summary.num_left_out, 1);
  EXPECT_EQ(got.columns.advertiser, std::vector<int64_t>{1});
}

TEST(ParquetErrors, ColumnsOfOtherTypes) {
  GENBID_NEEDS_PLUGIN();
  const auto error = [](const std::string& column, TableKind kind) {
    return error_of_table(sample(1), {7, {{column, kind}}});
  };
  EXPECT_EQ(error("budget", TableKind::kText), "a.parquet: column 'budget': found String, expected numbers");
  EXPECT_EQ(error("timeStepIndex", TableKind::kText),
            "a.parquet: column 'timeStepIndex': found String, expected whole numbers");
  EXPECT_EQ(error("reward", TableKind::kFlag), "a.parquet: column 'reward': found BOOLEAN, expected numbers");
  EXPECT_EQ(error("done", TableKind::kText), "a.parquet: column 'done': found String, expected 0 and 1, or booleans");
  EXPECT_EQ(error("state", TableKind::kReal),
            "a.parquet: column 'state': found DOUBLE, expected a list of numbers, or texts");
  EXPECT_EQ(error("action", TableKind::kReals), "a.parquet: column 'action': found list of DOUBLE, expected numbers");
}

// The first row has no state before it that it could be like.
TEST(ParquetErrors, AStateThatIsMissingIsNeverZeros) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  for (const size_t row : {size_t{0}, size_t{4}}) {
    Table table = sample(1);
    table.cell(row, "state") = "";
    const std::string text = error_of([&] { ingest_files({folder.write("a.csv", table.text())}); });
    EXPECT_NE(text.find("column 'state': found 0 numbers, expected 16"), std::string::npos) << text;
    ParquetForm texts;
    texts.kinds = {{"state", TableKind::kText}, {"next_state", TableKind::kText}};
    texts.rows_per_group = 2;
    const std::string table_text =
        error_of([&] { ingest_files({write_parquet(folder.file("a.parquet"), table, texts)}); });
    EXPECT_NE(table_text.find("column 'state': found 0 numbers, expected 16"), std::string::npos) << table_text;
  }
}

// A small file must not take all memory: long lists and long texts pack well.
TEST(ParquetErrors, ListsAndTextsThatAreTooLongAreNotRead) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  std::string zeros = "(0.0";
  for (int i = 1; i < 6000; ++i) zeros += ", 0.0";
  Table table = sample(1);
  for (size_t row = 0; row < table.rows.size(); ++row) table.cell(row, "state") = zeros + ")";
  const std::string lists = error_of([&] { ingest_files({write_parquet(folder.file("a.parquet"), table)}); });
  EXPECT_NE(lists.find("column 'state': found lists of more than 64 numbers a row, expected 16"), std::string::npos)
      << lists;
  for (size_t row = 0; row < table.rows.size(); ++row) table.cell(row, "state") = std::string(300000, ' ');
  ParquetForm texts;
  texts.kinds = {{"state", TableKind::kText}};
  const std::string long_texts =
      error_of([&] { ingest_files({write_parquet(folder.file("a.parquet"), table, texts)}); });
  EXPECT_NE(long_texts.find("found texts of more than 4096 bytes a row"), std::string::npos) << long_texts;
}

TEST(ParquetErrors, AddressesOfObjectsWithoutABucketOrWithSecrets) {
  for (const char* const address : {"s3://", "s3:///a.parquet", "s3://*/a.parquet"}) {
    const std::string error = error_of([&] { input_files({address}); });
    EXPECT_EQ(error, std::string(address) + ": found no bucket, expected s3://BUCKET/KEY, with patterns in KEY alone");
  }
  for (const char* const address :
       {"s3://key:secret@bucket/a.parquet", "s3://bucket/a.parquet?secret_key=secret&region=x"}) {
    const std::string error = error_of([&] { input_files({address}); });
    EXPECT_EQ(error.find("secret&"), std::string::npos) << error;
    EXPECT_EQ(error.find("key:secret"), std::string::npos) << error;
    EXPECT_NE(error.find("AWS_SECRET_ACCESS_KEY"), std::string::npos) << error;
  }
}

TEST(Parquet, LinkedFoldersAreReadAndFilesAreKnownByWhatTheyHold) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  std::filesystem::create_directories(folder.file("days"));
  std::filesystem::create_directories(folder.file("elsewhere"));
  write_parquet(folder.file("days/a.parquet"), sample(1));
  write_parquet(folder.file("elsewhere/b.parquet"), sample(1));
  std::filesystem::create_directory_symlink("../elsewhere", folder.file("days/more"));
  EXPECT_EQ(input_files({folder.file("days")}),
            (std::vector<std::string>{folder.file("days/a.parquet"), folder.file("days/more/b.parquet")}));
  Threads threads(1);
  const CsvSource source = TableReader(folder.file("days/a.parquet"), CsvFile::kBlockBytes).source();
  EXPECT_EQ(source.hash, file_content_hash(folder.file("days/a.parquet")));
}

TEST(Parquet, AFileOfAnotherNameIsKnownByItsBytes) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Ingested expected = ingest_files({folder.write("a.csv", sample().text())});
  for (const char* name : {"days.parq", "DAYS.PARQUET", "days"}) {
    expect_same_columns(ingest_files({write_parquet(folder.file(name), sample())}).columns, expected.columns);
  }
}

TEST(ParquetErrors, AFeatureThatIsNotFinite) {
  GENBID_NEEDS_PLUGIN();
  Table table = sample(2);
  for (size_t row = 0; row < 48; ++row) {
    table.cell(row, "budget") = "100";
    table.cell(row, "CPAConstraint") = "2";
  }
  table.cell(0, "reward") = "-1";
  EXPECT_EQ(error_of_table(table),
            "a.parquet: row group 1, row 2: period 7, advertiser 0, tick 1: feature 'cpa_share_realised': found inf, "
            "expected a finite number (float32)");
}

TEST(ParquetErrors, ATrajectoryThatGoesOnInAnotherFile) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const Table all = sample(1);
  std::filesystem::create_directories(folder.file("days"));
  write_parquet(folder.file("days/0.parquet"), {all.header, {all.rows.begin(), all.rows.begin() + 20}});
  write_parquet(folder.file("days/1.parquet"), {all.header, {all.rows.begin() + 20, all.rows.end()}});
  EXPECT_EQ(error_of_inputs(folder, {"days"}),
            "days/1.parquet: row group 1, row 1: the rows of period 7, advertiser 0 go on in another file (first at "
            "days/0.parquet: row group 1, row 1), expected all rows of a trajectory in one file");
}

TEST(ParquetErrors, MissingColumns) {
  GENBID_NEEDS_PLUGIN();
  Table table = sample(1);
  table.header[table.column("reward")] = "rewards";
  EXPECT_EQ(
      error_of_table(table),
      "a.parquet: missing column 'reward'; found 'deliveryPeriodIndex', 'advertiserNumber', "
      "'advertiserCategoryIndex', 'budget', 'CPAConstraint', 'realAllCost', 'realAllConversion', 'timeStepIndex', "
      "'state', 'action', 'rewards', 'reward_continuous', 'done', 'next_state'; expected a trajectory file "
      "(columns of other names: data.columns)");
}

TEST(ParquetErrors, WhatIsNoParquetFile) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  folder.write("text.parquet", sample().text());
  folder.write("hdf5.parquet", "\x89HDF\r\n\x1a\n rest");
  folder.write("empty.parquet", "");
  folder.write("short.parquet", "PAR1");
  folder.write("sealed.parquet", "PARE....");
  ASSERT_EQ(::mkfifo(folder.file("pipe.parquet").c_str(), 0600), 0);
  write_parquet(folder.file("whole.parquet"), sample());
  const std::string bytes = test::content_of(folder.file("whole.parquet"));
  folder.write("cut.parquet", bytes.substr(0, bytes.size() / 2));
  const auto error = [&](const std::string& name) { return error_of_inputs(folder, {name}); };
  EXPECT_EQ(error("none.parquet"), "none.parquet: cannot be opened: No such file or directory");
  EXPECT_EQ(error("text.parquet"), "text.parquet: found text, expected a Parquet file, as its name says");
  EXPECT_EQ(error("hdf5.parquet"), "hdf5.parquet: found an HDF5 file, expected a Parquet file, as its name says");
  EXPECT_EQ(error("empty.parquet"), "empty.parquet: is empty, expected a Parquet file");
  EXPECT_EQ(error("sealed.parquet"),
            "sealed.parquet: found an encrypted Parquet file, expected a Parquet file, as its name says");
  EXPECT_EQ(error("pipe.parquet"),
            "pipe.parquet: is a pipe, expected a file (it is read more than once; write it to a file first)");
  EXPECT_EQ(error("short.parquet").substr(0, 41), "short.parquet: cannot be read as Parquet:");
  EXPECT_EQ(error("cut.parquet").substr(0, 88),
            "cut.parquet: cannot be read as Parquet: Invalid: Parquet magic bytes not found in footer");
}

TEST(ParquetErrors, FoldersAndPatternsWithoutFiles) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  std::filesystem::create_directories(folder.file("empty/below"));
  folder.write("empty/a.csv", sample().text());
  const auto error = [&](const std::string& name) { return error_of_inputs(folder, {name}); };
  EXPECT_EQ(error("empty"), "empty: found no files that end in .parquet in this folder or below it");
  EXPECT_EQ(error("*.parquet"), "*.parquet: found no files of such names");
}

TEST(ParquetErrors, FilesOfDifferentColumnsInAFolder) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  std::filesystem::create_directory(folder.file("logs"));
  write_parquet(folder.file("logs/a.parquet"), sample());
  Table other = sample();
  other.header[other.column("done")] = "end";
  write_parquet(folder.file("logs/b.parquet"), other);
  EXPECT_EQ(error_of_inputs(folder, {"logs"}).substr(0, 44), "logs/b.parquet: missing column 'done'; found");
  write_parquet(folder.file("logs/b.parquet"), raw_table());
  EXPECT_EQ(error_of_inputs(folder, {"logs"}),
            "input: found the raw traffic log 'logs/b.parquet' and the trajectory file 'logs/a.parquet', expected "
            "files of one kind");
}

TEST(ParquetErrors, AFileThatChangesWhileItIsRead) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  IngestConfig config;
  config.input = {write_parquet(folder.file("a.parquet"), sample(2))};
  config.output = folder.file("s.h5");
  IngestControl control;
  control.progress = [&](int64_t, int64_t) { std::filesystem::last_write_time(config.input[0], {}); };
  EXPECT_EQ(error_of([&] { ingest(config, control); }),
            folder.file("a.parquet") + ": changed while it was read; expected a file that nobody writes to");
}

TEST(ParquetErrors, DamagedFootersEndInAnErrorOrInColumns) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  write_parquet(folder.file("whole.parquet"), raw_table(2, 2, 2));
  test::open_with_damaged_footers(folder, "whole.parquet");
}

// One byte after another becomes another one: the file is read, or refused with its name.
TEST(ParquetErrors, DamagedBytesEndInAnErrorOrInRows) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  for (const bool raw : {false, true}) {
    Table table = raw ? raw_table(2, 2, 2) : in_parts(sample());
    if (!raw) table.rows.resize(9);
    write_parquet(folder.file("whole.parquet"), table);
    const std::string bytes = test::content_of(folder.file("whole.parquet"));
    int refused = 0;
    const size_t stride = std::getenv("GENBID_LONG_TESTS") != nullptr ? 1 : bytes.size() / 400;
    for (size_t at = 4; at < bytes.size(); at += stride) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (at % 3 == 0 ? 0x80 : at % 3 == 1 ? 0x01 : 0x55));
      IngestConfig config;
      config.input = {folder.write("a.parquet", damaged)};
      config.output = folder.file("s.h5");
      config.threads = 2;
      const std::string message = error_of([&] { ingest(config); });
      if (message.empty()) continue;
      ++refused;
      EXPECT_TRUE(message.starts_with(config.input[0])) << "byte " << at << ": " << message;
    }
    EXPECT_GT(refused, 20);
  }
}

}  // namespace
}  // namespace genbid::data
