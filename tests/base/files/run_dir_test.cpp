#include "base/files/run_dir.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <functional>
#include <utility>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/files/file_message.h"
#include "base/files/full_disk.h"
#include "base/files/raw_file.h"
#include "base/shown.h"
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

// A name of 12 digits that says 7, and a number that no step has: neither is newer than step 8.
TEST_F(RunDirTest, OnlyTheNameThatAStepHasIsACheckpoint) {
  const RunDir run = RunDir::create(path_, "");
  for (const int64_t step : {7, 8}) save(run.checkpoint_path(step));
  for (const char* name : {"step-000000000007", "step-99999999999999999999", "step-0000009", "step--0000009"}) {
    std::filesystem::create_directories(path_ + "/checkpoints/" + name);
  }
  EXPECT_EQ(run.checkpoints(), (Names{run.checkpoint_path(7), run.checkpoint_path(8)}));
  run.prune_checkpoints(1);
  EXPECT_EQ(run.checkpoints(), Names{run.checkpoint_path(8)});
  EXPECT_TRUE(std::filesystem::exists(path_ + "/checkpoints/step-99999999999999999999"));
}

TEST_F(RunDirTest, ALinkThatLeadsNowhereIsNoCheckpoint) {
  const RunDir run = RunDir::create(path_, "");
  save(run.checkpoint_path(1));
  std::filesystem::create_directory_symlink("step-00000002", run.checkpoint_path(2));  // to itself
  std::filesystem::create_directory_symlink("nowhere", run.checkpoint_path(3));
  EXPECT_EQ(run.checkpoints(), Names{run.checkpoint_path(1)});
}

TEST_F(RunDirTest, CheckpointsThatCannotBeListedAreAnError) {
  const RunDir run = RunDir::create(path_, "");
  const std::string folder = path_ + "/checkpoints";
  write_file(folder, "");
  EXPECT_EQ(error_of([&] { run.checkpoints(); }), folder + ": found a file, expected a folder");
  std::filesystem::remove(folder);
  std::filesystem::create_directory_symlink("checkpoints", folder);  // to itself
  EXPECT_EQ(error_of([&] { run.checkpoints(); }), folder + ": cannot open: Too many levels of symbolic links");
}

TEST_F(RunDirTest, APathThatCanBeNoFolderIsAnError) {
  const std::string file = folder_.path("file");
  write_file(file, "");
  const std::string dangling = folder_.path("dangling");
  std::filesystem::create_symlink("nowhere", dangling);
  const std::string loop = folder_.path("loop");
  std::filesystem::create_symlink("loop", loop);
  const std::string name_too_long = folder_.path(std::string(300, 'n'));
  const std::string path_too_long = folder_.path() + [] {
    std::string text;
    for (int i = 0; i < 50; ++i) text += "/" + std::string(100, 'n');
    return text;
  }();
  const std::pair<std::string, std::string> cases[] = {
      {"", "found an empty path, expected the folder of a run"},
      {file, file + ": found a file, expected a folder"},
      {file + "/", file + ": found a file, expected a folder"},
      {file + "/run", file + "/run: cannot open: Not a directory"},
      {dangling, dangling + ": found a link to nothing, expected a folder"},
      {loop, loop + ": cannot open: Too many levels of symbolic links"},
      {name_too_long, name_too_long + ": cannot open: File name too long"},
      {path_too_long, shown(path_too_long) + ": cannot open: File name too long"},
  };
  for (const auto& one : cases) {
    const std::string& path = one.first;
    const std::string& message = one.second;
    EXPECT_EQ(error_of([&] { RunDir::create(path, ""); }), message);
    EXPECT_EQ(error_of([&] { RunDir::open(path); }), message);
    EXPECT_EQ(error_of([&] { RunDir::open_or_create(path, ""); }), message);
  }
  EXPECT_EQ(folder_.names(), (Names{"dangling", "file", "loop"}));
}

// The system would not find it without `a`, and making `a` leaves a folder that nobody asked for.
TEST_F(RunDirTest, MakesNoFolderOnlyToLeaveIt) {
  const std::string path = folder_.path("a/../b");
  EXPECT_EQ(error_of([&] { RunDir::create(path, ""); }),
            path + ": found '..' behind " + folder_.path("a") + ", which is not there");
  EXPECT_EQ(folder_.names(), Names{});
  std::filesystem::create_directory(folder_.path("a"));
  RunDir::create(path, "x");
  EXPECT_EQ(read_file(folder_.path("b/config.yaml")), "x");
}

