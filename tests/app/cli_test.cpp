#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "data/market_log.h"

// What a person sees who types something wrong: exit 2 for wrong use or config, 1 for what data or machine did.

namespace genbid::app {
namespace {

using test::expect_failure;
using test::ProgramResult;
using test::run_program;

class CommandLine : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }
  void ingest_sample() {
    const ProgramResult result = run_program("ingest configs/ingest.yaml output=" + out("store.h5"));
    ASSERT_EQ(result.status, 0) << result.output;
  }
  std::string train_command(const std::string& more = {}) {
    return "train configs/quickstart/behavior_cloning.yaml run=" + out("run") + " data.store=" + out("store.h5") +
           " train.steps=3 train.threads=1 " + more;
  }

  test::TemporaryFolder folder_;
};

TEST_F(CommandLine, HelpOfEveryVerbGivesAnExample) {
  EXPECT_EQ(run_program("--help").status, 0);
  for (const char* verb : {"ingest", "simulate", "train", "evaluate", "config"}) {
    const ProgramResult result = run_program(std::string(verb) + " --help");
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.output.find("genbid " + std::string(verb) + " configs/"), std::string::npos) << result.output;
  }
}

TEST_F(CommandLine, WrongUseExitsWith2) {
  EXPECT_EQ(run_program("").status, 2);
  EXPECT_EQ(run_program("bake configs/ingest.yaml").status, 2);
  EXPECT_EQ(run_program("train").status, 2);
}

TEST_F(CommandLine, AMissingConfigIsNamed) { expect_failure(run_program("train nowhere.yaml"), 2, "nowhere.yaml"); }

TEST_F(CommandLine, AConfigOfAnotherKindIsRefused) {
  expect_failure(run_program("train configs/ingest.yaml"), 2, "found 'ingest', expected 'train'");
}

TEST_F(CommandLine, AnUnknownKeyNamesTheNearestOne) {
  expect_failure(run_program("train configs/quickstart/behavior_cloning.yaml train.stepz=3"), 2, "train.steps");
}

TEST_F(CommandLine, ConfigPrintsDefaultsToo) {
  const ProgramResult result = run_program("config configs/decision_transformer.yaml train.steps=7");
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("steps: 7"), std::string::npos);
  EXPECT_NE(result.output.find("ema_decay: 0.999"), std::string::npos) << result.output;
}

// AuctionNet's rule has an amount in it that is nothing in its own currency.
TEST_F(CommandLine, ABudgetTooSmallToBidWithIsSaid) {
  const std::string market = "market.population=rules48 market.impressions=2000 market.periods=22 ";
  const ProgramResult played =
      run_program("simulate configs/simulate.yaml " + market + "market.budget_scale=1e-6 output.dir=" + out("days"));
  EXPECT_EQ(played.status, 0) << played.output;
  EXPECT_NE(played.output.find("with which nothing is won: nobody bids with less than 0.1 left (AuctionNet's rule)"),
            std::string::npos)
      << played.output;
  const ProgramResult judged =
      run_program("evaluate configs/evaluate.yaml policy=pid market.budget_scale=0.001 seats=[0] " + market +
                  "output.dir=" + out("judged"));
  EXPECT_EQ(judged.status, 0) << judged.output;
  EXPECT_NE(judged.output.find(" % cannot be spent: nobody bids with less than 0.1 left"), std::string::npos)
      << judged.output;
}

TEST_F(CommandLine, AMissingInputIsNamed) {
  expect_failure(run_program("ingest configs/ingest.yaml input=nowhere.csv output=" + out("store.h5")), 1,
                 "nowhere.csv");
  EXPECT_FALSE(std::filesystem::exists(out("store.h5")));
}

TEST_F(CommandLine, AMissingStoreIsNamed) { expect_failure(run_program(train_command()), 1, out("store.h5")); }

TEST_F(CommandLine, AStoreThatIsNoStoreIsNamed) {
  write_file(out("store.h5"), "not a store");
  expect_failure(run_program(train_command()), 1, out("store.h5"));
}

