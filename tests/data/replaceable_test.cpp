#include "data/replaceable.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include "data/ingest.h"
#include "raw_logs.h"
#include "stores.h"

namespace genbid::data {
namespace {

using test::content_of;
using test::error_of;
using test::TempFolder;

IngestConfig ingest_of(const TempFolder& folder) {
  IngestConfig config;
  config.input = {folder.write("a.csv", test::raw_table().text())};
  config.threads = 1;
  return config;
}

TEST(Replaceable, AStoreReplacesAStore) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  config.output = test::write_small_store(folder);
  config.output_market_log = test::write_small_market_log(folder);
  ingest(config);
  EXPECT_EQ(TrajectoryStore(config.output).num_trajectories(), 5);
  EXPECT_EQ(MarketLog(config.output_market_log).info().seats, 5);
}

TEST(Replaceable, AnEmptyFileIsReplaced) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  config.output = folder.write("s.h5", "");
  ingest(config);
  EXPECT_EQ(TrajectoryStore(config.output).num_trajectories(), 5);
}

TEST(Replaceable, OtherFilesAreKept) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  const std::string store = test::write_small_store(folder);
  const std::string log = test::write_small_market_log(folder);
  const std::string thesis = folder.write("thesis.txt", "important");
  const std::string before = content_of(log);
  for (const std::string& path : {thesis, log}) {
    config.output = path;
    EXPECT_EQ(error_of([&] { ingest(config); }),
              "output: found '" + path +
                  "', a file that is not a trajectory store; expected a new name, or a "
                  "trajectory store to replace");
  }
  config.output = {};
  for (const std::string& path : {thesis, store}) {
    config.output_market_log = path;
    EXPECT_EQ(error_of([&] { ingest(config); }), "output_market_log: found '" + path +
                                                     "', a file that is not a market log; expected a new name, or a "
                                                     "market log to replace");
  }
  EXPECT_EQ(content_of(thesis), "important");
  EXPECT_EQ(content_of(log), before);
}

TEST(Replaceable, AFolderIsKept) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  config.output = folder.file("runs");
  std::filesystem::create_directory(config.output);
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output: found '" + config.output + "', a folder; expected a new name, or a trajectory store to replace");
}

TEST(Replaceable, APipeIsNotReadAndKept) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  config.output = folder.file("pipe");
  ASSERT_EQ(::mkfifo(config.output.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output: found '" + config.output +
                "', no file that can be replaced; expected a new name, or a trajectory "
                "store to replace");
}

TEST(Replaceable, BothOutputsInOnePlaceAreAnErrorByWhateverName) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  config.output = test::write_small_store(folder);
  config.output_market_log = folder.file("link.h5");
  std::filesystem::create_hard_link(config.output, config.output_market_log);
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output_market_log: found '" + config.output_market_log + "', which is the output too");

  std::filesystem::create_symlink("new.h5", folder.file("dangling.h5"));
  const std::string relative = std::filesystem::relative(folder.file("new.h5")).string();
  for (const std::string& other : {folder.file("./new.h5"), folder.file("dangling.h5"), relative, "./" + relative}) {
    config.output = folder.file("new.h5");
    config.output_market_log = other;
    EXPECT_EQ(error_of([&] { ingest(config); }), "output_market_log: found '" + other + "', which is the output too");
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file("new.h5")));
  config.output_market_log = {};
  config.output = std::filesystem::relative(config.input.front()).string();
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output: found '" + config.output + "', which is an input too; expected another file");
}

TEST(Replaceable, AnOutputThatIsALinkGoesWhereItLeads) {
  const TempFolder folder;
  IngestConfig config = ingest_of(folder);
  const std::string store = test::write_small_store(folder);
  config.output = folder.file("link.h5");
  std::filesystem::create_symlink(store, config.output);
  ingest(config);
  EXPECT_TRUE(std::filesystem::is_symlink(config.output));
  EXPECT_EQ(TrajectoryStore(store).num_trajectories(), 5);
}

TEST(Hdf5Format, IsWhatTheFileSaysAndADamagedOneIsAnError) {
  const TempFolder folder;
  EXPECT_EQ(format_of_hdf5(folder.write("a.txt", "text")), "");
  const std::string log = test::write_small_market_log(folder);
  EXPECT_EQ(format_of_hdf5(log), "genbid-market-log");
  const std::string bytes = content_of(log);
  const std::string cut = folder.write("cut.h5", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(error_of([&] { format_of_hdf5(cut); }).find(cut + ": cannot be read (HDF5: truncated file"), 0U);
}

}  // namespace
}  // namespace genbid::data