TEST_F(RunDirTest, TheFolderOneStandsInCanHoldARun) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const std::string error = error_of([] {
    RunDir::create(".", "x");
    RunDir::create("a/.", "x");
  });
  std::filesystem::current_path(before);
  EXPECT_EQ(error, "no error");
  EXPECT_EQ(read_file(folder_.path("config.yaml")), "x");
  EXPECT_EQ(read_file(folder_.path("a/config.yaml")), "x");
}

TEST_F(RunDirTest, AFullDiskLeavesNothingHalfWritten) {
  {
    const test::FullDisk full(2);
    EXPECT_TRUE(error_of([&] { RunDir::create(path_, "kind: train\n"); }).ends_with(": cannot write: File too large"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(path_));
  RunDir::create(path_, "kind: train\n");
  EXPECT_EQ(read_file(path_ + "/config.yaml"), "kind: train\n");
}

// Whoever goes on with it may still find that its settings are others.
TEST_F(RunDirTest, ARunThatIsGoneOnWithKeepsItsConfig) {
  write_file(RunDir::open_or_create(path_, "x").file("log.txt"), "");
  EXPECT_EQ(read_file(RunDir::open_or_create(path_, "y").file("config.yaml")), "x");
  std::filesystem::remove(path_ + "/log.txt");
  save(RunDir::open(path_).checkpoint_path(1));
  EXPECT_EQ(RunDir::open_or_create(path_, "y").checkpoints().size(), 1U);
}

// Such as run=. beside the file that the command was given.
TEST_F(RunDirTest, AConfigThatNoRunWroteStaysAsItIs) {
  write_file(path_ + "/config.yaml", "# mine\n");
  const std::string message = path_ +
                              "/config.yaml: found a config that no run has written, beside no log or checkpoint; "
                              "expected a folder without one (take another run=NAME)";
  EXPECT_EQ(error_of([&] { RunDir::open_or_create(path_, "kind: train\n"); }), message);
  EXPECT_EQ(read_file(path_ + "/config.yaml"), "# mine\n");
  // What a run killed at its very start has left is its own.
  write_file(path_ + "/config.yaml", "kind: train\n");
  EXPECT_EQ(error_of([&] { RunDir::open_or_create(path_, "kind: train\n"); }), "no error");
}

TEST_F(RunDirTest, PrunesTheOldest) {
  const RunDir run = RunDir::create(path_, "");
  for (const int64_t step : {1, 2, 3}) save(run.checkpoint_path(step));
  run.prune_checkpoints(5);
  EXPECT_EQ(run.checkpoints().size(), 3U);
  run.prune_checkpoints(1);
  EXPECT_EQ(run.checkpoints(), Names{run.checkpoint_path(3)});
}

TEST(MessageOf, AFileErrorHasTheFormOfAllMessages) {
  const test::TemporaryFolder folder;
  write_file(folder.path("file"), "");
  const std::string below = folder.path("file") + "/below";
  const auto message = [](const std::function<void()>& act) {
    try {
      act();
    } catch (const std::exception& error) {
      return message_of(error);
    }
    return std::string("no error");
  };
  EXPECT_EQ(message([&] { std::filesystem::create_directories(below); }), below + ": Not a directory");
  EXPECT_EQ(message([] { return std::filesystem::exists(std::string(300, 'a')); }),
            std::string(300, 'a') + ": File name too long");
  EXPECT_EQ(message([] { return std::filesystem::exists(std::string(5000, 'a')); }),
            std::string(100, 'a') + "... (4900 more bytes): File name too long");
  EXPECT_EQ(message([] { fail_io(std::string(5000, 'a'), "open", ENAMETOOLONG); }),
            std::string(100, 'a') + "... (4900 more bytes): cannot open: File name too long");
  EXPECT_EQ(message([] { std::filesystem::rename("no/a", "no/b"); }), "no/a, no/b: No such file or directory");
  EXPECT_EQ(message([] { throw Error("a: found b"); }), "a: found b");
}

}  // namespace
}  // namespace genbid