TEST_F(CommandLine, APathThatCannotBeIsNamed) {
  const std::string name(300, 'a');
  expect_failure(run_program("inspect " + name), 1, "genbid: " + name + ": File name too long");
  write_file(out("judged"), "");
  const std::string below = out("judged") + "/below";
  const ProgramResult result = run_program("evaluate configs/evaluate.yaml policy=pid output.dir=" + below);
  EXPECT_NE(result.status, 0);
  EXPECT_NE(result.output.find(out("judged")), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("filesystem error"), std::string::npos) << result.output;
}

// A shell leaves them as they are where they are quoted or stand behind `--output=`.
TEST_F(CommandLine, PathsMayBeginInTheHomeFolder) {
  const std::string home = "env HOME=" + out("home");
  std::filesystem::create_directory(out("home"));
  write_file(out("home/judge.yaml"), read_file("configs/evaluate.yaml"));
  const auto run = [&](const std::string& arguments) { return run_program(arguments, "&1", home); };
  const ProgramResult judged =
      run("evaluate '~/judge.yaml' policy=pid market.population=rules48 market.impressions=2000 market.periods=30 "
          "seats=3 output.dir=~/judged");
  EXPECT_EQ(judged.status, 0) << judged.output;
  const ProgramResult shown = run("report '~/judged' --output='~/page.html'");
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_TRUE(std::filesystem::exists(out("home/page.html")));
  expect_failure(run("inspect '~/none.h5'"), 1, out("home/none.h5"));
  expect_failure(run("act '~/none' </dev/null"), 1, out("home/none"));
  expect_failure(run("inspect '~bob/x'"), 2, "the command line: found '~bob/x', expected a path; ~/ stands for");
}

// What is inspected is checked as those who read it check it.
TEST_F(CommandLine, InspectRefusesWhatReadersRefuse) {
  const std::string path = out("log.h5");
  const auto write = [&](double pvalue) {
    data::MarketLogWriter log(path);
    log.begin_period(0, std::vector<data::MarketLogSeat>{{0, 0, 1.0, 1.0}});
    const std::vector<double> price = {0.5};
    log.add_tick(std::vector<double>{pvalue}, {}, {}, {}, price);
    log.end_period();
    log.finish({1, 1, "", "", ""});
  };
  write(1.0);
  EXPECT_EQ(run_program("inspect " + path).status, 0);
  write(5.0);
  expect_failure(run_program("inspect " + path), 1, "impression 0 holds 5.000000, expected a probability in [0, 1]");

  const std::string bytes = read_file(path);
  write_file(path, bytes.substr(0, bytes.size() / 2));
  expect_failure(run_program("inspect " + path), 1, "cannot be read (HDF5: truncated file");
}

TEST_F(CommandLine, APeriodThatTheStoreLacksIsNamed) {
  ingest_sample();
  expect_failure(run_program(train_command("data.train_periods=9")), 1, "expected period 9");
}

TEST_F(CommandLine, CudaWithoutAGpuIsAnErrorAndNotAFallback) {
  if (void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY); driver != nullptr)
    GTEST_SKIP() << "this machine has an NVIDIA driver";
  ingest_sample();
  expect_failure(run_program(train_command("train.device=cuda")), 1, "device: found 'cuda'");
  expect_failure(run_program(train_command("train.backend=nccl")), 2, "expected gloo beside train.device: cpu");
  EXPECT_FALSE(std::filesystem::exists(out("run")));
}

TEST_F(CommandLine, ARunGoesOnOnlyWithTheSettingsItBeganWith) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  expect_failure(run_program(train_command("train.seed=2")), 1, "found train.seed: 1, expected 2");
  const ProgramResult again = run_program(train_command());
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.output.find("step 3"), std::string::npos) << again.output;
}

