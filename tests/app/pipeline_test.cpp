#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "app/run_program.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/files/safetensors.h"
#include "base/files/scratch.h"
#include "base/temporary_folder.h"

// The commands of README from outside: same bytes for any number of threads, nothing broken by a kill.

namespace genbid::app {
namespace {

using test::run_program;

class Pipeline : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto result = run_program("ingest configs/ingest.yaml output=" + store());
    ASSERT_EQ(result.status, 0) << result.output;
  }
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }
  std::string store() { return out("store.h5"); }
  std::string train(const std::string& model, const std::string& run, const std::string& more) {
    return "train configs/quickstart/" + model + ".yaml run=" + out(run) + " data.store=" + store() +
           " train.threads=1 train.batch_size=16 " + more;
  }
  void must(const std::string& command) {
    const auto result = run_program(command);
    ASSERT_EQ(result.status, 0) << command << "\n" << result.output;
  }

  test::TemporaryFolder folder_;
};

TEST_F(Pipeline, TwentyStepsEqualTenStepsResumed) {
  for (const char* model : {"behavior_cloning", "decision_transformer"}) {
    SCOPED_TRACE(model);
    const std::string whole = std::string(model) + "_whole";
    const std::string parts = std::string(model) + "_parts";
    must(train(model, whole, "train.steps=20"));
    must(train(model, parts, "train.steps=20 train.stop_at=10"));
    must(train(model, parts, "train.steps=20"));
    for (const char* file : {"model.safetensors", "trainer.safetensors"}) {
      EXPECT_EQ(read_file(out(whole) + "/checkpoints/step-00000020/" + file),
                read_file(out(parts) + "/checkpoints/step-00000020/" + file));
    }
  }
}

