#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/temporary_folder.h"
#include "data/tape_store.h"

// A training in rounds from outside: live play, learning and judging take turns, and nothing of it changes where the
// training is stopped or killed.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::run_program;

class RoundsTraining : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }
  std::string text(const std::string& name) { return read_file(out(name)); }
  void must(const std::string& command) {
    const auto result = run_program(command);
    ASSERT_EQ(result.status, 0) << command << "\n" << result.output;
  }
  static std::string market(const std::string& section) {
    std::string all;
    for (const char* setting : {"impressions=4000", "budget_scale=0.008", "population=rules48"}) {
      all += " " + section + "." + setting;
    }
    return all + " ";
  }
  // Rounds of four steps, of two periods each.
  std::string train(const std::string& run, const std::string& more = "") {
    return "train configs/self_play.yaml run=" + out(run) + " train.steps=12 train.threads=1 train.log_every=4 " +
           "train.checkpoint_every=5 tapes.cells=12 model.width=16 rounds.every=4 rounds.periods=2 rounds.keep=2 " +
           "rounds.market.periods=2000..2004 select.every=6 select.market.periods=21" + market("rounds.market") +
           market("select.market") + more;
  }
  void expect_equal_weights(const std::string& a, const std::string& b, const std::string& step = "step-00000012") {
    for (const char* file : {"/model.safetensors", "/trainer.safetensors"}) {
      EXPECT_EQ(text(a + "/checkpoints/" + step + file), text(b + "/checkpoints/" + step + file)) << b << file;
    }
  }
  std::vector<std::string> rounds_of(const std::string& run) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(out(run + "/rounds"))) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  static pid_t start(const std::string& command) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const std::string shell = "exec " + std::string(std::getenv("GENBID_PROGRAM")) + " " + command + " >/dev/null 2>&1";
    ::execl("/bin/sh", "sh", "-c", shell.c_str(), nullptr);
    ::_exit(127);
  }

  test::TemporaryFolder folder_;
};

TEST_F(RoundsTraining, GoesOnInTheMiddleOfARoundAndAtItsStart) {
  must(train("whole"));
  for (const int stop : {6, 8}) {
    const std::string run = "stopped" + std::to_string(stop);
    must(train(run, "train.stop_at=" + std::to_string(stop)));
    must(train(run));
    expect_equal_weights("whole", run);
  }
  // Two rounds are learned from; one more is there for the checkpoint before the last.
  EXPECT_EQ(rounds_of("whole"),
            (std::vector<std::string>{"round-00000000.h5", "round-00000001.h5", "round-00000002.h5"}));
  const std::string metrics = text("whole/metrics.jsonl");
  for (const char* name :
       {"round/number\": 0", "round/number\": 2", "round/expected_score", "market/expected_score", "loss/cost"}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name << "\n" << metrics;
  }
}

TEST_F(RoundsTraining, IsTheSameWhereverItIsKilled) {
  must(train("whole"));
  int killed = 0;
  for (int attempt = 0; attempt < 6; ++attempt) {
    const std::string run = "killed" + std::to_string(attempt);
    const pid_t child = start(train(run, "train.checkpoint_every=1"));
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + 250 * attempt));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ++killed;
    must(train(run, "train.checkpoint_every=1"));
    expect_equal_weights("whole", run);
    for (const std::string& name : rounds_of(run)) EXPECT_TRUE(name.ends_with(".h5")) << name;
  }
  EXPECT_GT(killed, 0);
}

