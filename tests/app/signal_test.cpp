#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "app/program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::Program;
using test::TemporaryFolder;
using test::wait_for;

class SignalsOf : public testing::TestWithParam<int> {};

TEST_P(SignalsOf, OneTrainingSavesAndGoesOn) {
  const TemporaryFolder folder;
  const std::string store = folder.path("trajectories.h5");
  Program ingest({"ingest", "configs/ingest.yaml", "output=" + store}, folder.path("ingest.txt"));
  ASSERT_EQ(ingest.wait(), 0) << read_file(folder.path("ingest.txt"));

  const std::string run = folder.path("run");
  const std::string text = folder.path("train.txt");
  Program train({"train", "configs/quickstart/behavior_cloning.yaml", "data.store=" + store, "run=" + run,
                 "train.steps=1000000", "train.log_every=1", "train.threads=1"},
                text);
  ASSERT_TRUE(wait_for([&] { return fs::exists(run + "/metrics.jsonl") && fs::file_size(run + "/metrics.jsonl") > 0; }))
      << read_file(text);
  train.send(GetParam());
  EXPECT_EQ(train.wait(), 128 + GetParam());
  EXPECT_NE(read_file(text).find("the same command goes on from the checkpoint"), std::string::npos) << read_file(text);
  ASSERT_TRUE(fs::exists(run + "/checkpoints"));
  EXPECT_FALSE(fs::is_empty(run + "/checkpoints"));
}

TEST_P(SignalsOf, OneEndsTheProgramWhereItWaitsForAPipe) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path("config.yaml");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0644), 0);
  Program simulate({"simulate", pipe}, folder.path("text.txt"));
  ASSERT_TRUE(wait_for([&] { return simulate.catches(GetParam()); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  simulate.send(GetParam());
  EXPECT_EQ(simulate.wait(), 128 + GetParam()) << read_file(folder.path("text.txt"));
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalsOf, testing::Values(SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU));

TEST(Signals, EndALongTickAndLeaveNothing) {
  const TemporaryFolder folder;
  Program simulate({"simulate", "configs/simulate.yaml", "market.traffic.structure=own", "market.traffic.ticks=1",
                    "market.impressions=20000000", "market.population=rules48", "output.dir=" + folder.path("out")},
                   folder.path("text.txt"));
  // The outputs' temporary is there: the tick is under way or about to begin.
  ASSERT_TRUE(wait_for([&] { return folder.names().size() > 1; }));
  simulate.send(SIGTERM);
  EXPECT_EQ(simulate.wait(), 128 + SIGTERM);
  EXPECT_EQ(read_file(folder.path("text.txt")), "genbid: stopped by SIGTERM; what was not finished is not written\n");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"text.txt"});
}

// What is printed must not come into a file that has got the number of a standard output, nor wake who waits for
// signals.
TEST(Signals, AreNotTakenFromWhatIsPrintedWhereStandardOutputsAreClosed) {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments = {"simulate",
                                              "configs/simulate.yaml",
                                              "market.population=rules48",
                                              "market.impressions=2000",
                                              "market.budget_scale=0.004",
                                              "output.dir=" + folder.path("open")};
  EXPECT_EQ(Program(arguments, folder.path("open.txt")).wait(), 0) << read_file(folder.path("open.txt"));
  std::vector<std::string> others = arguments;
  others.back() = "output.dir=" + folder.path("closed");
  EXPECT_EQ(Program(others, folder.path("closed.txt"), Program::Limits{.closed = true}).wait(),
            1);  // what it was to print is lost
  EXPECT_EQ(read_file(folder.path("closed.txt")), "");
  EXPECT_EQ(read_file(folder.path("closed/ticks.csv")), read_file(folder.path("open/ticks.csv")));
}

TEST(Signals, OfAFileThatGrowsBeyondItsLimitIsAnError) {
  const TemporaryFolder folder;
  const std::string text = folder.path("text.txt");
  Program simulate({"simulate", "configs/simulate.yaml", "market.population=rules48", "market.impressions=2000",
                    "market.budget_scale=0.004", "output.dir=" + folder.path("out")},
                   text, Program::Limits{.file_bytes = 20'000});
  EXPECT_EQ(simulate.wait(), 1);
  EXPECT_NE(read_file(text).find("File too large"), std::string::npos) << read_file(text);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"text.txt"});
}

TEST(Signals, OneThatIsIgnoredAtTheStartStaysSo) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path("config.yaml");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0644), 0);
  Program simulate({"simulate", pipe}, folder.path("text.txt"), SIGHUP);
  ASSERT_TRUE(wait_for([&] { return simulate.catches(SIGTERM); }));
  simulate.send(SIGHUP);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(simulate.runs());
  simulate.send(SIGTERM);
  EXPECT_EQ(simulate.wait(), 128 + SIGTERM);
}

}  // namespace
}  // namespace genbid::app