// The machine's time of day is set while a training goes on, again and again.
TEST_F(Pipeline, AClockThatJumpsChangesNothing) {
#ifdef GENBID_JUMPING_CLOCK
  must(train("decision_transformer", "steady", "train.steps=20"));
  ::setenv("LD_PRELOAD", GENBID_JUMPING_CLOCK, 1);
  const auto jumping =
      run_program(train("decision_transformer", "jumping", "train.steps=20 train.log_every=1 train.stop_at=10"));
  const auto rest = run_program(train("decision_transformer", "jumping", "train.steps=20 train.log_every=1"));
  ::unsetenv("LD_PRELOAD");
  ASSERT_EQ(jumping.status, 0) << jumping.output;
  ASSERT_EQ(rest.status, 0) << rest.output;
  EXPECT_EQ(read_file(out("jumping") + "/checkpoints/step-00000020/model.safetensors"),
            read_file(out("steady") + "/checkpoints/step-00000020/model.safetensors"));
  std::istringstream lines(read_file(out("jumping") + "/metrics.jsonl"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto values = nlohmann::json::parse(line);
    for (const auto& [name, value] : values.items()) {
      if (!value.is_number()) continue;
      EXPECT_GE(value.get<double>(), 0.0) << name << " in " << line;
      EXPECT_LT(value.get<double>(), 1e5) << name << " in " << line;
    }
  }
  EXPECT_GE(count, 20);
#else
  GTEST_SKIP() << "built with a sanitizer";
#endif
}

// Where the columns lie is no matter of what is learned, and the files that they lie in have no names to stay behind.
TEST_F(Pipeline, WhatDoesNotFitInMemoryIsTrainedOnFromFiles) {
  std::filesystem::create_directories(out("scratch"));
  try {
    const Scratch there(out("scratch"));
  } catch (const Error&) {
    GTEST_SKIP() << "TMPDIR is in memory, expected a disk";
  }
  must(
      "simulate configs/simulate.yaml market.population=rules48 market.impressions=2000 market.budget_scale=0.004 "
      "market.periods=1000..1005 output.trajectories=true output.ticks=false output.dir=" +
      out("days"));
  const std::string days = "train.steps=20 data.train_periods=1000..1005 data.held_out_periods=[] data.store=" +
                           out("days/trajectories.h5");  // 1.5 MB
  const std::string little = days + " data.memory_megabytes=1 data.scratch=" + out("scratch");
  must(train("decision_transformer", "memory", days));
  must(train("decision_transformer", "files", little + " train.stop_at=10"));
  EXPECT_NE(read_file(out("files/log.txt")).find("and lies in files without a name in " + out("scratch")),
            std::string::npos);
  must(train("decision_transformer", "files", days));
  std::filesystem::create_directories(out("temporary"));
  ::setenv("TMPDIR", out("temporary").c_str(), 1);
  must(train("decision_transformer", "without", days + " data.memory_megabytes=1"));
  ::unsetenv("TMPDIR");
  EXPECT_NE(read_file(out("without/log.txt")).find("lies in files without a name in " + out("temporary") + " "),
            std::string::npos);
  for (const char* file : {"model.safetensors", "trainer.safetensors"}) {
    const std::string expected = read_file(out("memory") + "/checkpoints/step-00000020/" + file);
    EXPECT_EQ(read_file(out("files") + "/checkpoints/step-00000020/" + file), expected);
    EXPECT_EQ(read_file(out("without") + "/checkpoints/step-00000020/" + file), expected);
  }
  EXPECT_TRUE(std::filesystem::is_empty(out("scratch")));
  const auto none = run_program(train("decision_transformer", "none", little + "/none"));
  test::expect_failure(none, 1, "data.scratch: " + out("scratch") + "/none: cannot make a file there: No such file");
  EXPECT_FALSE(std::filesystem::exists(out("none/checkpoints")));
}

// Judging a policy in a market while it is trained changes nothing of the training, in one go or in parts, and whoever
// loads the run takes the best checkpoint.
TEST_F(Pipeline, ATrainingThatIsJudgedIsTheSameTraining) {
  const std::string judged =
      " select.every=4 select.market.impressions=2000 select.market.budget_scale=0.004 select.market.periods=21 "
      "select.market.population=rules48 ";
  for (const char* model : {"behavior_cloning", "decision_transformer"}) {
    SCOPED_TRACE(model);
    const std::string plain = std::string(model) + "_plain";
    const std::string whole = std::string(model) + "_whole";
    const std::string parts = std::string(model) + "_parts";
    must(train(model, plain, "train.steps=12"));
    must(train(model, whole, "train.steps=12 train.keep=1" + judged));
    must(train(model, parts, "train.steps=12 train.keep=1 train.stop_at=6" + judged));
    must(train(model, parts, "train.steps=12 train.keep=1" + judged));
    const std::string last = "/checkpoints/step-00000012/model.safetensors";
    const std::string expected = read_file(out(plain) + last);
    EXPECT_EQ(read_file(out(whole) + last), expected);
    EXPECT_EQ(read_file(out(parts) + last), expected);
    EXPECT_EQ(read_file(out(parts) + "/best.json"), read_file(out(whole) + "/best.json"));
  }
  const auto best = nlohmann::json::parse(read_file(out("behavior_cloning_whole") + "/best.json"));
  EXPECT_EQ(best["tried"].size(), 3U);
  EXPECT_EQ(best["market_evaluations"], 3 * 48);
  must("evaluate configs/evaluate.yaml policy=" + out("behavior_cloning_whole") +
       " market.impressions=2000 market.budget_scale=0.004 market.periods=30 output.dir=" + out("eval"));
  const auto result = nlohmann::json::parse(read_file(out("eval") + "/result.json"));
  EXPECT_EQ(result["candidate"]["step"], best["step"]);
  EXPECT_EQ(result["selection"]["market_evaluations"], 3 * 48);
  // Days that it was chosen on are none to be judged on.
  const auto seen = run_program("evaluate configs/evaluate.yaml policy=" + out("behavior_cloning_whole") +
                                " market.impressions=2000 market.periods=21 output.dir=" + out("seen"));
  EXPECT_NE(seen.status, 0);
  EXPECT_NE(seen.output.find("found period 21, which this policy was tuned on"), std::string::npos) << seen.output;
  const auto own = run_program(train("behavior_cloning", "own", "select.every=4 select.market.periods=7"));
  EXPECT_NE(own.output.find("select.market.periods: found period 7, which this policy was trained on"),
            std::string::npos)
      << own.output;
}

// Who the rivals are in the market that it is judged in is said by what a file holds, not by its name.
TEST_F(Pipeline, ATrainingGoesOnAmongTheSameRivalsAlone) {
  const auto write_population = [&](const std::string& name, const std::string& bidder) {
    std::string text = "seats:\n";
    for (int place = 0; place < 8; ++place) {
      text += "  - {position: " + std::to_string(place) + ", bidder: " + bidder + "}\n";
    }
    write_file(out(name), text);
  };
  const auto judged = [&](const std::string& population, int stop) {
    return train("behavior_cloning", "among",
                 "train.steps=12 train.stop_at=" + std::to_string(stop) +
                     " select.every=4 select.market.impressions=2000 select.market.budget_scale=0.004 "
                     "select.market.periods=21 select.market.population=" +
                     out(population));
  };
  write_population("rivals.yaml", "pid");
  must(judged("rivals.yaml", 4));
  std::filesystem::rename(out("rivals.yaml"), out("renamed.yaml"));
  must(judged("renamed.yaml", 8));
  write_population("renamed.yaml", "fixed_alpha, alpha: 90");
  test::expect_failure(run_program(judged("renamed.yaml", 12)), 1,
                       "select.market.population: found seats other than those among which");
}

TEST_F(Pipeline, EvaluationAndSimulationWriteTheSameBytesForAnyNumberOfThreads) {
  must(train("decision_transformer", "run", "train.steps=5"));
  const std::string market = " market.impressions=4000 market.budget_scale=0.008 market.periods=30..31 ";
  for (const char* threads : {"1", "2", "3"}) {
    const std::string count = threads;
    must("evaluate configs/evaluate.yaml policy='[" + out("run") + ", pid]' threads=" + count + market +
         "output.dir=" + out("eval" + count));
    must("simulate configs/simulate.yaml threads=" + count + market + "output.dir=" + out("sim" + count));
  }
  for (const char* file : {"/decision_transformer/result.json", "/pid/result.json"}) {
    const std::string expected = read_file(out("eval1") + file);
    EXPECT_EQ(read_file(out("eval2") + file), expected);
    EXPECT_EQ(read_file(out("eval3") + file), expected);
  }
  for (const char* file : {"/ticks.csv", "/periods.csv"}) {
    const std::string expected = read_file(out("sim1") + file);
    EXPECT_EQ(read_file(out("sim2") + file), expected);
    EXPECT_EQ(read_file(out("sim3") + file), expected);
  }
}

TEST_F(Pipeline, AGeneratedDataSetIsTrainedOn) {
  const std::string generate = "simulate configs/generate.yaml market.impressions=2000 market.budget_scale=0.004 " +
                               ("market.periods=1000..1003 output.dir=" + out("generated"));
  must(generate);
  const auto again = run_program(generate);
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.output.find("all 4 periods were played before"), std::string::npos) << again.output;
  must("train configs/quickstart/behavior_cloning.yaml run=" + out("run") + " data.store=" + out("generated") +
       "/trajectories.h5 data.train_periods=1000..1002 data.held_out_periods=1003 train.threads=1 train.steps=2");
}