// An experiment that was killed leaves a training that saves what it has: who goes on waits for it.
TEST_F(CommandLine, ATrainingWaitsForOneThatIsAboutToEnd) {
  ingest_sample();
  std::filesystem::create_directories(out("run"));
  const int file = ::open(out("run/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    ::close(file);
  });
  const ProgramResult result = run_program(train_command());
  other.join();
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_F(CommandLine, ATrainingEndsWithAReportThatReplacesNothingElse) {
  ingest_sample();
  std::filesystem::create_directory(out("run"));
  write_file(out("run/report.html"), "my own");
  const ProgramResult first = run_program(train_command());
  EXPECT_EQ(first.status, 0);
  EXPECT_NE(first.output.find("no report: " + out("run/report.html")), std::string::npos) << first.output;
  EXPECT_EQ(read_file(out("run/report.html")), "my own");
  std::filesystem::remove(out("run/report.html"));
  const ProgramResult again = run_program(train_command());
  EXPECT_NE(again.output.find("report: " + out("run/report.html")), std::string::npos) << again.output;
  EXPECT_NE(read_file(out("run/report.html")).find("Training curves"), std::string::npos);
}

TEST_F(CommandLine, ARunGoesOnOnlyWithTheDataItBeganWith) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  const std::string text = read_file("data/sample/trajectory_data_periods_7_8.csv");
  write_file(out("other.csv"), text.substr(0, text.rfind('\n', text.size() - 2) + 1));  // without its last row
  ASSERT_EQ(run_program("ingest configs/ingest.yaml input=" + out("other.csv") + " output=" + out("store.h5")).status,
            0);
  expect_failure(run_program(train_command("train.steps=4")), 1, "found other data than those that");
}

nlohmann::json document(const ProgramResult& result) {
  EXPECT_EQ(result.status, 0) << result.output;
  auto json = nlohmann::json::parse(result.output, nullptr, false);  // one document and nothing else
  EXPECT_FALSE(json.is_discarded()) << result.output;
  return json;
}

TEST_F(CommandLine, WithJsonAVerbPrintsOneDocumentAlone) {
  const std::string errors = out("errors.txt");
  const auto ingested = document(run_program("ingest --json configs/ingest.yaml output=" + out("store.h5"), errors));
  EXPECT_EQ(ingested["num_rows"], 4608);
  EXPECT_EQ(ingested["store"]["file"], out("store.h5"));

  const auto trained = document(run_program(train_command("--json"), errors));
  EXPECT_EQ(trained["step"], 3);
  EXPECT_EQ(trained["steps"], 3);
  EXPECT_EQ(trained["stopped"], false);
  EXPECT_GT(trained["loss"], 0.0);
  EXPECT_GT(trained["seconds"], 0.0);
  EXPECT_EQ(trained["held_out"]["periods"][0]["period"], 8);
  EXPECT_GT(trained["held_out"]["mean"]["action_error"], 0.0);
  EXPECT_EQ(trained["checkpoint"], out("run") + "/checkpoints/step-00000003");
  EXPECT_NE(read_file(errors).find("train  3 / 3 steps"), std::string::npos);  // progress as ever, elsewhere

  const std::string market = " market.impressions=2000 market.budget_scale=0.004 ";
  const auto judged = document(run_program("evaluate configs/evaluate.yaml policy='[" + out("run") + ", pid]'" +
                                               market + "market.periods=30 --json output.dir=" + out("eval"),
                                           errors));
  EXPECT_EQ(judged["context"]["periods"], nlohmann::json({30}));
  ASSERT_EQ(judged["candidates"].size(), 2U);
  EXPECT_EQ(judged["candidates"][0]["name"], "perceptron");
  EXPECT_EQ(judged["candidates"][0]["file"], out("eval") + "/perceptron/result.json");
  const auto result = nlohmann::json::parse(read_file(out("eval") + "/pid/result.json"));
  EXPECT_EQ(judged["candidates"][1]["mean"], result["mean"]);

  const auto played =
      document(run_program("--json simulate configs/simulate.yaml" + market + "output.dir=" + out("sim"), errors));
  EXPECT_EQ(played["periods"].size(), 2U);
  EXPECT_EQ(played["periods"][1]["period"], 1);
  EXPECT_NEAR(played["mean"]["score"].get<double>(),
              0.5 * (played["periods"][0]["score"].get<double>() + played["periods"][1]["score"].get<double>()), 1e-12);
  EXPECT_EQ(played["files"].size(), 2U);

  EXPECT_EQ(document(run_program("config configs/evaluate.yaml policy=pid --json", errors))["policy"][0]["policy"],
            "pid");
  const auto timed = document(run_program("bench act.perceptron --json", errors));
  EXPECT_EQ(timed[0]["name"], "act.perceptron");
}

