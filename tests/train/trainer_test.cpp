#include "train/trainer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "base/atomic_file.h"
#include "base/stop_signal.h"
#include "base/temporary_folder.h"
#include "models/registry.h"
#include "train/samples.h"

namespace genbid {
namespace {

using test::LinearPolicy;
using test::small_store;

TrainConfig twenty_steps() {
  TrainConfig config;
  config.steps = 20;
  config.batch_size = 8;
  config.warmup_steps = 3;
  config.log_every = 7;
  config.eval_every = 10;
  config.checkpoint_every = 1000;
  return config;
}

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest()
      : training_(small_store({5, 5, 3, 4}, 5), {7}, Reward::kExpected, c10::kCPU),
        held_out_(small_store({5, 5, 3, 4}, 5), {8}, Reward::kExpected, c10::kCPU) {}

  TrainSummary train(Policy& policy, const TrainConfig& config, const std::string& name,
                     const std::string& resume_from = {}) {
    const std::string path = folder_.path() + "/" + name;
    const RunDir run = std::filesystem::exists(path) ? RunDir::open(path) : RunDir::create(path, "kind: train\n");
    CheckpointInfo info;
    info.shape = {2, 1};
    Trainer trainer(config, policy, training_, &held_out_, run, info, "kind: train\n");
    if (!resume_from.empty()) trainer.resume(resume_from);
    return trainer.run();
  }

  static std::shared_ptr<Policy> transformer() {
    ModelConfig config;
    config.decision_transformer.window = 3;
    config.decision_transformer.width = 16;
    config.decision_transformer.inner = 32;
    config.decision_transformer.layers = 1;
    return make_policy(config, {2, 1}, 1);
  }

  test::TemporaryFolder folder_;
  Dataset training_;
  Dataset held_out_;
};

TEST_F(TrainerTest, TenStepsAndResumeEqualTwentySteps) {
  const auto whole = transformer();
  whole->fit(training_.training_columns());
  const std::string expected = train(*whole, twenty_steps(), "whole").checkpoint;

  const auto first = transformer();
  first->fit(training_.training_columns());
  TrainConfig half = twenty_steps();
  half.stop_at = 10;
  const TrainSummary stopped = train(*first, half, "parts");
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.step, 10);

  const auto second = transformer();  // not fitted: the checkpoint carries the constants
  const std::string resumed = train(*second, twenty_steps(), "parts", stopped.checkpoint).checkpoint;
  EXPECT_EQ(read_file(resumed + "/model.safetensors"), read_file(expected + "/model.safetensors"));
  EXPECT_EQ(read_file(resumed + "/trainer.safetensors"), read_file(expected + "/trainer.safetensors"));
}

TEST_F(TrainerTest, LowersTheLossAndWritesMetrics) {
  LinearPolicy policy;
  TrainConfig config = twenty_steps();
  config.steps = 400;
  config.learning_rate = 0.05;
  const TrainSummary summary = train(policy, config, "run");
  EXPECT_LT(summary.loss.value(), 0.5);
  ASSERT_EQ(summary.held_out.size(), 1U);
  EXPECT_EQ(summary.held_out[0].period, 8);
  const std::string metrics = read_file(folder_.path() + "/run/metrics.jsonl");
  EXPECT_NE(metrics.find("\"train/loss\""), std::string::npos);
  EXPECT_NE(metrics.find("\"held_out/action_error/period_8\""), std::string::npos);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteStopsWithTheStepNamedAndNoCheckpoint) {
  LinearPolicy policy;
  policy.poison(5);
  try {
    train(policy, twenty_steps(), "run");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("step 5:"), std::string::npos) << e.what();
  }
  EXPECT_TRUE(RunDir::open(folder_.path() + "/run").checkpoints().empty());
}

TEST_F(TrainerTest, KeepsTheNewestCheckpoints) {
  LinearPolicy policy;
  TrainConfig config = twenty_steps();
  config.checkpoint_every = 6;
  config.keep = 2;
  train(policy, config, "run");
  const auto left = RunDir::open(folder_.path() + "/run").checkpoints();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_TRUE(left[0].ends_with("step-00000018"));
  EXPECT_TRUE(left[1].ends_with("step-00000020"));
}

TEST_F(TrainerTest, AStopSignalSavesACheckpoint) {
  stop_signal::install();
  std::raise(SIGTERM);
  LinearPolicy policy;
  const TrainSummary summary = train(policy, twenty_steps(), "run");
  stop_signal::reset();
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.step, 0);
  EXPECT_TRUE(std::filesystem::exists(summary.checkpoint + "/model.safetensors"));
}

}  // namespace
}  // namespace genbid