// In one training: the days of all of them are known, in parts as in one go, and nobody is judged on one of them.
TEST_F(Pipeline, SeveralStoresAreLearnedFromTogether) {
  const auto generate = [&](const std::string& name, int seed) {
    must("simulate configs/generate.yaml market.impressions=2000 market.budget_scale=0.004 market.periods=1000..1002 " +
         ("market.seed=" + std::to_string(seed)) + " output.dir=" + out(name));
    return out(name) + "/trajectories.h5";
  };
  const std::string made = generate("made", 1);
  const auto command = [&](const std::string& run, const std::string& other, const std::string& more) {
    return "train configs/quickstart/behavior_cloning.yaml run=" + out(run) + " data.store='[" + store() +
           ", {path: " + other +
           ", weight: 3, train_periods: 1000..1001}]' data.held_out_periods='[8, 1002]' data.weights=advantage " +
           "train.threads=1 train.batch_size=16 train.warmup_steps=1 train.steps=8 " + more;
  };
  must(command("whole", made, ""));
  must(command("parts", made, "train.stop_at=4"));
  const auto changed = run_program(command("parts", generate("changed", 2), ""));
  EXPECT_EQ(changed.status, 1);
  EXPECT_NE(changed.output.find("changed/trajectories.h5: found other data than those that"), std::string::npos)
      << changed.output;
  const auto weighed = run_program(command("parts", made, "data.weight_temperature=2"));
  EXPECT_NE(weighed.output.find("found data.weight_temperature: 1, expected 2"), std::string::npos) << weighed.output;
  must(command("parts", made, ""));
  for (const char* file : {"model.safetensors", "trainer.safetensors"}) {
    EXPECT_TRUE(read_file(out("parts") + "/checkpoints/step-00000008/" + file) ==
                read_file(out("whole") + "/checkpoints/step-00000008/" + file));
  }
  // 48 days of one store and 96 of the other, each of up to 48 windows.
  const std::string log = read_file(out("whole") + "/log.txt");
  EXPECT_NE(log.find(made + ": 96 trajectories, 8"), std::string::npos) << log;
  const auto judged = [&](const std::string& period) {
    return run_program("evaluate configs/evaluate.yaml policy=" + out("whole") + " market.impressions=2000 " +
                       "market.budget_scale=0.004 market.periods=" + period + " output.dir=" + out("eval" + period));
  };
  for (const std::string period : {"7", "1001"}) {
    EXPECT_NE(judged(period).output.find("found period " + period + ", which this policy was trained on"),
              std::string::npos);
  }
  EXPECT_NE(judged("1002").output.find("found period 1002, which this policy was tuned on"), std::string::npos);
  EXPECT_EQ(judged("1003").status, 0);
  const auto result = nlohmann::json::parse(read_file(out("eval1003") + "/result.json"));
  EXPECT_EQ(result["candidate"]["stores"][1]["trained_on"], nlohmann::json({1000, 1001}));

  const auto nowhere = run_program(command("none", made, "data.held_out_periods=9"));
  EXPECT_NE(nowhere.output.find("data.held_out_periods: found 9, which none of the stores holds"), std::string::npos)
      << nowhere.output;
  const auto seen =
      run_program("train configs/quickstart/behavior_cloning.yaml run=" + out("seen") + " data.store='[" + store() +
                  ", {path: " + store() + ", train_periods: 8, held_out_periods: 7}]' train.steps=1 train.threads=1");
  EXPECT_NE(seen.output.find("found period 8, which this policy was trained on"), std::string::npos) << seen.output;
}

