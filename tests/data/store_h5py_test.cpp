#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>

#include "data/ingest.h"
#include "data/market_log.h"
#include "data/trajectory_store.h"
#include "files.h"

namespace genbid::data {
namespace {

// Runs the script beside this file; 77 means that Python or its packages are not to be had here.
int run_script(const std::string& mode, const std::string& store) {
  const std::string command = "bash tests/data/store_h5py.sh " + mode + " '" + store + "'";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(TrajectoryStore, OtherProgramsReadAndWriteIt) {
  const test::TempFolder folder;
  IngestConfig config;
  config.input = {"data/sample/trajectory_data_periods_7_8.csv"};
  config.output = folder.file("s.h5");
  ingest(config);
  const int read = run_script("read", config.output);
  if (read == 77) GTEST_SKIP() << "no Python with h5py and pandas, and none could be installed";
  EXPECT_EQ(read, 0);

  // Written with h5py: another width of integers, booleans, fixed-length texts, compressed chunks.
  const std::string written = folder.file("written.h5");
  ASSERT_EQ(run_script("write", written), 0);
  const TrajectoryStore store(written);
  const TrajectoryColumns columns = store.read();
  EXPECT_EQ(store.info().feature_set, "auctionnet16");
  EXPECT_EQ(columns.period, std::vector<int64_t>({3, 4}));
  EXPECT_EQ(columns.advertiser, std::vector<int64_t>({10'000'000'000, 10'000'000'001}));
  EXPECT_EQ(columns.done, LargeVector<uint8_t>({0, 1, 1}));
  EXPECT_EQ(columns.first_row, std::vector<int64_t>({0, 2}));
  EXPECT_EQ(columns.action, LargeVector<float>({1.0F, 2.0F, 3.0F}));
  EXPECT_EQ(columns.state[17], 17.0F);
}

TEST(MarketLog, OtherProgramsReadAndWriteIt) {
  const test::TempFolder folder;
  IngestConfig config;
  config.input = {"tests/golden/run_pid_small/log-0-agents-0-17.csv"};
  config.output_market_log = folder.file("m.h5");
  ingest(config);
  const int read = run_script("read_market_log", config.output_market_log);
  if (read == 77) GTEST_SKIP() << "no Python with h5py and pandas, and none could be installed";
  EXPECT_EQ(read, 0);

  // With the lines of data/README.md: an impression every 20 minutes from 01:00 on, 48 ticks.
  const std::string written = folder.file("written.h5");
  ASSERT_EQ(run_script("write_market_log", written), 0);
  const MarketLog log(written);
  ASSERT_EQ(log.periods().size(), 2U);
  EXPECT_EQ(log.period(20002).num_pv(), 72);
  EXPECT_EQ(log.period(20002).num_pv(0), 2);
  const MarketLogPeriod& period = log.period(20000);
  EXPECT_EQ(log.info().ticks, 48);
  EXPECT_EQ(period.num_pv(), 69);
  EXPECT_EQ(period.num_pv(1), 0);
  EXPECT_EQ(period.num_pv(2), 2);  // 1:00, 1:20
  EXPECT_EQ(period.num_pv(3), 1);  // 1:40
  MarketLogTick<float> tick;
  log.read_tick(period, 3, tick);
  EXPECT_EQ(tick.least_winning_cost, std::vector<double>{12.5});
  EXPECT_EQ(tick.pvalue, std::vector<float>{0.01F});
}

}  // namespace
}  // namespace genbid::data
