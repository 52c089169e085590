#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// `genbid evaluate` under protocol replay, as a person types it.

namespace genbid::app {
namespace {

using test::expect_failure;
using test::ProgramResult;
using test::run_program;

class ReplayedLogs : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }

  test::TemporaryFolder folder_;
};

// The published run of AuctionNet's offline evaluation: 24 conversions within the limit.
TEST_F(ReplayedLogs, EvaluatesInAReplay) {
  const std::string log = " replay.log=tests/golden/offline_eval/scaled_log_2adv.csv replay.periods=0 ";
  const ProgramResult official = run_program(
      "evaluate configs/replay.yaml policy='{policy: fixed_alpha, cpa_ratio: 1}' replay.rules=official "
      "replay.budget=20 replay.cpa=0.2" +
      log + "output.dir=" + out("official"));
  ASSERT_EQ(official.status, 0) << official.output;
  EXPECT_NE(
      official.output.find("protocol replay, rules official, log scaled_log_2adv.csv, 1 advertisers x 1\nperiods"),
      std::string::npos)
      << official.output;
  EXPECT_NE(read_file(out("official/result.json")).find("\"score\": 24.0"), std::string::npos);

  for (const char* threads : {"1", "2"}) {
    const ProgramResult corrected =
        run_program("evaluate configs/replay.yaml policy='[pid, abid]' threads=" + std::string(threads) + log +
                    "output.dir=" + out(threads));
    ASSERT_EQ(corrected.status, 0) << corrected.output;
  }
  EXPECT_EQ(read_file(out("1/pid/result.json")), read_file(out("2/pid/result.json")));
  const std::string again = "evaluate configs/replay.yaml policy=pid" + log + "output.dir=" + out("1/pid");
  EXPECT_EQ(run_program(again).status, 0);  // a result replaces a result
  for (const char* mine : {"{\"name\": 1}", "[1, 2]", "notes"}) {
    write_file(out("1/pid/result.json"), mine);
    expect_failure(run_program(again), 1, "result.json: found a file that is not an evaluation's result");
    EXPECT_EQ(read_file(out("1/pid/result.json")), mine);
  }
  expect_failure(run_program("evaluate configs/replay.yaml market.periods=0" + log + "output.dir=" + out("wrong")), 2,
                 "market");
}

// Whether it is refused before it plays or while it reads the log.
TEST_F(ReplayedLogs, ARefusedReplayLeavesNothingBehind) {
  std::string log = read_file("tests/golden/offline_eval/scaled_log_2adv.csv");
  write_file(out("cut.csv"), log.substr(0, log.size() / 2));
  const std::string replay =
      "evaluate configs/replay.yaml policy='[{policy: fixed_alpha, alpha: 0.4}, pid]' "
      "replay.periods=0 output.dir=" +
      out("outputs/result") + " replay.log=";
  expect_failure(run_program(replay + out("cut.csv")), 1, "cut.csv");
  expect_failure(run_program(replay + out("nothing.csv")), 1, "nothing.csv");
  EXPECT_FALSE(std::filesystem::exists(out("outputs")));
}

// A damaged cell is never a score.
TEST_F(ReplayedLogs, ADamagedCellIsNamedAndPlayedAnewOnceItIsRemoved) {
  const std::string command =
      "evaluate configs/replay.yaml policy='{policy: fixed_alpha, alpha: 0.4}' replay.periods=0 "
      "replay.log=tests/golden/offline_eval/scaled_log_2adv.csv output.dir=" +
      out("result");
  ASSERT_EQ(run_program(command).status, 0);
  const std::string first = read_file(out("result/result.json"));
  const std::string file = out("result/cells/fixed_alpha_0.4/period-0.safetensors");
  std::string cells = read_file(file);
  cells.back() = static_cast<char>(cells.back() ^ 1);
  write_file(file, cells);
  expect_failure(run_program(command), 1,
                 file +
                     ": damaged: found other bytes than were written; remove this file, and the same evaluation "
                     "makes it anew");
  std::filesystem::remove(file);
  ASSERT_EQ(run_program(command).status, 0);
  EXPECT_EQ(read_file(out("result/result.json")), first);
}

// A job of a log is known by what the log holds, whatever it is called; and a result says who was judged.
TEST_F(ReplayedLogs, KeepsReplayedPeriods) {
  const std::string log = out("log.csv");
  std::string rows = read_file("tests/golden/offline_eval/scaled_log_2adv.csv");
  write_file(log, rows);
  const auto evaluate = [&](const std::string& path, const std::string& folder) {
    const ProgramResult result = run_program(
        "evaluate configs/replay.yaml policy='{policy: fixed_alpha, alpha: 0.4}' replay.periods=0 "
        "replay.log=" +
        path + " output.dir=" + out(folder));
    EXPECT_EQ(result.status, 0) << result.output;
    return read_file(out(folder + "/result.json"));
  };
  const std::string file = out("result/cells/fixed_alpha_0.4/period-0.safetensors");
  const std::string first = evaluate(log, "result");
  EXPECT_NE(first.find("\"bidder\": \"fixed_alpha\""), std::string::npos) << first.substr(0, 2000);
  const auto written = std::filesystem::last_write_time(file);
  std::filesystem::rename(log, out("renamed.csv"));
  evaluate(out("renamed.csv"), "result");
  EXPECT_EQ(std::filesystem::last_write_time(file), written);
  const std::string price = "0.0239292664184539";  // of the first impression, which is won
  for (size_t at = rows.find(price); at != std::string::npos; at = rows.find(price))
    rows.replace(at, price.size(), "0.02");
  write_file(log, rows);
  const std::string changed = evaluate(log, "result");
  EXPECT_NE(changed, first);
  EXPECT_EQ(changed, evaluate(log, "fresh"));
}

}  // namespace
}  // namespace genbid::app