TEST_F(Pipeline, ATrainingGoesOnWithTheSameDataAlone) {
  const auto generate = [&](const std::string& name, int seed) {
    must("simulate configs/generate.yaml market.impressions=2000 market.budget_scale=0.004 market.periods=1000..1001 " +
         ("market.seed=" + std::to_string(seed)) + " output.dir=" + out(name));
    return out(name) + "/trajectories.h5";
  };
  const std::string a = generate("a", 1);
  const std::string b = generate("b", 2);  // other rows; neither names files that it was made from
  const auto command = [&](const std::string& data, const std::string& more) {
    return "train configs/quickstart/behavior_cloning.yaml run=" + out("run") + " data.store=" + data +
           " data.train_periods=1000 data.held_out_periods=1001 train.threads=1 train.steps=4 " + more;
  };
  must(command(a, "train.stop_at=2"));
  const auto other = run_program(command(b, ""));
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.output.find(b + ": found other data than those that"), std::string::npos) << other.output;

  std::filesystem::rename(out("a"), out("renamed"));
  must(command(out("renamed") + "/trajectories.h5", ""));
}

TEST_F(Pipeline, ATrainingSaysWhatDiffersWhenItGoesOn) {
  must(train("behavior_cloning", "run", "train.steps=20 train.warmup_steps=0"));
  const auto more =
      run_program(train("behavior_cloning", "run", "train.steps=40 train.warmup_steps=0 train.threads=2"));
  EXPECT_EQ(more.status, 0) << more.output;
  EXPECT_NE(more.output.find("train.steps is 40 in place of 20: the learning rate goes on along the new schedule, at "),
            std::string::npos)
      << more.output;
  EXPECT_NE(more.output.find("trained by 1 threads until now, by 2 from here"), std::string::npos) << more.output;

  const auto fewer = run_program(train("behavior_cloning", "run", "train.steps=10 train.warmup_steps=0"));
  EXPECT_EQ(fewer.status, 1);
  EXPECT_NE(fewer.output.find("found 40 steps done, expected at most train.steps, which is 10"), std::string::npos)
      << fewer.output;

  const auto other = run_program(train("behavior_cloning", "run", "train.steps=40 train.warmup_steps=0 train.seed=7"));
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.output.find("found train.seed: 1, expected 7"), std::string::npos) << other.output;
}

