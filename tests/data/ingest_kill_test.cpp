#include <gtest/gtest.h>

#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/child_test.h"
#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "files.h"
#include "golden.h"

namespace genbid::data {
namespace {

using test::content_of;
using test::TempFolder;

void run_ingest(const std::string& input, const std::string& output) {
  IngestConfig config;
  config.input = {input};
  config.output = output;
  config.threads = 2;
  ingest(config);
}

// The test below is the child that ingests.
pid_t start_child(const std::string& input, const std::string& output) {
  return test::start_child_test("Ingest.Killed*", {{"GENBID_TEST_INPUT", input}, {"GENBID_TEST_OUTPUT", output}});
}

TEST(Ingest, KilledAtAnyMomentItLeavesNoStoreOrAWholeOne) {
  if (const char* input = std::getenv("GENBID_TEST_INPUT")) {
    run_ingest(input, std::getenv("GENBID_TEST_OUTPUT"));
    return;
  }
  std::string input = test::find_vector("official_market/trajectory_data.csv");
  if (input.empty()) input = "data/sample/trajectory_data_periods_7_8.csv";
  const TempFolder folder;
  const std::string output = folder.file("s.h5");
  run_ingest(input, output);
  const std::string whole = content_of(output);

  using Clock = std::chrono::steady_clock;
  std::filesystem::remove(output);
  const Clock::time_point start = Clock::now();
  int status = 0;
  ASSERT_EQ(waitpid(start_child(input, output), &status, 0) > 0 && status == 0, true);
  const auto full = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
  ASSERT_EQ(content_of(output), whole);

  int killed = 0;
  int killed_and_left_temporary = 0;
  uint32_t random = 3;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const bool with_old_store = round % 2 == 1;
    if (with_old_store) {
      folder.write("s.h5", whole);
    } else {
      std::filesystem::remove(output);
    }
    const pid_t child = start_child(input, output);
    random = random * 1664525U + 1013904223U;
    // Spread over the run, a third of the rounds over its last quarter, where the store is written.
    const double share = static_cast<double>(random >> 8) * 0x1p-24;
    const double at = round % 3 == 0 ? 0.75 + 0.3 * share : 1.05 * share;
    std::this_thread::sleep_for(std::chrono::microseconds(static_cast<int64_t>(at * static_cast<double>(full))));
    kill(child, SIGKILL);
    ASSERT_GT(waitpid(child, &status, 0), 0);
    if (WIFSIGNALED(status)) ++killed;

    if (std::filesystem::exists(output)) {
      ASSERT_EQ(content_of(output), whole) << round;
      ASSERT_EQ(TrajectoryStore(output).read().num_rows(), TrajectoryStore(output).num_rows());
    } else {
      ASSERT_FALSE(with_old_store) << round;
    }
    if (folder.names().size() > (std::filesystem::exists(output) ? 1U : 0U)) ++killed_and_left_temporary;
  }
  EXPECT_GT(killed, kRounds / 3);
  EXPECT_GT(killed_and_left_temporary, 0);  // else no kill met the work

  run_ingest(input, output);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"s.h5"});
  EXPECT_EQ(content_of(output), whole);
}

}  // namespace
}  // namespace genbid::data