TEST_F(CommandLine, WithJsonAnErrorIsTextAndStandardOutputEmpty) {
  const auto failed = run_program("train configs/ingest.yaml --json", out("errors.txt"));
  EXPECT_EQ(failed.status, 2);
  EXPECT_EQ(failed.output, "");
  EXPECT_TRUE(read_file(out("errors.txt")).starts_with("genbid: configs/ingest.yaml: key 'kind'"));
}

TEST_F(CommandLine, QuietLeavesWarningsErrorsAndTheResult) {
  const std::string errors = out("errors.txt");
  const std::string market = " market.impressions=2000 market.budget_scale=0.004 ";
  const auto expect_silence = [&](const std::string& arguments, const std::string& part) {
    const auto result = run_program(arguments, errors);
    EXPECT_EQ(result.status, 0) << arguments;
    EXPECT_EQ(read_file(errors), "") << arguments;
    EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
  };
  expect_silence("ingest configs/ingest.yaml output=" + out("store.h5") + " --quiet", "Ingested 96 trajectories");
  expect_silence("-q " + train_command(), "step 3 of 3");
  expect_silence("simulate --quiet configs/simulate.yaml" + market + "output.dir=" + out("sim"), "periods.csv");
  expect_silence(
      "evaluate configs/evaluate.yaml policy=pid -q market.periods=30" + market + "output.dir=" + out("eval"), "pid");
  expect_failure(run_program("train configs/ingest.yaml --quiet"), 2, "genbid: configs/ingest.yaml: key 'kind'");
}

TEST_F(CommandLine, NoLineOfAVerbIsLongerThan80Columns) {
  const std::string market = " market.impressions=2000 market.budget_scale=0.004 ";
  // Paths stay whole, so that they can be copied.
  for (const std::string& arguments :
       {"ingest configs/ingest.yaml output=" + out("store.h5"), train_command(),
        "simulate configs/simulate.yaml" + market + "output.dir=" + out("sim"),
        "ingest configs/ingest.yaml input=tests/golden/run_pid_small/log-0-agents-0-17.csv output=" + out("raw.h5")}) {
    const auto result = run_program(arguments, "/dev/null");
    EXPECT_EQ(result.status, 0) << arguments;
    std::istringstream lines(result.output);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.size() <= 80 || line.find(folder_.path()) != std::string::npos) << line;
    }
  }
}

TEST_F(CommandLine, APrometheusFileIsCalledSo) {
  ingest_sample();
  expect_failure(run_program(train_command("train.prometheus=" + out("a.txt"))), 2,
                 "expected a name that ends in .prom");
  EXPECT_EQ(run_program(train_command("train.prometheus=" + out("a.prom"))).status, 0);
  EXPECT_NE(read_file(out("a.prom")).find("genbid_train_step{run=\"" + out("run") + "\"} 3\n"), std::string::npos);
  // A finished run says again what it had come to; another file is no other run.
  EXPECT_EQ(run_program(train_command("train.prometheus=" + out("b.prom"))).status, 0);
  EXPECT_EQ(read_file(out("a.prom")), read_file(out("b.prom")));
  write_file(out("mine.prom"), "node_mine 1\n");
  expect_failure(
      run_program(train_command("train.prometheus=" + out("mine.prom"))), 2,
      "train.prometheus: found '" + out("mine.prom") + "', a file that is not a run's numbers for Prometheus");
  EXPECT_EQ(read_file(out("mine.prom")), "node_mine 1\n");
}

