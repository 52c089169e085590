#include "play/sharded_simulate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Overrides = std::vector<std::string>;

SimulateConfig days(const std::string& dir, const std::string& file, const Overrides& more = {}) {
  SimulateConfig config;
  Overrides overrides = {"market.impressions=2000", "market.budget_scale=0.004", "threads=1", "output.dir=" + dir};
  overrides.insert(overrides.end(), more.begin(), more.end());
  ConfigFile::load(file, overrides).read(config);
  return config;
}

// Everything that simulate.yaml may write but a market log, of five days.
SimulateConfig all_outputs(const std::string& dir, const Overrides& more = {}) {
  Overrides overrides = {"market.population=rules48", "market.periods=[9, 3..6]", "output.raw_log=true",
                         "output.trajectories=true",  "output.tape=true",         "output.labels=true"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return days(dir, "configs/simulate.yaml", overrides);
}

// A data set of eleven days, which may be killed.
SimulateConfig data_set(const std::string& dir, const Overrides& more = {}) {
  Overrides overrides = {"market.periods=1000..1010"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return days(dir, "configs/generate.yaml", overrides);
}

std::string shard(int index, int count) {
  return "output.shard=" + std::to_string(index) + "/" + std::to_string(count);
}

// Path below the folder to content; without what shards leave.
std::map<std::string, std::string> files_in(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const std::string name = fs::relative(entry.path(), dir).string();
    if (entry.is_regular_file() && !name.starts_with("shards/")) files[name] = read_file(entry.path().string());
  }
  return files;
}

void expect_same_files(const std::string& found, const std::string& expected) {
  const auto a = files_in(found);
  const auto b = files_in(expected);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, content] : b) EXPECT_TRUE(a.contains(name) && a.at(name) == content) << name;
}

std::string error_of(const SimulateConfig& config) {
  try {
    simulate(config);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ShardedSimulate, WritesTheFilesOfARunInOneGo) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(all_outputs(folder.path("one"))));
  ASSERT_TRUE(simulate(data_set(folder.path("set"))));
  for (const int count : {1, 2, 3, 7}) {  // of seven shards two have no day
    const std::string dir = folder.path("shards" + std::to_string(count));
    const std::string set = folder.path("set" + std::to_string(count));
    for (int i = count - 1; i >= 0; --i) {
      const auto summary = simulate(all_outputs(dir, {shard(i, count)}));
      ASSERT_TRUE(summary);
      EXPECT_EQ(summary->missing_shards.size(), static_cast<size_t>(i));
      EXPECT_EQ(summary->merged, i == 0);
      EXPECT_EQ(fs::exists(dir + "/periods.csv"), i == 0);
      ASSERT_TRUE(simulate(data_set(set, {shard(i, count)})));
    }
    expect_same_files(dir, folder.path("one"));
    expect_same_files(set, folder.path("set"));
    EXPECT_FALSE(fs::exists(dir + "/shards/0-of-" + std::to_string(count) + "/periods.csv"));
  }
}

TEST(ShardedSimulate, AShardThatIsPlayedIsNotPlayedAgain) {
  const TemporaryFolder folder;
  const std::string dir = folder.path("dir");
  ASSERT_EQ(simulate(data_set(dir, {shard(1, 2)}))->periods.size(), 6U);
  const auto again = simulate(data_set(dir, {shard(1, 2)}));
  EXPECT_TRUE(again->periods.empty());
  EXPECT_EQ(again->num_played_before, 6);
  EXPECT_EQ(again->missing_shards, std::vector<std::string>{"0/2"});
  EXPECT_TRUE(simulate(data_set(dir, {shard(0, 2)}))->merged);
  const auto after = simulate(data_set(dir, {shard(0, 2)}));
  EXPECT_TRUE(after->merged && after->periods.empty() && after->files.empty());
}

// Killed before it had put them together, or while it took the shards' files away behind that.
TEST(ShardedSimulate, AnyLaterCallPutsThemTogether) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(data_set(folder.path("one"))));
  const std::string dir = folder.path("dir");
  ASSERT_TRUE(simulate(data_set(dir, {shard(0, 2)})));
  fs::copy(dir + "/shards/0-of-2", folder.path("kept"), fs::copy_options::recursive);
  ASSERT_TRUE(simulate(data_set(folder.path("other"), {shard(1, 2)})));
  fs::copy(folder.path("other") + "/shards/1-of-2", dir + "/shards/1-of-2", fs::copy_options::recursive);
  const auto summary = simulate(data_set(dir, {shard(0, 2)}));
  EXPECT_TRUE(summary->merged && summary->periods.empty());
  expect_same_files(dir, folder.path("one"));

  fs::remove_all(dir + "/shards/0-of-2");
  fs::copy(folder.path("kept"), dir + "/shards/0-of-2", fs::copy_options::recursive);
  EXPECT_TRUE(simulate(data_set(dir, {shard(1, 2)}))->merged);
  expect_same_files(dir, folder.path("one"));
}

TEST(ShardedSimulate, OtherSettingsAndOtherTablesAreErrors) {
  const TemporaryFolder folder;
  const std::string dir = folder.path("dir");
  ASSERT_TRUE(simulate(data_set(dir, {shard(0, 2)})));
  EXPECT_EQ(error_of(data_set(dir, {shard(0, 2), "market.seed=2"})),
            dir +
                "/shards/0-of-2/shard.yaml: found a run with market.seed: 1, expected 2 (give its command, or take "
                "another output.dir)");
  // A day more is another stretch for everybody.
  EXPECT_NE(error_of(data_set(dir, {shard(0, 2), "market.periods=1000..1011"})).find("found a run with"),
            std::string::npos);
  // Files that another call does not ask for would be lost.
  ASSERT_TRUE(simulate(all_outputs(folder.path("all"), {shard(0, 2)})));
  EXPECT_NE(error_of(all_outputs(folder.path("all"), {shard(1, 2), "output.raw_log=false"})).find("files.raw_log"),
            std::string::npos);
  const std::string table = dir + "/shards/0-of-2/periods.csv";
  write_file(table, "episode,old\n1,2\n");
  EXPECT_NE(error_of(data_set(dir, {shard(1, 2)})).find(table + ": found another table than this program writes"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(dir + "/periods.csv"));
  for (const auto& [file, setting] : std::map<std::string, std::string>{
           {"configs/simulate.yaml", "output.market_log=true"}, {"configs/generate.yaml", "output.shard=2/2"}}) {
    EXPECT_THROW(days(dir, file, {"market.periods=1", shard(0, 2), setting}), ConfigError) << setting;
  }
  EXPECT_THROW(days(dir, "configs/simulate.yaml",
                    {"market.periods=1", shard(0, 2), "market.rules=official", "market.population=official"}),
               ConfigError);
}

}  // namespace
}  // namespace genbid::play