TEST_F(Pipeline, ADamagedCheckpointNamesTheOneBeforeIt) {
  const std::string command = train("behavior_cloning", "run", "train.steps=4 train.checkpoint_every=2");
  must(command);
  const std::string last = out("run") + "/checkpoints/step-00000004";
  const std::string file = last + "/model.safetensors";
  const std::string whole = read_file(file);
  std::string flipped = whole;
  flipped[flipped.size() - 5] = static_cast<char>(flipped[flipped.size() - 5] ^ 1);
  const std::string before = out("run") + "/checkpoints/step-00000002";
  for (const std::string& bytes : {whole.substr(0, whole.size() / 2), flipped, std::string()}) {
    write_file(file, bytes);
    for (const std::string& verb :
         {command, "evaluate configs/evaluate.yaml market.impressions=2000 market.periods=30 policy=" + out("run") +
                       " output.dir=" + out("eval")}) {
      const auto result = run_program(verb);
      EXPECT_EQ(result.status, 1);
      EXPECT_NE(result.output.find(file + ": damaged: found "), std::string::npos) << result.output;
      EXPECT_NE(result.output.find("the checkpoint before it is " + before), std::string::npos) << result.output;
    }
  }
  std::filesystem::remove_all(last);
  must(command);
  EXPECT_EQ(read_file(file), whole);
}

TEST_F(Pipeline, ADataSetGoesOnWithTheSameFilesAlone) {
  // Tables of two days: who replaces one by the other asks for another data set.
  must("simulate configs/simulate.yaml market.rules=official market.periods='[0, 1]' market.impressions=2000 " +
       ("output.raw_log=true output.dir=" + out("logs")));
  for (const char* period : {"0", "1"}) {
    must(std::string("ingest configs/ingest.yaml input=") + out("logs") + "/raw_log/period-" + period +
         ".csv output= output_online_lp_table=" + out("table" + std::string(period) + ".csv"));
  }
  std::filesystem::copy_file(out("table0.csv"), out("table.csv"));
  const auto command = [&](const std::string& table) {
    return "simulate configs/generate.yaml market.impressions=2000 market.periods=1000..1001 "
           "explore.bidders='[{bidder: "
           "online_lp, table: " +
           out(table) + "}]' output.dir=" + out("set");
  };
  must(command("table.csv"));
  std::filesystem::rename(out("table.csv"), out("renamed.csv"));
  must(command("renamed.csv"));  // done before
  std::filesystem::copy_file(out("table1.csv"), out("table.csv"));
  const auto result = run_program(command("table.csv"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.output.find("explore.bidders[0].table: \"content "), std::string::npos) << result.output;
}

TEST_F(Pipeline, APolicyIsJudgedInDaysOfItsOwnLengthAlone) {
  for (const std::string ticks : {"1", "24", "96"}) {
    const std::string market =
        " market.population=pid48 market.traffic.structure=own market.impressions=2000 market.budget_scale=0.004 ";
    const std::string days = market + "market.traffic.ticks=" + ticks + " ";
    must("simulate configs/generate.yaml market.periods=1000..1002 output.dir=" + out("days" + ticks) +
         " explore.bidders='[{bidder: fixed_alpha, cpa_ratio: [0.6, 1.6]}]'" + days);
    for (const std::string model : {"behavior_cloning", "decision_transformer", "diffbid"}) {
      SCOPED_TRACE(model + ", days of " + ticks + " ticks");
      const std::string run = model + ticks;
      const bool plans = model == "diffbid";
      const std::string size = plans ? " model.width=8 model.ticks=" + std::string(ticks == "1" ? "2" : ticks) : "";
      must("train configs/" + (plans ? model : "quickstart/" + model) + ".yaml run=" + out(run) + " data.store=" +
           out("days" + ticks) + "/trajectories.h5 data.train_periods=1000..1001 data.held_out_periods=1002 " +
           "train.threads=1 train.batch_size=8 train.steps=20" + size);
      const std::string judge =
          "evaluate configs/evaluate.yaml policy=" + out(run) + " market.periods=1003 output.dir=";
      must(judge + out(run) + "/own" + days);
      const auto refused = run_program(judge + out(run) + "/usual" + market);
      EXPECT_EQ(refused.status, 1);
      EXPECT_NE(refused.output.find("found 48, expected " + ticks), std::string::npos) << refused.output;
    }
  }
}

// The baseline learns from days and windows that are cut as AuctionNet cuts them: cut otherwise, it learns something
// else. What it has learned plays.
TEST_F(Pipeline, TheOfficialTransformerIsTrainedOnDaysAndWindowsOfItsOwnCut) {
  const auto weights = [&](const std::string& run, const std::string& more) {
    must("train configs/decision_transformer_official.yaml run=" + out(run) + " data.store=" + store() +
         " data.train_periods=7 data.held_out_periods=8 train.threads=1 train.steps=3 train.warmup_steps=1" + more);
    return read_file(out(run) + "/checkpoints/step-00000003/model.safetensors");
  };
  const std::string official = weights("official", "");
  EXPECT_TRUE(weights("again", "") == official);  // megabytes, which nobody wants to read
  EXPECT_FALSE(weights("even", " data.starts=even") == official);
  EXPECT_FALSE(weights("bid", " data.ticks=bid") == official);
  must("evaluate configs/evaluate.yaml policy=" + out("official") +
       " market.impressions=2000 market.budget_scale=0.004 market.periods=30 output.dir=" + out("eval"));
}

TEST_F(Pipeline, ManyHeldOutPeriodsAreSummedUpInALine) {
  must(
      "simulate configs/generate.yaml market.impressions=2000 market.budget_scale=0.004 market.periods=1000..1005 "
      "output.dir=" +
      out("generated"));
  const auto result = run_program(
      "train configs/quickstart/behavior_cloning.yaml run=" + out("run") + " data.store=" + out("generated") +
      "/trajectories.h5 data.train_periods=1000 data.held_out_periods=1001..1005 train.threads=1 train.steps=2");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("\n  mean of 5 periods  "), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("period 1001"), std::string::npos) << result.output;
  EXPECT_NE(read_file(out("run") + "/metrics.jsonl").find("held_out/loss/period_1001"), std::string::npos);
}

