#include "base/run_dir.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using Names = std::vector<std::string>;

class RunDirTest : public testing::Test {
 protected:
  std::string error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path("runs/a");
};

TEST_F(RunDirTest, ANewRunHasItsConfig) {
  const RunDir run = RunDir::create(path_, "kind: train\n");
  EXPECT_EQ(run.path(), path_);
  EXPECT_EQ(read_file(run.file("config.yaml")), "kind: train\n");
}

TEST_F(RunDirTest, RefusesAFolderThatHoldsARun) {
  RunDir::create(path_, "");
  EXPECT_EQ(error_of([&] { RunDir::create(path_ + "/", ""); }),
            path_ + ": holds a run already; resume it, or take another name for the new one");
}

TEST_F(RunDirTest, OpensOnlyWhatHoldsARun) {
  EXPECT_EQ(error_of([&] { RunDir::open(path_); }), path_ + ": no such folder, expected the folder of a run");
  std::filesystem::create_directories(path_);
  EXPECT_EQ(error_of([&] { RunDir::open(path_); }),
            path_ + ": found no config.yaml in it, expected the folder of a run");
  RunDir::create(path_, "x");
  EXPECT_EQ(RunDir::open(path_).path(), path_);
}

// Makes an empty checkpoint.
void save(const std::string& path) {
  AtomicFolder folder(path);
  folder.commit();
}

TEST_F(RunDirTest, ListsWholeCheckpointsOldestFirst) {
  const RunDir run = RunDir::create(path_, "");
  EXPECT_EQ(run.checkpoints(), Names{});
  EXPECT_EQ(run.checkpoint_path(100), path_ + "/checkpoints/step-00000100");
  for (const int64_t step : {200, 123456789, 99999999, 100}) save(run.checkpoint_path(step));
  std::filesystem::create_directories(path_ + "/checkpoints/step-00000300.tmp-5-0");
  write_file(path_ + "/checkpoints/step-00000400", "");
  EXPECT_EQ(run.checkpoints(), (Names{run.checkpoint_path(100), run.checkpoint_path(200), run.checkpoint_path(99999999),
                                      run.checkpoint_path(123456789)}));
}

TEST_F(RunDirTest, PrunesTheOldest) {
  const RunDir run = RunDir::create(path_, "");
  for (const int64_t step : {1, 2, 3}) save(run.checkpoint_path(step));
  run.prune_checkpoints(5);
  EXPECT_EQ(run.checkpoints().size(), 3U);
  run.prune_checkpoints(1);
  EXPECT_EQ(run.checkpoints(), Names{run.checkpoint_path(3)});
}

}  // namespace
}  // namespace genbid
