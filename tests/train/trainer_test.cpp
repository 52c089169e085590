#include "train/trainer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/stop_signal.h"
#include "base/temporary_folder.h"
#include "models/decision_transformer/decision_transformer.h"
#include "models/diffbid/diffbid.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/samples.h"
#include "train/trajectory_weights.h"

namespace genbid::train {
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

  TrainSummary train(policy::Policy& policy, const TrainConfig& config, const std::string& name,
                     const std::string& resume_from = {}) {
    const std::string path = folder_.path() + "/" + name;
    const RunDir run = std::filesystem::exists(path) ? RunDir::open(path) : RunDir::create(path, "kind: train\n");
    policy::CheckpointInfo info;
    info.shape = {2, 1};
    LoggedWindows windows(training_, policy, config.batch_size, config.accumulate, config.seed);
    Trainer trainer(config, policy, windows, &held_out_, &run, info, "kind: train\n");
    if (!resume_from.empty()) trainer.resume(resume_from);
    return trainer.run();
  }

  static std::shared_ptr<policy::Policy> transformer() {
    models::DecisionTransformerConfig config;
    config.window = 3;
    config.width = 16;
    config.inner = 32;
    config.layers = 1;
    return models::make_policy(config, {2, 1}, 1);
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

// Weights of trajectories are a function of the data, so they need no place in a checkpoint.
TEST_F(TrainerTest, AWeightedTrainingIsAnotherOneAndResumesBitForBit) {
  const auto fitted = [&] {
    const auto policy = transformer();
    policy->fit(training_.training_columns());
    return policy;
  };
  const std::string plain = train(*fitted(), twenty_steps(), "plain").checkpoint;
  training_.weigh(trajectory_weights(training_, Weighing::kLength, 1.0, 20.0));
  EXPECT_EQ(training_.weight(0), 1.0);  // both days of the training have five ticks
  const std::string alike = train(*fitted(), twenty_steps(), "alike").checkpoint;
  EXPECT_EQ(read_file(alike + "/model.safetensors"), read_file(plain + "/model.safetensors"));
  training_.weigh({1.5, 0.5});
  const std::string whole = train(*fitted(), twenty_steps(), "whole").checkpoint;
  EXPECT_NE(read_file(whole + "/model.safetensors"), read_file(plain + "/model.safetensors"));
  TrainConfig half = twenty_steps();
  half.stop_at = 10;
  const TrainSummary stopped = train(*fitted(), half, "parts");
  const std::string resumed = train(*transformer(), twenty_steps(), "parts", stopped.checkpoint).checkpoint;
  EXPECT_EQ(read_file(resumed + "/model.safetensors"), read_file(whole + "/model.safetensors"));
  EXPECT_EQ(read_file(resumed + "/trainer.safetensors"), read_file(whole + "/trainer.safetensors"));
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

// Takes a folder away in one step, and brings it back in another.
class TakesAway : public LinearPolicy {
 public:
  TakesAway(std::string path, int64_t away, int64_t back) : path_(std::move(path)), away_(away), back_(back) {}
  void after_step(const policy::Step& step) override {
    if (step.index == away_) std::filesystem::rename(path_, path_ + ".away");
    if (step.index == back_) std::filesystem::rename(path_ + ".away", path_);
  }

 private:
  std::string path_;
  int64_t away_, back_;
};

TEST_F(TrainerTest, AFolderThatIsAwayForAWhileLosesNothing) {
  TrainConfig config = twenty_steps();
  config.checkpoint_every = 6;
  config.keep = 10;
  config.log_every = 2;
  at::manual_seed(1);
  LinearPolicy undisturbed;
  train(undisturbed, config, "whole");
  at::manual_seed(1);
  const std::string path = folder_.path("run");
  TakesAway policy(path, 5, 13);
  const RunDir run = RunDir::create(path, "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = {2, 1};
  LoggedWindows windows(training_, policy, config.batch_size, 1, config.seed);
  Trainer trainer(config, policy, windows, &held_out_, &run, info, "kind: train\n");
  std::vector<std::string> told;
  trainer.on_trouble([&](const std::string& line) { told.push_back(line); });
  EXPECT_EQ(trainer.run().step, 20);
  ASSERT_EQ(told.size(), 2U) << told.front();
  EXPECT_EQ(told[0], "step 6: " + path +
                         "/checkpoints/step-00000006: the run's folder, with its config.yaml, is not "
                         "there; training goes on, and it is tried again");
  EXPECT_EQ(told[1], "step 14: what could not be written is written now");
  // The checkpoints of steps 6 and 12 came late: as that of step 14.
  std::vector<std::string> steps;
  for (const std::string& one : run.checkpoints()) steps.push_back(std::filesystem::path(one).filename());
  EXPECT_EQ(steps, (std::vector<std::string>{"step-00000014", "step-00000018", "step-00000020"}));
  EXPECT_EQ(read_file(path + "/checkpoints/step-00000020/model.safetensors"),
            read_file(folder_.path("whole") + "/checkpoints/step-00000020/model.safetensors"));
  const auto steps_in = [](const std::string& metrics) { return std::count(metrics.begin(), metrics.end(), '\n'); };
  EXPECT_EQ(steps_in(read_file(path + "/metrics.jsonl")),
            steps_in(read_file(folder_.path("whole") + "/metrics.jsonl")));
}

// The last checkpoint is waited for, but not for ever.
TEST_F(TrainerTest, AFolderThatStaysAwayIsAnErrorAfterItsTime) {
  const std::string path = folder_.path("run");
  TakesAway policy(path, 5, 1000);
  const RunDir run = RunDir::create(path, "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = {2, 1};
  TrainConfig config = twenty_steps();
  config.save_patience = 1;
  LoggedWindows windows(training_, policy, config.batch_size, 1, config.seed);
  Trainer trainer(config, policy, windows, nullptr, &run, info, "kind: train\n");
  EXPECT_THROW(trainer.run(), Error);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteStopsWithTheStepNamedAndNoCheckpoint) {
  LinearPolicy policy;
  policy.poison(5);
  try {
    train(policy, twenty_steps(), "run");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("step 5:"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("the data and all weights are finite"), std::string::npos) << e.what();
  }
  EXPECT_TRUE(RunDir::open(folder_.path() + "/run").checkpoints().empty());
}

// A weight is lost after the third step; the loss of the next one is no number.
class LosesAWeight : public LinearPolicy {
 public:
  void after_step(const policy::Step& step) override {
    const torch::NoGradGuard no_grad;
    if (step.index + 1 == lost_at_) named_parameters()["layer.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  int64_t lost_at_ = 3;
};

TEST_F(TrainerTest, AWeightThatIsNotFiniteIsNamedWithTheLastStepThatHadIt) {
  LosesAWeight policy;
  TrainConfig config = twenty_steps();
  config.log_every = 2;
  config.checkpoint_every = 2;
  try {
    train(policy, config, "run");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("weight 'layer.bias' is not finite; all were after step 2"), std::string::npos)
        << e.what();
  }
  const auto left = RunDir::open(folder_.path() + "/run").checkpoints();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].ends_with("step-00000002"));
}

// Nothing is trained after it, so no loss shows it.
TEST_F(TrainerTest, AWeightLostInTheLastStepIsNotSaved) {
  LosesAWeight policy;
  policy.lost_at_ = 20;
  EXPECT_THROW(train(policy, twenty_steps(), "run"), Error);
  EXPECT_TRUE(RunDir::open(folder_.path() + "/run").checkpoints().empty());
}

// Its loss on held-out days alone is no number.
class FailsHeldOut : public LinearPolicy {
 public:
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override {
    std::vector<policy::LossPart> parts = LinearPolicy::held_out_losses(batch, noise);
    parts[0].value = parts[0].value * std::numeric_limits<double>::quiet_NaN();
    return parts;
  }
};

TEST_F(TrainerTest, AHeldOutLossThatIsNotFiniteIsAnErrorThatNamesThePeriod) {
  FailsHeldOut policy;
  try {
    train(policy, twenty_steps(), "run");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("step 10: the loss or the action error of held-out period 8"),
              std::string::npos)
        << e.what();
  }
}

TEST(HeldOut, MeansOverPeriodsCountEachAlike) {
  const HeldOutPeriod mean = mean_of_periods({{21, 1.0, 10.0, {{"time", 0.5}}}, {22, 3.0, 20.0, {}}});
  EXPECT_DOUBLE_EQ(mean.loss, 2.0);
  EXPECT_DOUBLE_EQ(mean.action_error, 15.0);
  EXPECT_DOUBLE_EQ(mean.forecast_error.at("time"), 0.5);
}

// Two groups, the second, a delayed actor, stepping every other time; its target is the first's parameter, stepped
// before.
class TwoGroups : public LinearPolicy {
 public:
  TwoGroups() {
    critic_ = register_parameter("critic", at::zeros({1}));
    actor_ = register_parameter("actor", at::zeros({1}));
    target_ = register_buffer("target", at::zeros({1}));
  }
  std::vector<policy::ParameterGroup> parameter_groups() const override {
    return {{"critic", {"critic", "layer."}, 2.0}, {"actor", {"actor"}, 0.5, 2}};
  }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override {
    if (group == 0) {
      std::vector<policy::LossPart> parts = LinearPolicy::losses(step, 0, batch);
      parts.push_back({"critic", -critic_.sum()});
      return parts;
    }
    seen_critic_.push_back(critic_.item<float>());
    return {{"actor", -(actor_ * critic_).sum()}};
  }
  void after_step(const policy::Step& step) override {
    const torch::NoGradGuard no_grad;
    target_.copy_(critic_);
    last_step_ = step.index;
  }
  at::Tensor critic_, actor_, target_;
  std::vector<float> seen_critic_;
  int64_t last_step_ = -1;
};

TEST_F(TrainerTest, GroupsStepInOrderAtTheirOwnRatesAndTheHookComesAfter) {
  TwoGroups policy;
  TrainConfig config = twenty_steps();
  config.steps = 2;
  config.warmup_steps = 0;
  config.final_rate_share = 1.0;
  config.learning_rate = 0.1;
  config.weight_decay = 0.0;
  config.clip_norm = 1e9;
  config.eval_every = 1000;
  config.ema_decay = 0.0;
  const RunDir run = RunDir::create(folder_.path() + "/groups", "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = {2, 1};
  LoggedWindows windows(training_, policy, config.batch_size, 1, config.seed);
  Trainer trainer(config, policy, windows, nullptr, &run, info, "kind: train\n");
  trainer.run();
  // AdamW's first steps move by the rate whatever the gradient: 0.1 x 2 for the critic, twice, seen by the actor's loss
  // in the same step; the actor rests in the first step and moves by 0.1 x 0.5 in the second.
  ASSERT_EQ(policy.seen_critic_.size(), 1U);
  EXPECT_NEAR(policy.seen_critic_[0], 0.4F, 1e-5);
  EXPECT_NEAR(policy.actor_.item<float>(), 0.05F, 1e-5);
  EXPECT_EQ(policy.target_.item<float>(), policy.critic_.item<float>());
  EXPECT_EQ(policy.last_step_, 1);
}

// The clock is the step's number, so neither a resume nor how often held-out days are looked at changes who rests.
TEST_F(TrainerTest, ADelayedGroupResumesAndDoesNotMindEvaluations) {
  const auto final_actor = [&](const std::string& name, int64_t eval_every, bool in_parts) {
    torch::manual_seed(3);
    TwoGroups policy;
    TrainConfig config = twenty_steps();
    config.steps = 9;
    config.eval_every = eval_every;
    if (!in_parts) {
      train(policy, config, name);
      return policy.actor_.item<float>();
    }
    TrainConfig half = config;
    half.stop_at = 5;
    const std::string checkpoint = train(policy, half, name).checkpoint;
    TwoGroups second;
    train(second, config, name, checkpoint);
    return second.actor_.item<float>();
  };
  const float whole = final_actor("whole", 1000, false);
  EXPECT_NE(whole, 0.0F);
  EXPECT_EQ(final_actor("often", 3, false), whole);
  EXPECT_EQ(final_actor("parts", 1000, true), whole);
}

// Of one group without noise: windows of 3 ticks, whose parts weigh as many ticks as they have. Rounding alone differs.
class Noiseless : public LinearPolicy {
 public:
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t, const policy::Batch& batch) override {
    return held_out_losses(batch, step.noise);
  }
};

TEST_F(TrainerTest, AccumulatedGradientsAreThoseOfTheWholeBatch) {
  const auto weights = [&](const std::string& name, int64_t parts) {
    torch::manual_seed(3);
    Noiseless policy;
    TrainConfig config = twenty_steps();
    config.accumulate = parts;
    train(policy, config, name);
    return policy.named_parameters()["layer.weight"].detach().clone();
  };
  const at::Tensor whole = weights("whole", 1);
  EXPECT_TRUE(at::allclose(weights("three", 3), whole, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(weights("eight", 8), whole, 1e-5, 1e-6));
}

class Resting : public LinearPolicy {
 public:
  std::vector<policy::LossPart> losses(const policy::Step&, size_t, const policy::Batch&) override { return {}; }
};

TEST_F(TrainerTest, AStepInWhichEveryGroupRestsIsNoError) {
  Resting policy;
  TrainConfig config = twenty_steps();
  config.log_every = 1;
  config.eval_every = 1000;
  config.steps = 2;
  const RunDir run = RunDir::create(folder_.path() + "/resting", "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = {2, 1};
  LoggedWindows windows(training_, policy, config.batch_size, 1, config.seed);
  EXPECT_EQ(Trainer(config, policy, windows, nullptr, &run, info, "kind: train\n").run().step, 2);
}

TEST_F(TrainerTest, TwoGroupsResumeBitForBit) {
  models::ModelConfig config = test::small_model("diffbid");
  config.get_if<models::DiffBidConfig>()->warm_levels = 2;
  const auto make = [&] {
    const auto policy = models::make_policy(config, {2, 1}, 1);
    policy->fit(training_.training_columns());
    return policy;
  };
  const auto whole = make();
  const std::string expected = train(*whole, twenty_steps(), "whole").checkpoint;
  TrainConfig half = twenty_steps();
  half.stop_at = 10;
  const auto first = make();
  const TrainSummary stopped = train(*first, half, "parts");
  const auto second = models::make_policy(config, {2, 1}, 2);
  const std::string resumed = train(*second, twenty_steps(), "parts", stopped.checkpoint).checkpoint;
  EXPECT_EQ(read_file(resumed + "/model.safetensors"), read_file(expected + "/model.safetensors"));
  EXPECT_EQ(read_file(resumed + "/trainer.safetensors"), read_file(expected + "/trainer.safetensors"));
}

class OneParameterTwice : public LinearPolicy {
 public:
  std::vector<policy::ParameterGroup> parameter_groups() const override {
    return {{"a", {"layer."}}, {"b", {"layer.bias"}}};
  }
};

TEST_F(TrainerTest, AParameterInTwoGroupsIsAnError) {
  OneParameterTwice policy;
  try {
    policy::grouped_parameters(policy);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "policy: parameter 'layer.bias' is in 2 parameter groups, expected one");
  }
}

TEST_F(TrainerTest, APlannerOfWholeDaysRefusesLongerDays) {
  models::ModelConfig config = test::small_model("diffbid");
  config.get_if<models::DiffBidConfig>()->ticks = 4;
  const auto policy = models::make_policy(config, {2, 1}, 1);
  try {
    train(*policy, twenty_steps(), "run");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("found periods of 5 ticks, expected at most 4"), std::string::npos)
        << e.what();
  }
}

// Says what it was told to, one number a judgement.
class Scripted : public Judge {
 public:
  explicit Scripted(std::vector<double> scores) : scores_(std::move(scores)) {}
  std::optional<double> expected_score() override { return scores_.at(calls_++); }
  int64_t num_cells() const override { return 48; }
  size_t calls_ = 0;

 private:
  std::vector<double> scores_;
};

class JudgedTraining : public TrainerTest {
 protected:
  TrainSummary train_judged(policy::Policy& policy, const TrainConfig& config, const SelectConfig& select, Judge& judge,
                            const std::string& name, const std::string& resume_from = {}) {
    const std::string path = folder_.path() + "/" + name;
    const RunDir run = std::filesystem::exists(path) ? RunDir::open(path) : RunDir::create(path, "kind: train\n");
    policy::CheckpointInfo info;
    info.shape = {2, 1};
    LoggedWindows windows(training_, policy, config.batch_size, 1, config.seed);
    Trainer trainer(config, policy, windows, nullptr, &run, info, "kind: train\n");
    trainer.judge_with(judge, select);
    if (!resume_from.empty()) trainer.resume(resume_from);
    return trainer.run();
  }
  std::vector<std::string> left(const std::string& name) const {
    std::vector<std::string> names;
    for (const std::string& path : RunDir::open(folder_.path() + "/" + name).checkpoints()) {
      names.push_back(path.substr(path.rfind("step-")));
    }
    return names;
  }
};

TEST_F(JudgedTraining, TheBestCheckpointStays) {
  torch::manual_seed(3);
  LinearPolicy policy;
  TrainConfig config = twenty_steps();
  config.keep = 1;
  Scripted judge({1.0, 5.0, 3.0, 5.0, 2.0});  // at 4, 8, 12, 16, 20: of equal ones the first
  const TrainSummary summary = train_judged(policy, config, {.every = 4}, judge, "run");
  EXPECT_EQ(summary.best->step, 8);
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(left("run"), (std::vector<std::string>{"step-00000008", "step-00000020"}));
  const std::string best = read_file(folder_.path() + "/run/best.json");
  EXPECT_NE(best.find("\"market_evaluations\": 240"), std::string::npos) << best;
  EXPECT_NE(best.find("\"checkpoint\": \"step-00000008\""), std::string::npos) << best;
}

TEST_F(JudgedTraining, PatienceEndsIt) {
  torch::manual_seed(3);
  LinearPolicy policy;
  Scripted judge({1.0, 5.0, 3.0, 4.0});
  const TrainSummary summary = train_judged(policy, twenty_steps(), {.every = 4, .patience = 2}, judge, "run");
  EXPECT_EQ(summary.step, 16);
  EXPECT_TRUE(summary.patience_gone);
  EXPECT_FALSE(summary.stopped);
  // The same command once more has nothing to do.
  LinearPolicy again;
  EXPECT_EQ(train_judged(again, twenty_steps(), {.every = 4, .patience = 2}, judge, "run", summary.checkpoint).step,
            16);
  EXPECT_EQ(judge.calls_, 4U);
}

// Judging changes nothing, and a run in parts judges the same steps; one that was killed between a checkpoint and its
// judgement judges it when it goes on.
TEST_F(JudgedTraining, GoesOnAsIfItHadNeverStopped) {
  torch::manual_seed(3);
  LinearPolicy plain;
  const std::string expected = train(plain, twenty_steps(), "plain").checkpoint;
  torch::manual_seed(3);
  LinearPolicy first;
  TrainConfig half = twenty_steps();
  half.stop_at = 10;
  Scripted judge({1.0, 2.0, 3.0, 4.0, 5.0});
  const TrainSummary stopped = train_judged(first, half, {.every = 5}, judge, "parts");
  EXPECT_EQ(judge.calls_, 2U);
  write_file(folder_.path() + "/parts/best.json", "{\"tried\": [{\"step\": 5, \"expected_score\": 1.0}]}");
  LinearPolicy second;
  const std::string resumed =
      train_judged(second, twenty_steps(), {.every = 5}, judge, "parts", stopped.checkpoint).checkpoint;
  EXPECT_EQ(judge.calls_, 5U);  // 10 once more, 15, 20
  EXPECT_EQ(read_file(resumed + "/model.safetensors"), read_file(expected + "/model.safetensors"));
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

// A run that was killed after its last checkpoint and before older ones were removed has no step left to take.
TEST_F(TrainerTest, AFinishedRunRemovesWhatAKillLeft) {
  LinearPolicy policy;
  TrainConfig config = twenty_steps();
  config.checkpoint_every = 6;
  config.keep = 2;
  train(policy, config, "killed");
  config.keep = 1;
  LinearPolicy again;
  train(again, config, "killed", RunDir::open(folder_.path() + "/killed").checkpoints().back());
  const auto left = RunDir::open(folder_.path() + "/killed").checkpoints();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].ends_with("step-00000020"));
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
}  // namespace genbid::train