// The round takes far longer than anybody waits after a signal.
TEST_F(RoundsTraining, ASignalEndsTheLivePlayOfARound) {
  must(train("run",
             "rounds.every=1 rounds.periods=120 rounds.market.periods=2000..2119 train.stop_at=1 "
             "rounds.keep=1 select.every=0"));
  const pid_t child = start(train("run",
                                  "rounds.every=1 rounds.periods=120 rounds.market.periods=2000..2119 "
                                  "rounds.keep=1 select.every=0"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const auto begin = std::chrono::steady_clock::now();
  ::kill(child, SIGTERM);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
  EXPECT_EQ(rounds_of("run"), std::vector<std::string>{"round-00000000.h5"});
  EXPECT_EQ(RunDir::open(out("run")).checkpoints().size(), 1U);
}

// The population's own round is what simulate writes of it. In the next one it is the policy that bids, in as many
// seats as are asked for: among rivals of constant alphas, with money enough, what a lone seat could have had is as it
// was.
TEST_F(RoundsTraining, TapesAreOfTheMarketThatWasPlayed) {
  write_file(out("constant.yaml"), "seats: [{bidder: fixed_alpha, alpha: 90}]\n");
  const std::string constant = "rounds.market.population=" + out("constant.yaml") +
                               " rounds.market.budget_scale=1 select.every=0 " +
                               "rounds.periods=1 rounds.market.periods=2000 train.stop_at=5 ";
  must(train("all", constant));
  must(train("one", constant + "rounds.seats=1"));
  must("simulate configs/simulate.yaml market.impressions=4000 market.population=" + out("constant.yaml") +
       " market.periods=2000 output.tape=true output.ticks=false output.dir=" + out("tapes"));
  const auto tape = [&](const std::string& path) { return data::TapeStore(out(path)).read(); };
  const data::TapeColumns population = tape("tapes/tape.h5");
  EXPECT_EQ(tape("all/rounds/round-00000000.h5").knots, population.knots);
  EXPECT_EQ(tape("all/rounds/round-00000000.h5").price, population.price);
  const auto as_before = [&](const std::string& run) {  // seats whose curves are those against the population
    const data::TapeColumns round = tape(run + "/rounds/round-00000001.h5");
    EXPECT_EQ(round.num_pv, population.num_pv);
    const size_t size = population.knots.size() / 48;
    int64_t seats = 0;
    for (size_t seat = 0; seat < 48; ++seat) {
      const auto begin = static_cast<std::ptrdiff_t>(seat * size);
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      if (std::equal(round.knots.begin() + begin, round.knots.begin() + end, population.knots.begin() + begin)) ++seats;
    }
    return seats;
  };
  EXPECT_EQ(as_before("all"), 0);
  EXPECT_EQ(as_before("one"), 1);
}

// The tuning score of self-play is what the platform protocol says of the checkpoint.
TEST_F(RoundsTraining, IsJudgedAsThePlatformIs) {
  must(train("run", "train.steps=6"));
  must("evaluate configs/platform.yaml policy=" + out("run") + market("market") +
       "market.periods=21 output.dir=" + out("eval") + " allow_seen_periods=true");
  const auto best = nlohmann::json::parse(text("run/best.json"));
  const auto judged = nlohmann::json::parse(text("eval/result.json"));
  EXPECT_DOUBLE_EQ(best["expected_score"], judged["metrics"]["expected_score"]);
  const auto refused = run_program("evaluate configs/platform.yaml policy=" + out("run") + market("market") +
                                   "market.periods=2001 output.dir=" + out("seen"));
  EXPECT_NE(refused.output.find("allow_seen_periods"), std::string::npos) << refused.output;
}

// Rounds beside tapes, and a teacher's.
TEST_F(RoundsTraining, LearnsFromTapesToo) {
  must("simulate configs/simulate.yaml" + market("market") +
       "market.periods=7..8 output.tape=true output.ticks=false " + "output.dir=" + out("tapes"));
  const std::string tapes = "tapes.store=" + out("tapes/tape.h5") + " tapes.train_periods=7 tapes.held_out_periods=8 ";
  must(train("both", tapes + "rounds.share=0.5 train.steps=5"));
  must(train("taught", tapes + "rounds.share=0.25 train.steps=5 train.objective=teacher"));
  must(train("planner",
             "train.steps=5 model='{name: diffbid, width: 8, stages: 2, groups: 2, levels: 4, sampling_levels: 2, "
             "inverse_width: 8}'"));
  const auto result = run_program(train("e", "tapes.store=" + out("tapes/tape.h5") +
                                                 " tapes.train_periods=7 tapes.held_out_periods=8 rounds.share=0.5 "
                                                 "rounds.market.periods='[8, 9]'"));
  EXPECT_NE(result.output.find("held_out_periods: found period 8"), std::string::npos) << result.output;
}

TEST_F(RoundsTraining, Errors) {
  const auto says = [&](const std::string& more, const std::string& expected) {
    const auto result = run_program(train("e", more));
    EXPECT_NE(result.status, 0) << more;
    EXPECT_NE(result.output.find(expected), std::string::npos) << result.output << "\nexpected: " << expected;
  };
  says("rounds.market.periods='[]'", "rounds.market");
  says("rounds.market.periods=2000", "rounds.periods");
  says("rounds.seats=49", "rounds.seats");
  says("rounds.share=0.5", "a share of 1");
  says("rounds.market.population=nobody", "rounds.market.population");
  says("select.market.periods=2001", "found period 2001");
  says("train.objective=logged data.store=" + out("none.h5") + " data.train_periods=7", "none beside train.objective");
  says("rounds.market.traffic.structure=own rounds.market.traffic.ticks=24", "ticks");
  says("model='{name: diffbid, ticks: 24}'", "rounds.market");
  EXPECT_FALSE(fs::exists(out("e/checkpoints")));
  // A round that is gone.
  must(train("gone", "train.stop_at=6"));
  fs::remove(out("gone/rounds/round-00000001.h5"));
  const auto result = run_program(train("gone"));
  EXPECT_NE(result.output.find("round-00000001.h5: not there"), std::string::npos) << result.output;
}

// Where a round finds no room the training ends with the reason, and the same command goes on.
TEST_F(RoundsTraining, GoesOnAfterADiskThatWasFull) {
  must(train("whole"));
  must(train("run", "train.stop_at=4"));
  // Files of 64 kB at most: the tape is larger, and so is no checkpoint of so small a policy.
  const std::string limited = "env bash -c 'ulimit -f 64; trap \"\" XFSZ; exec \"$GENBID_PROGRAM\" ";
  const int status = std::system((limited + train("run") + "' >" + out("words.txt") + " 2>&1").c_str());
  EXPECT_NE(status, 0);
  EXPECT_NE(text("words.txt").find("round-00000001.h5"), std::string::npos) << text("words.txt");
  EXPECT_EQ(rounds_of("run"), std::vector<std::string>{"round-00000000.h5"});
  must(train("run"));
  expect_equal_weights("whole", "run");
}

}  // namespace
}  // namespace genbid::app