// A pipe without a writer would be waited for.
TEST_F(CommandLine, APipeIsNotReadAsWhatABidderKnows) {
  ASSERT_EQ(::mkfifo(out("pipe").c_str(), 0600), 0);
  for (const std::string bidder : {"online_lp, table", "planner, knowledge"}) {
    expect_failure(run_program("evaluate configs/evaluate.yaml policy='{policy: " + bidder + ": " + out("pipe") +
                               "}' output.dir=" + out("eval")),
                   1, out("pipe") + ": found a pipe, expected a file");
  }
}

// Earlier programs learned from the score of the expectation, and did not say so.
TEST_F(CommandLine, ARunGoesOnOnlyWithTheReturnsItBeganWith) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  for (const auto& one : std::filesystem::directory_iterator(out("run/checkpoints"))) {
    const std::string path = one.path().string() + "/state.json";
    if (!std::filesystem::exists(path)) continue;
    std::string state = read_file(path);
    const size_t key = state.find("\"returns\"");
    ASSERT_NE(key, std::string::npos);
    write_file(path, state.erase(key, state.find('\n', key) - key));
  }
  expect_failure(run_program(train_command("train.steps=4")), 1,
                 "found a run whose expected returns are the score of the mean");
}

TEST_F(CommandLine, BenchPrintsAJsonObjectALine) {
  const auto done = run_program("bench act.perceptron");
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.output.find("{\"name\":\"act.perceptron\",\"value\":"), 0U) << done.output;
  EXPECT_NE(
      done.output.find("\"unit\":\"ms\",\"settings\":{\"model\":\"perceptron\",\"size\":\"default\",\"batch\":48"),
      std::string::npos);
  const auto step = run_program("bench step.perceptron --small");
  EXPECT_EQ(step.status, 0);
  for (const char* part : {"gather", "forward", "loss", "backward", "optimizer", "whole"}) {
    EXPECT_NE(step.output.find("{\"name\":\"step.perceptron." + std::string(part) + "\""), std::string::npos) << part;
  }
  expect_failure(run_program("bench step. --device gpu"), 1, "device: found 'gpu', expected cpu, cuda or cuda:N");
  expect_failure(run_program("bench nosuch"), 2, "found prefix 'nosuch', expected the beginning of one of");
}

TEST_F(CommandLine, IngestMakesATableAloneAndNeverOverItsInput) {
  const std::string log = "tests/golden/run_pid_small/log-0-agents-0-17.csv";
  const auto done =
      run_program("ingest configs/ingest.yaml input=" + log + " output= output_online_lp_table=" + out("table.csv"));
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("OnlineLP table of period 0: "), std::string::npos) << done.output;
  expect_failure(run_program("ingest configs/ingest.yaml input=" + log + " output_online_lp_table=" + out("t.csv")), 2,
                 "no output, output_market_log and output_tape beside it");
  expect_failure(run_program("ingest configs/ingest.yaml input=" + out("table.csv") +
                             " output= output_online_lp_table=" + out("table.csv")),
                 2, "which is an input too");
  expect_failure(run_program("ingest configs/ingest.yaml input=" + log + " output="), 2, "expected a path");
}

TEST_F(CommandLine, ATargetReturnIsRefusedWhereNoneIsRead) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  expect_failure(run_program("evaluate configs/evaluate.yaml policy='{policy: " + out("run") +
                             ", target_return: 1}' output.dir=" + out("eval")),
                 1, "target_return: found 1, but perceptron does not read it");
}

TEST_F(CommandLine, ANameCannotLeaveTheOutputFolder) {
  expect_failure(
      run_program("evaluate configs/evaluate.yaml policy='{policy: pid, name: ..}' output.dir=" + out("eval")), 2,
      "a name for a folder");
}

