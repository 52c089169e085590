#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "data/ingest.h"
#include "data/raw_log_writer.h"
#include "data/trajectory_file.h"
#include "data/trajectory_store.h"
#include "data/tuple_parser.h"
#include "golden.h"
#include "raw_logs.h"

// Raw logs: what is read from them, what trajectories they make, and that they are written as AuctionNet does.

namespace genbid {
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
  CsvBlock block;
  size_t num_rows = 0;
  double worst = 0.0;
  const auto compare = [&](double value, double expected, const char* name) {
    const double difference = std::abs(value - expected) / std::max(1.0, std::abs(expected));
    worst = std::max(worst, difference);
    ASSERT_LE(difference, 1e-12) << name << " row " << num_rows << ": " << value << " " << expected;
  };
  TrajectoryRows rows;
  while (golden.csv().next(block)) {
    golden.parse(block, rows);
    ASSERT_TRUE(rows.bad.empty());
    for (const auto& [head, row] : rows.rows) {
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

// Reads a log and writes it again.
void expect_same_bytes(const std::string& path, int threads) {
  const TempFolder folder;
  const std::string copy = folder.file("copy.csv");
  Threads workers(threads);
  RawLogWriter writer(copy);
  for (const RawTick& tick : read_logs({path}).ticks) {
    std::vector<RawLogSeat> seats;
    for (const RawHead& head : tick.heads) {
      seats.push_back({head.advertiser, head.category, head.budget, head.cpa, head.remaining, head.is_end != 0});
    }
    std::vector<uint8_t> exposed, conversion;
    for (const uint8_t flags : tick.flags) {
      exposed.push_back((flags & kRawExposed) != 0 ? 1 : 0);
      conversion.push_back((flags & kRawConversion) != 0 ? 1 : 0);
    }
    writer.write_tick({tick.period, tick.tick, tick.num_pv, seats, tick.pvalue, tick.sigma, tick.bid, tick.cost,
                       tick.slot, exposed, conversion, tick.least_winning_cost, tick.pv.empty() ? 0 : tick.pv[0]},
                      workers);
  }
  EXPECT_FALSE(std::filesystem::exists(copy));
  writer.finish();
  EXPECT_EQ(writer.bytes(), static_cast<int64_t>(content_of(path).size()));
  EXPECT_TRUE(content_of(copy) == content_of(path)) << "the copy differs";
}

TEST(RawLogWriter, WritesWhatAuctionNetWrote) {
  for (const int threads : {1, 3}) expect_same_bytes("tests/golden/run_pid_small/log-0-agents-0-17.csv", threads);
}

TEST(RawLogWriter, WritesWhatAuctionNetWroteForAllBidders) {
  for (const char* period : {"0", "1"}) {
    GENBID_VECTOR(log, std::string("run_pid_small/data/log/") + period + ".csv");
    expect_same_bytes(log, 2);
  }
}

}  // namespace
}  // namespace genbid
