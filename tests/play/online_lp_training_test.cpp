#include "play/online_lp_training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "../data/raw_logs.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"
#include "data/ingest.h"
#include "golden.h"
#include "play/official_assets.h"

namespace genbid::play {
namespace {

void expect_same(const bidders::OnlineLpTable& table, const bidders::OnlineLpTable& expected) {
  ASSERT_EQ(table.categories(), expected.categories());
  for (const int category : expected.categories()) {
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      ASSERT_EQ(table.rows(category, tick).real_cpa, expected.rows(category, tick).real_cpa) << category << " " << tick;
      ASSERT_EQ(table.rows(category, tick).cum_cost, expected.rows(category, tick).cum_cost) << category << " " << tick;
    }
  }
}

// The original's table, from its raw log and from our float64 market log of that.
TEST(OnlineLpTrainingFromLogs, IsTheOriginals) {
  GENBID_VECTOR(log, "run_pid_small/data/log/0.csv");
  GENBID_VECTOR(original, "onlinelp/period0_small_seed1.csv");
  Threads threads(2);
  const auto expected = read_online_lp_table(original);
  const auto trained = train_online_lp({log}, {}, threads);
  ASSERT_TRUE(trained.has_value());
  EXPECT_EQ(trained->period, 0);
  expect_same(trained->table, *expected);

  const test::TemporaryFolder folder;
  data::IngestConfig config;
  config.input = {log};
  config.output_market_log = folder.path("market.h5");
  config.settings.market_log.precision = "float64";
  ASSERT_TRUE(data::ingest(config).has_value());
  expect_same(train_online_lp({config.output_market_log}, {}, threads)->table, *expected);

  write_online_lp_table(trained->table, trained->period, folder.path("table.csv"));
  expect_same(*read_online_lp_table(folder.path("table.csv")), *expected);
}

TEST(OnlineLpTrainingFromLogs, RowsInAnotherOrderGiveWhatTheFilesOrderGives) {
  GENBID_VECTOR(log, "run_pid_small/log-0-agents-0-17.csv");
  const test::TemporaryFolder folder;
  std::istringstream lines(read_file(log));
  std::string header, line;
  std::getline(lines, header);
  std::vector<std::string> rows;
  while (std::getline(lines, line)) rows.push_back(line);
  std::reverse(rows.begin(), rows.end());
  {
    std::ofstream out(folder.path("reversed.csv"));
    out << header << "\n";
    for (const std::string& row : rows) out << row << "\n";
  }
  Threads threads(1);
  const auto forward = train_online_lp({log}, {}, threads);
  const auto backward = train_online_lp({folder.path("reversed.csv")}, {}, threads);
  // Other rows are drawn, so another table: the order of the file counts, as in the original.
  EXPECT_NE(forward->table.rows(0, 0).real_cpa, backward->table.rows(0, 0).real_cpa);
}

// A day that tells its length, or whose length is told, in a raw log and in a market log.
TEST(OnlineLpTrainingFromLogs, DaysOfAnyLengthHaveTables) {
  const test::TempFolder folder;
  data::IngestConfig config;
  config.input = {folder.write("a.csv", test::raw_table(24, 60, 4).text())};
  config.output_market_log = folder.file("market.h5");
  config.settings.market_log.precision = "float64";
  ASSERT_TRUE(data::ingest(config).has_value());
  Threads threads(1);
  for (const std::string& log : {config.input[0], config.output_market_log}) {
    for (const int told : {0, 24}) {
      const auto trained = train_online_lp({log}, {}, threads, told);
      write_online_lp_table(trained->table, trained->period, folder.file("table.csv"));
      const auto table = read_online_lp_table(folder.file("table.csv"));
      expect_same(*table, trained->table);
      const std::vector<int> categories = table->categories();
      const auto bidder = bidders::make_online_lp(table, categories);  // it plays such days
      EXPECT_EQ(categories, (std::vector<int>{0, 1}));
    }
    const std::string name = std::filesystem::path(log).filename().string();
    const std::string message = test::error_of([&] { train_online_lp({log}, {}, threads, 48); });
    EXPECT_NE(message.find(name + ": found periods of 24 ticks, expected 48 (data.ticks)"), std::string::npos)
        << message;
  }
}

TEST(OnlineLpTrainingFromLogs, SeveralPeriodsAreAnError) {
  GENBID_VECTOR(first, "run_pid_small/data/log/0.csv");
  GENBID_VECTOR(second, "run_pid_small/data/log/1.csv");
  Threads threads(1);
  try {
    train_online_lp({first, second}, {}, threads);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("found periods 0 and 1, expected one"), std::string::npos) << e.what();
  }
}

// pandas' filter drops rows without a price; so do we, and the sample is then another one.
TEST(OnlineLpTrainingFromLogs, RowsWithoutAPriceAreLeftOut) {
  GENBID_VECTOR(log, "run_pid_small/log-0-agents-0-17.csv");
  const test::TemporaryFolder folder;
  data::CsvFile file(log);
  const auto& header = file.header();
  const auto price = static_cast<size_t>(std::find(header.begin(), header.end(), "leastWinningCost") - header.begin());
  std::istringstream lines(read_file(log));
  std::string line;
  std::ofstream without(folder.path("without.csv"));
  std::ofstream empty(folder.path("empty.csv"));
  for (int i = 0; std::getline(lines, line); ++i) {
    const bool first_impression = i == 1 || i == 2;  // its rows of both advertisers
    if (!first_impression) without << line << "\n";
    if (first_impression) {
      size_t begin = 0;
      for (size_t column = 0; column < price; ++column) begin = line.find(',', begin) + 1;
      line.erase(begin, line.find(',', begin) - begin);
    }
    empty << line << "\n";
  }
  without.close();
  empty.close();
  Threads threads(1);
  expect_same(train_online_lp({folder.path("empty.csv")}, {}, threads)->table,
              train_online_lp({folder.path("without.csv")}, {}, threads)->table);
}

}  // namespace
}  // namespace genbid::play