// Starts a training that checkpoints at every step, and kills it.
void train_and_signal(const std::string& command, int signal, int milliseconds, int& status) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string shell = "exec " + std::string(std::getenv("GENBID_PROGRAM")) + " " + command + " >/dev/null 2>&1";
    ::execl("/bin/sh", "sh", "-c", shell.c_str(), nullptr);
    ::_exit(127);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  ::kill(child, signal);
  ::waitpid(child, &status, 0);
}

TEST_F(Pipeline, KillLeavesNoBrokenCheckpoint) {
  int seen = 0;
  for (int round = 0; round < 8; ++round) {
    const std::string run = "killed" + std::to_string(round);
    int status = 0;
    train_and_signal(train("behavior_cloning", run, "train.steps=100000 train.checkpoint_every=1 train.keep=3"),
                     SIGKILL, 900 + 170 * round, status);
    if (!std::filesystem::exists(out(run) + "/checkpoints")) continue;
    for (const std::string& checkpoint : RunDir::open(out(run)).checkpoints()) {
      EXPECT_NO_THROW(SafetensorsFile(checkpoint + "/model.safetensors"));
      EXPECT_NO_THROW(SafetensorsFile(checkpoint + "/trainer.safetensors"));
      EXPECT_FALSE(read_file(checkpoint + "/state.json").empty());
      ++seen;
    }
    // The run goes on from what is there.
    const auto checkpoints = RunDir::open(out(run)).checkpoints();
    if (checkpoints.empty()) continue;
    const auto step = std::stoll(checkpoints.back().substr(checkpoints.back().find("step-") + 5));
    must(train("behavior_cloning", run,
               "train.steps=100000 train.checkpoint_every=100000 train.stop_at=" + std::to_string(step + 2)));
    for (const auto& entry : std::filesystem::directory_iterator(out(run) + "/checkpoints")) {
      EXPECT_EQ(entry.path().filename().string().find(".tmp"), std::string::npos) << entry.path();
    }
  }
  EXPECT_GT(seen, 0);
}

TEST_F(Pipeline, SigtermSavesACheckpointAndReportsTheSignal) {
  int status = 0;
  train_and_signal(train("behavior_cloning", "stopped", "train.steps=1000000 train.checkpoint_every=1000000"), SIGTERM,
                   2500, status);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
  EXPECT_EQ(RunDir::open(out("stopped")).checkpoints().size(), 1U);
}

}  // namespace
}  // namespace genbid::app
