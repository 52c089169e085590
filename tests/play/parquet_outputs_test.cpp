#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "needs_plugin.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

using test::TemporaryFolder;

SimulateConfig two_periods(const std::string& dir, const std::string& tables) {
  SimulateConfig config;
  config.market.impressions = 2000;
  config.market.budget_scale = 0.004;
  config.market.periods.values = {0, 1};
  config.output.dir = dir;
  config.output.trajectories = true;
  config.output.tables = tables;
  config.threads = 2;
  return config;
}

data::TrajectoryColumns ingested(const TemporaryFolder& folder, const std::string& name) {
  data::IngestConfig config;
  config.input = {folder.path(name)};
  config.output = folder.path("s.h5");
  config.threads = 2;
  EXPECT_TRUE(data::ingest(config).has_value());
  return data::TrajectoryStore(config.output).read();
}

std::string error_of(const SimulateConfig& config) {
  try {
    simulate(config);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(ParquetOutputs, TrajectoriesReadAgainAreThoseOfTheCsvFile) {
  GENBID_NEEDS_PLUGIN();
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(two_periods(folder.path("csv"), "csv")));
  ASSERT_TRUE(simulate(two_periods(folder.path("parquet"), "parquet")));
  const data::TrajectoryColumns a = ingested(folder, "csv/trajectories.csv");
  const data::TrajectoryColumns b = ingested(folder, "parquet/trajectories.parquet");
  EXPECT_EQ(a.period, b.period);
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.cost, b.cost);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.reward_continuous, b.reward_continuous);
  EXPECT_EQ(a.done, b.done);
  EXPECT_EQ(a.num_rows(), 2 * 48 * 48);
  EXPECT_EQ(read_file(folder.path("csv/trajectories.h5")), read_file(folder.path("parquet/trajectories.h5")));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("parquet"))) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names,
            (std::vector<std::string>{"periods.csv", "ticks.parquet", "trajectories.h5", "trajectories.parquet"}));
}

TEST(ParquetOutputs, ReplaceTheirLikeAndNoOtherFile) {
  GENBID_NEEDS_PLUGIN();
  const TemporaryFolder folder;
  SimulateConfig config = two_periods(folder.path("run"), "parquet");
  ASSERT_TRUE(simulate(config));
  const std::string ticks = read_file(folder.path("run/ticks.parquet"));
  ASSERT_TRUE(simulate(config));
  EXPECT_EQ(read_file(folder.path("run/ticks.parquet")), ticks);

  write_file(folder.path("run/ticks.parquet"), read_file(folder.path("run/trajectories.parquet")));
  EXPECT_EQ(
      error_of(config).substr(folder.path("run").size()),
      "/ticks.parquet: found a file that is not a run's table of ticks, expected nothing, or a run's table of ticks "
      "to replace (move it away, or take another output.dir)");
}

TEST(ParquetOutputs, TablesOfTheOtherFormDoNotStayBesideThem) {
  GENBID_NEEDS_PLUGIN();
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(two_periods(folder.path("csv"), "csv")));
  ASSERT_TRUE(simulate(two_periods(folder.path("parquet"), "parquet")));
  const std::string found =
      ": found the output of an earlier run, expected none beside new tables (another output.dir, or ";
  EXPECT_EQ(error_of(two_periods(folder.path("csv"), "parquet")),
            folder.path("csv/ticks.csv") + found + "output.tables=csv to replace it)");
  EXPECT_EQ(error_of(two_periods(folder.path("parquet"), "csv")),
            folder.path("parquet/ticks.parquet") + found + "output.tables=parquet to replace it)");
  SimulateConfig none = two_periods(folder.path("parquet"), "csv");
  none.output.ticks = false;
  EXPECT_EQ(error_of(none),
            folder.path("parquet/ticks.parquet") + found + "output.ticks=true output.tables=parquet to replace it)");
}

}  // namespace
}  // namespace genbid::play