TEST_F(CommandLine, EvaluationRefusesWhatIsNoPolicy) {
  const std::string rest = " market.impressions=1000 output.dir=" + out("eval");
  expect_failure(run_program("evaluate configs/evaluate.yaml policy=pud" + rest), 1,
                 "found 'pud', expected a run folder, a checkpoint, a bundle, or a rule bidder (pid, fixed_alpha, "
                 "abid, online_lp, "
                 "official_agent, pacing, planner)");
  expect_failure(
      run_program("evaluate configs/evaluate.yaml policy=pid market.impressions=1000 output.dir=/dev/null/x"), 1,
      "/dev/null/x");
  expect_failure(run_program("evaluate configs/evaluate.yaml policy=configs" + rest), 1, "not a checkpoint");
  expect_failure(run_program("evaluate configs/evaluate.yaml policy=pid market.rules=exact" + rest), 2, "corrected");
  expect_failure(run_program("evaluate configs/evaluate.yaml policy=pid market.population=crowd" + rest), 2, "rules48");
}

TEST_F(CommandLine, EvaluationRefusesPeriodsThePolicyHasSeen) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  const std::string command = "evaluate configs/evaluate.yaml policy=" + out("run") +
                              " market.impressions=1000 market.budget_scale=0.002 output.dir=" + out("eval");
  expect_failure(run_program(command + " market.periods='[7, 30]'"), 1,
                 "found period 7, which this policy was trained on");
  expect_failure(run_program(command + " market.periods=8"), 1, "which this policy was tuned on");
  EXPECT_FALSE(std::filesystem::exists(out("eval")));
  EXPECT_EQ(run_program(command + " market.periods=7 allow_seen_periods=true").status, 0);
}

TEST_F(CommandLine, EvaluationRefusesPeriodsThatARuleWasTunedOn) {
  const std::string command =
      "evaluate configs/evaluate.yaml policy=pacing market.impressions=1000 "
      "market.budget_scale=0.002 seats=[0] output.dir=" +
      out("eval");
  expect_failure(run_program(command + " market.periods=20"), 1, "pacing: market.periods: found period 20");
  EXPECT_EQ(run_program(command + " market.periods=30").status, 0);
}

TEST_F(CommandLine, EvaluationRefusesPeriodsOfAPlannersTape) {
  const std::string market = " market.impressions=1000 market.budget_scale=0.002";
  const auto simulated = run_program(
      "simulate configs/tape.yaml market.rules=corrected market.population=rules48 "
      "market.periods=30" +
      market + " output.dir=" + out("tape"));
  ASSERT_EQ(simulated.status, 0) << simulated.output;
  const std::string command =
      "evaluate configs/evaluate.yaml policy='{policy: planner, name: mine, knowledge: " + out("tape/tape.h5") +
      "}' seats=[0]" + market + " output.dir=" + out("eval");
  expect_failure(run_program(command + " market.periods=30"), 1,
                 "mine: market.periods: found period 30, which this policy was tuned on");
  const auto played = run_program(command + " market.periods=31");
  ASSERT_EQ(played.status, 0) << played.output;
  EXPECT_EQ(nlohmann::json::parse(read_file(out("eval/result.json")))["candidate"]["tuned_on"], std::vector<int>{30});
}

