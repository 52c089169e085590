#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/program.h"
#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/temporary_folder.h"

// What other programs read in a run's files: TensorBoard, Prometheus, and the blocks of docs/results_elsewhere.md.

namespace genbid::app {
namespace {

using test::Program;
using test::run_program;

constexpr int kNoPython = 77;

// tests/app/read_elsewhere.py, run in `folder`.
int read_elsewhere(const std::string& folder, const std::string& arguments) {
  const std::string here = std::filesystem::current_path();
  const std::string command = "cd '" + folder + "' && GENBID=\"$GENBID_PROGRAM\" bash '" + here +
                              "/tests/peer_python.sh' '" + here + "/tests/app/read_elsewhere.py' " + arguments;
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// With scripts/test.sh --peers a tool that is missing is a failure.
bool skips(int status) { return status == kNoPython && std::getenv("GENBID_PEERS") == nullptr; }

class Elsewhere : public ::testing::Test {
 protected:
  void must(const std::string& arguments) {
    const auto result = run_program(arguments);
    ASSERT_EQ(result.status, 0) << arguments << "\n" << result.output;
  }
  std::string out(const std::string& name) const { return folder_.path() + "/" + name; }

  test::TemporaryFolder folder_;
};

int64_t last_step(const std::string& metrics) {
  std::istringstream lines(metrics);
  int64_t step = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with("}")) step = std::stoll(line.substr(line.find(':') + 1));
  }
  return step;
}

// Killed behind a checkpoint, resumed, stopped, resumed: no value twice, none missing.
TEST_F(Elsewhere, TensorBoardAndPrometheusHaveTheValuesOfMetricsJsonl) {
  must("ingest configs/ingest.yaml output=" + out("store.h5"));
  const std::vector<std::string> train = {"train",
                                          "configs/quickstart/behavior_cloning.yaml",
                                          "run=" + out("run"),
                                          "data.store=" + out("store.h5"),
                                          "train.prometheus=" + out("run.prom"),
                                          "train.threads=1",
                                          "train.batch_size=16",
                                          "train.steps=1000000",
                                          "train.log_every=5",
                                          "train.eval_every=20",
                                          "train.checkpoint_every=20"};
  const std::string metrics = out("run/metrics.jsonl");
  int64_t saved = 0;
  for (int attempt = 0; attempt < 50; ++attempt) {  // until a kill leaves steps beyond its checkpoint
    Program program(train, out("output.txt"));
    ASSERT_TRUE(test::wait_for([&] {
      return std::filesystem::exists(out("run/checkpoints")) && !RunDir::open(out("run")).checkpoints().empty() &&
             last_step(read_file(metrics)) > saved + 20;
    }));
    program.send(SIGKILL);
    program.wait();
    saved =
        std::stoll(std::filesystem::path(RunDir::open(out("run")).checkpoints().back()).filename().string().substr(5));
    if (last_step(read_file(metrics)) > saved) break;
  }
  ASSERT_GT(last_step(read_file(metrics)), saved);
  std::vector<std::string> events;
  for (const auto& entry : std::filesystem::directory_iterator(out("run"))) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) events.push_back(entry.path());
  }
  ASSERT_FALSE(events.empty());
  std::ofstream(*std::max_element(events.begin(), events.end()), std::ios::app) << "\x20torn";  // a frame cut by a kill

  std::string again;
  for (const std::string& one : train) again += one + " ";
  must(again + "train.stop_at=" + std::to_string(saved + 30));
  must(again + "train.stop_at=" + std::to_string(saved + 42));
  const int status = read_elsewhere(folder_.path(), "tensorboard " + out("run"));
  if (skips(status)) GTEST_SKIP() << "no Python with TensorBoard, and none could be installed";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_elsewhere(folder_.path(), "prometheus " + out("run") + " " + out("run.prom")), 0);
}

TEST_F(Elsewhere, TheBlocksOfThePageRun) {
  const std::string runs = out("runs/quickstart/");
  must("ingest configs/ingest.yaml output=" + runs + "trajectories.h5");
  for (const std::string model : {"behavior_cloning", "decision_transformer"}) {
    must("train configs/quickstart/" + model + ".yaml run=" + runs + model + " data.store=" + runs +
         "trajectories.h5 train.steps=20 train.log_every=5 train.eval_every=10 train.batch_size=16 train.threads=1");
  }
  const std::string market = " market.impressions=2000 market.budget_scale=0.004 ";
  must("evaluate configs/quickstart/evaluate.yaml policy='[{policy: " + runs +
       "behavior_cloning, name: behavior_cloning}, pid]' reference=pid" + market + "output.dir=" + runs + "evaluation");
  must("simulate configs/simulate.yaml" + market + "output.dir=" + out("runs/simulate"));
  const std::string page = std::filesystem::current_path().string() + "/docs/results_elsewhere.md";
  const int status = read_elsewhere(folder_.path(), "page " + page);
  if (skips(status)) GTEST_SKIP() << "no Python with pandas and MLflow, and none could be installed";
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::exists(runs + "loss.png"));
  EXPECT_TRUE(std::filesystem::exists(out("runs/mlflow")));
}

}  // namespace
}  // namespace genbid::app