// An alpha of 120 within one of 90 is one of 90, in every cell.
TEST_F(CommandLine, AConstraintLowersBids) {
  const std::string market =
      "evaluate configs/evaluate.yaml market.periods=30 market.impressions=2000 market.budget_scale=0.004 "
      "seats=[0,7,20] ";
  const auto played = run_program(market +
                                  "policy='[{policy: fixed_alpha, alpha: 90}, {policy: fixed_alpha, alpha: 120, act: "
                                  "{constraint: {policy: fixed_alpha, alpha: 90}}}, {policy: fixed_alpha, alpha: 120, "
                                  "name: within, act: {constraint: planner}}]' output.dir=" +
                                  out("eval"));
  ASSERT_EQ(played.status, 0) << played.output;
  const auto read = [&](const std::string& name) {
    return nlohmann::json::parse(read_file(out("eval/" + name + "/result.json")));
  };
  const auto within = read("fixed_alpha_120_within_fixed_alpha_90");
  EXPECT_EQ(within["mean"], read("fixed_alpha_90")["mean"]);
  EXPECT_EQ(within["candidate"]["alpha"], 120.0);
  EXPECT_EQ(within["candidate"]["constraint"]["alpha"], 90.0);
  EXPECT_EQ(read("within")["candidate"]["constraint"]["bidder"], "planner");
}

TEST_F(CommandLine, AConstraintMustBeOneThatCanBid) {
  const auto fails = [&](const std::string& constraint, int status, const std::string& message) {
    expect_failure(
        run_program("evaluate configs/evaluate.yaml market.periods=30 market.impressions=1000 policy='{policy: "
                    "pid, act: {constraint: " +
                    constraint + "}}' output.dir=" + out("eval")),
        status, message);
  };
  fails("hindsight_alpha", 2, "one policy or rule bidder as it is, or none");
  fails("[pacing, planner]", 2, "one policy or rule bidder as it is, or none");
  fails("{policy: pacing, act: {constraint: planner}}", 2, "one policy or rule bidder as it is, or none");
  fails("padding", 1, "found 'padding', expected a run folder, a checkpoint, a bundle, or a rule bidder");
  EXPECT_FALSE(std::filesystem::exists(out("eval")));
}

// What is chosen is the best on the tuning period, and the result says what that took.
TEST_F(CommandLine, ASelectionTakesTheBestOptionOfTheTuningPeriod) {
  const std::string market =
      "evaluate configs/evaluate.yaml market.impressions=2000 market.budget_scale=0.004 "
      "seats=[0,7,20] ";
  const auto read = [&](const std::string& name) { return nlohmann::json::parse(read_file(out(name))); };
  const auto alone = run_program(market +
                                 "market.periods=21 policy='[{policy: fixed_alpha, alpha: 5}, {policy: "
                                 "fixed_alpha, alpha: 90}, {policy: fixed_alpha, alpha: 300}]' output.dir=" +
                                 out("alone"));
  ASSERT_EQ(alone.status, 0) << alone.output;
  const auto selected = run_program(market +
                                    "market.periods=30 policy='{policy: fixed_alpha, name: mine, select: {over: "
                                    "[{alpha: 5}, {alpha: 90}, {alpha: 300}], periods: 21}}' output.dir=" +
                                    out("chosen"));
  ASSERT_EQ(selected.status, 0) << selected.output;
  const auto result = read("chosen/result.json");
  EXPECT_EQ(result["name"], "mine");
  EXPECT_EQ(result["candidate"]["alpha"], 90.0);
  EXPECT_EQ(result["selection"]["market_evaluations"], 9);
  EXPECT_EQ(result["selection"]["periods"], std::vector<int>{21});
  EXPECT_EQ(result["selection"]["taken"], 1);
  double best = 0.0;
  for (const int alpha : {5, 90, 300}) {
    const auto mean = read("alone/fixed_alpha_" + std::to_string(alpha) + "/result.json")["mean"];
    best = std::max(best, mean["expected_score"].get<double>());
  }
  EXPECT_NEAR(result["selection"]["tried"][1]["expected_score"].get<double>(), best, 1e-12);
}

TEST_F(CommandLine, ATruncatedCheckpointIsNamed) {
  ingest_sample();
  ASSERT_EQ(run_program(train_command()).status, 0);
  const std::string file = out("run") + "/checkpoints/step-00000003/model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 100);
  expect_failure(run_program("evaluate configs/evaluate.yaml market.periods=30 policy=" + out("run") +
                             " output.dir=" + out("eval")),
                 1, file);
}

}  // namespace
}  // namespace genbid::app
