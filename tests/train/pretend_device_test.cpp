#include "train/pretend_device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "softmarket/sample_tape.h"
#include "train/samples.h"
#include "train/objectives.h"
#include "train/policy_gradient.h"
#include "train/step_graph.h"
#include "train/stepper.h"
#include "train/tape_days.h"
#include "train/taught_days.h"
#include "train/trainer.h"

// Whole steps of every model on a device that refuses what a GPU would have to wait for (pretend_device.h).

namespace genbid::train {
namespace {

using test::Announced;
using test::pretend_device;

class Registered : public ::testing::Environment {
  void SetUp() override { pretend_device(); }
};
const ::testing::Environment* const kRegistered = ::testing::AddGlobalTestEnvironment(new Registered);

const policy::PolicyShape kTwoFeatures = {2, 1, {1}};

TrainConfig few_steps() {
  TrainConfig config;
  config.steps = 6;
  config.batch_size = 8;
  config.warmup_steps = 2;
  config.learning_rate = 0.01;
  return config;
}

Dataset days_on(c10::Device device) {
  return Dataset(test::small_store({8, 8, 5, 3, 8, 6, 7, 8}, 8), {7}, Reward::kExpected, device);
}

struct Trained {
  MetricValues metrics;
  std::vector<at::Tensor> numbers;  // weights, averages, moments
};

// Runs the recorded step's own work at every replay, with the number of the step that was recorded: what follows from a
// step's number shows. And what lies at another address than it did, as a GPU would not know of it: `addresses` names
// what must stay where it is. (What else the host does again, a GPU would not; that only a GPU shows.)
class Again : public WorkRecorder {
 public:
  std::function<std::vector<const void*>()> addresses = [] { return std::vector<const void*>(); };
  void on_its_stream(const std::function<void()>& work) override { work(); }
  std::unique_ptr<RecordedWork> record(const std::vector<at::Generator>& generators,
                                       const std::function<void()>& work) override {
    EXPECT_FALSE(generators.empty());
    ++records;
    return std::make_unique<Work>(*this, work);
  }
  int records = 0, replays = 0;

 private:
  struct Work : RecordedWork {
    Work(Again& from, std::function<void()> all) : recorder(from), work(std::move(all)), recorded(from.addresses()) {}
    void replay() override {
      ++recorder.replays;
      EXPECT_EQ(recorder.addresses(), recorded);
      work();
      EXPECT_EQ(recorder.addresses(), recorded);
    }
    Again& recorder;
    std::function<void()> work;
    std::vector<const void*> recorded;
  };
};

// Losses and all that was learned after some steps, within which nothing is announced. What is made before is.
Trained steps_of(const TrainConfig& config, policy::Policy& policy, Objective& objective,
                 std::optional<Announced>& announced, Again* recorder = nullptr) {
  Stepper stepper(config, policy, objective, one_rank(), recorder);
  if (recorder != nullptr) {
    recorder->addresses = [&] {
      std::vector<const void*> all;
      const auto add = [&all](const at::Tensor& one) { all.push_back(one.const_data_ptr()); };
      for (const at::Tensor& one : policy.parameters()) add(one);
      for (const at::Tensor& one : policy.buffers()) add(one);
      for (const at::Tensor& one : stepper.ema().averages()) add(one);
      for (const auto& [name, one] : objective.state()) add(one);
      for (const AdamW& optimizer : stepper.optimizers()) {
        for (const auto* moments : {&optimizer.moments1(), &optimizer.moments2(), &optimizer.step_counts()}) {
          for (const at::Tensor& one : *moments) add(one);
        }
      }
      return all;
    };
  }
  announced.reset();

  // Windows are drawn twice.
  for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, step < 4 ? 4 : config.steps);

  const Announced again;
  Trained trained = {stepper.window().take(), {}};
  const auto add = [&](const std::vector<at::Tensor>& tensors) {
    for (const at::Tensor& one : tensors) trained.numbers.push_back(one.detach().to(at::kCPU));
  };
  add(policy.parameters());
  add(stepper.ema().averages());
  for (const AdamW& optimizer : stepper.optimizers()) {
    add(optimizer.moments1());
    add(optimizer.moments2());
  }
  EXPECT_EQ(stepper.first_bad_step(), -1);
  return trained;
}

Trained train_on(c10::Device device, const std::string& variant, const TrainConfig& config, Again* recorder = nullptr) {
  std::optional<Announced> announced(std::in_place);
  const Dataset days = days_on(device);
  const auto policy = models::make_policy(test::small_model(variant), kTwoFeatures, 1);
  policy->to(device);
  policy->fit(days.training_columns());
  policy->train();
  LoggedWindows windows(days, *policy, config.batch_size, config.accumulate, config.seed);
  return steps_of(config, *policy, windows, announced, recorder);
}

// What days of the market teach: by the gradient of their score, by what was drawn in their better samples, or by a
// teacher who says what brings what each day is asked for.
enum class Lesson { kScore, kSamples, kAsked };
Trained play_on(c10::Device device, const std::string& variant, const TrainConfig& config,
                Lesson lesson = Lesson::kScore, Again* recorder = nullptr) {
  std::optional<Announced> announced(std::in_place);
  data::TapeColumns columns = test::sample_tape(4, 8);
  const std::vector<TapeDay> days = days_of(columns);
  const softmarket::Tapes tapes(std::move(columns), device);
  const auto make = [&] {
    return models::make_policy(test::small_model(variant), policy::shape_for(feature_names(FeatureSet::kConstraint)),
                               1);
  };
  const auto policy = make();
  policy->to(device);
  std::unique_ptr<TapeDays> objective;
  if (lesson == Lesson::kAsked) {
    TapeDaysOptions options;
    for (const auto& [outcome, usual] : policy->wishes()) options.asked[outcome] = {0.2, 0.9};
    objective = std::make_unique<TaughtDays>(tapes, days, std::vector<int64_t>{0, 1, 3}, options, config.batch_size,
                                             config.accumulate, config.seed);
    policy->fit(objective->training_columns());
  } else if (lesson == Lesson::kSamples) {
    PolicyGradientConfig gradient;
    gradient.group_size = 2;
    gradient.reuse = 2;
    gradient.kl_weight = 0.1;
    auto made = std::make_unique<PolicyGradient>(tapes, days, std::vector<int64_t>{0, 1, 3}, TapeDaysOptions(),
                                                 gradient, *policy, 4, config.accumulate, config.seed);
    policy->fit(made->training_columns());
    const auto start = make();
    start->to(device);
    start->fit(made->training_columns());
    made->stay_near(start);
    objective = std::move(made);
  } else {
    objective = std::make_unique<TapeDays>(tapes, days, std::vector<int64_t>{0, 1, 3}, TapeDaysOptions(),
                                           config.batch_size, config.accumulate, config.seed);
    policy->fit(objective->training_columns());
  }
  objective->ask_for(policy->wishes());
  policy->train();
  return steps_of(config, *policy, *objective, announced, recorder);
}

void expect_equal(const Trained& a, const Trained& b) {
  EXPECT_EQ(a.metrics, b.metrics);
  ASSERT_EQ(a.numbers.size(), b.numbers.size());
  for (size_t i = 0; i < a.numbers.size(); ++i) EXPECT_TRUE(at::equal(a.numbers[i], b.numbers[i])) << i;
}

class EveryModel : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryModel, StepsWithoutAWaitAndLearnsWhatItLearnsOnTheCpu) {
  const Trained there = train_on(pretend_device(), GetParam(), few_steps());
  expect_equal(there, train_on(c10::kCPU, GetParam(), few_steps()));
}

TEST_P(EveryModel, PlaysDaysWithoutAWaitAndLearnsWhatItLearnsOnTheCpu) {
  TrainConfig config = few_steps();
  config.steps = 2;  // of eight decisions each
  config.accumulate = 2;
  const Trained there = play_on(pretend_device(), GetParam(), config);
  expect_equal(there, play_on(c10::kCPU, GetParam(), config));
}

TEST_P(EveryModel, SamplesDaysWithoutAWaitAndLearnsWhatItLearnsOnTheCpu) {
  if (models::make_policy(test::small_model(GetParam()), kTwoFeatures, 1)->choice_size().numbers == 0) {
    GTEST_SKIP() << "does not sample";
  }
  TrainConfig config = few_steps();
  config.steps = 3;
  config.accumulate = 2;
  const Trained there = play_on(pretend_device(), GetParam(), config, Lesson::kSamples);
  expect_equal(there, play_on(c10::kCPU, GetParam(), config, Lesson::kSamples));
}

TEST_P(EveryModel, AccumulatesWithoutAWait) {
  TrainConfig config = few_steps();
  config.accumulate = 3;
  const Trained there = train_on(pretend_device(), GetParam(), config);
  expect_equal(there, train_on(c10::kCPU, GetParam(), config));
}

TEST(Device, AsksDaysWithoutAWaitAndLearnsWhatItLearnsOnTheCpu) {
  TrainConfig config = few_steps();
  config.accumulate = 2;
  const std::string variant = "perceptron.wishes";
  const Trained there = play_on(pretend_device(), variant, config, Lesson::kAsked);
  expect_equal(there, play_on(c10::kCPU, variant, config, Lesson::kAsked));
}

// A hundred steps whose work is recorded and done again, the number of the step that was recorded in it, are those that
// are made one by one.
TEST_P(EveryModel, RecordedStepsAreTheSame) {
  TrainConfig config = few_steps();
  config.steps = 100;
  Again recorder;
  const Trained found = train_on(pretend_device(), GetParam(), config, &recorder);
  expect_equal(found, train_on(c10::kCPU, GetParam(), config));
  EXPECT_GE(recorder.records, 1);
  EXPECT_GE(recorder.replays, 90);
}

TEST_P(EveryModel, RecordedDaysAreTheSame) {
  TrainConfig config = few_steps();
  config.steps = 5;
  config.graphs.after = 1;
  config.accumulate = 2;
  Again recorder;
  const Trained found = play_on(pretend_device(), GetParam(), config, Lesson::kScore, &recorder);
  expect_equal(found, play_on(c10::kCPU, GetParam(), config));
  EXPECT_EQ(recorder.records, 1);
  EXPECT_EQ(recorder.replays, 4);
}

// Steps that play and steps that learn again from what was played are other work.
TEST(Device, RecordedStepsOfSamplesAreTheSame) {
  TrainConfig config = few_steps();
  config.steps = 12;
  config.graphs.after = 2;
  Again recorder;
  const Trained found = play_on(pretend_device(), "perceptron.gaussian", config, Lesson::kSamples, &recorder);
  expect_equal(found, play_on(c10::kCPU, "perceptron.gaussian", config, Lesson::kSamples));
  EXPECT_EQ(recorder.records, 2);
  EXPECT_EQ(recorder.replays, 8);
}

TEST(Device, ASumOfObjectivesHasTheKindsOfAll) {
  struct Some : LoggedWindows {
    using LoggedWindows::LoggedWindows;
    std::optional<Kind> kind_of_step(int64_t step) const override {
      if (kinds == 0) return std::nullopt;
      return Kind{step / 10, step % kinds};
    }
    int64_t kinds = 0;
  };
  const Dataset days = days_on(c10::kCPU);
  const auto policy = models::make_policy(test::small_model("perceptron"), kTwoFeatures, 1);
  LoggedWindows whole(days, *policy, 4, 1, 1);
  Some two(days, *policy, 4, 1, 1);
  Some three(days, *policy, 4, 1, 1);
  const WeightedSum sum({{&whole, 1.0}, {&two, 1.0}, {&three, 1.0}});
  EXPECT_FALSE(sum.kind_of_step(0));  // one of them is not recorded
  two.kinds = 2;
  three.kinds = 3;
  std::set<int64_t> kinds, memories;
  for (int64_t step = 0; step < 20; ++step) {
    kinds.insert(sum.kind_of_step(step)->work);
    memories.insert(sum.kind_of_step(step)->memory);
  }
  EXPECT_EQ(kinds.size(), 6U);
  EXPECT_EQ(memories.size(), 2U);
}

// Where an objective's tensors are others, steps are recorded anew.
TEST(Device, OtherMemoryIsRecordedAnew) {
  struct InRounds : LoggedWindows {
    using LoggedWindows::LoggedWindows;
    std::optional<Kind> kind_of_step(int64_t step) const override { return Kind{step / 5, 0}; }
  };
  const auto train = [](Again* recorder) {
    std::optional<Announced> announced(std::in_place);
    const Dataset days = days_on(c10::kCPU);
    const auto policy = models::make_policy(test::small_model("perceptron"), kTwoFeatures, 1);
    policy->fit(days.training_columns());
    policy->train();
    TrainConfig config = few_steps();
    config.steps = 20;
    InRounds windows(days, *policy, config.batch_size, 1, config.seed);
    return steps_of(config, *policy, windows, announced, recorder);
  };
  Again recorder;
  expect_equal(train(&recorder), train(nullptr));
  EXPECT_EQ(recorder.records, 4);
  EXPECT_EQ(recorder.replays, 8);
}

// A step whose work follows from its number shows: this one is told to fail at its 50th.
TEST(Device, WorkThatFollowsFromTheNumberShows) {
  const auto bad_step = [](WorkRecorder* recorder) {
    const Dataset days = days_on(c10::kCPU);
    test::LinearPolicy policy;
    policy.poison(50);
    TrainConfig config = few_steps();
    config.steps = 60;
    LoggedWindows windows(days, policy, config.batch_size, 1, config.seed);
    Stepper stepper(config, policy, windows, one_rank(), recorder);
    for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
    return stepper.first_bad_step();
  };
  Again recorder;
  EXPECT_EQ(bad_step(nullptr), 50);
  EXPECT_EQ(bad_step(&recorder), -1);
}

TEST(Graphs, AreOfOneGpu) {
  const auto error_of = [](const std::string& more) -> std::string {
    TrainConfig config;
    try {
      ConfigFile::parse("graphs: {on: true}\n" + more, "train.yaml").read(config);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(error_of("").find("false beside train.device: cpu"), std::string::npos) << error_of("");
  EXPECT_NE(error_of("device: cuda\nranks: 2\n").find("false with several ranks"), std::string::npos);
  EXPECT_EQ(error_of("device: cuda\n"), "none");
  EXPECT_EQ(print_config(TrainConfig(), "", PrintFor::kComparing).find("graphs"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModel, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

// Logs, held-out losses and checkpoints wait, and are those of the CPU.
TEST(Device, ATrainingWritesTheCheckpointOfTheCpuAndGoesOn) {
  const test::TemporaryFolder folder;
  const Announced announced;
  const auto checkpoint_of = [&](c10::Device device, const std::string& name, bool in_parts) {
    const Dataset days = days_on(device);
    const RunDir run = RunDir::create(folder.path() + "/" + name, "kind: train\n");
    policy::CheckpointInfo info;
    info.shape = kTwoFeatures;
    std::string checkpoint;
    for (const int64_t stop_at : in_parts ? std::vector<int64_t>{3, 0} : std::vector<int64_t>{0}) {
      const auto policy = models::make_policy(test::small_model("diffbid"), kTwoFeatures, 1);
      policy->to(device);
      policy->fit(days.training_columns());
      TrainConfig config = few_steps();
      config.log_every = 2;
      config.eval_every = 3;
      config.stop_at = stop_at;
      LoggedWindows windows(days, *policy, config.batch_size, 1, config.seed);
      Trainer trainer(config, *policy, windows, &days, &run, info, "kind: train\n");
      if (!checkpoint.empty()) trainer.resume(checkpoint);
      checkpoint = trainer.run().checkpoint;
    }
    return checkpoint;
  };
  const std::string cpu = checkpoint_of(c10::kCPU, "cpu", false);
  const std::string device = checkpoint_of(pretend_device(), "device", false);
  const std::string parts = checkpoint_of(pretend_device(), "parts", true);
  for (const std::string file : {"/model.safetensors", "/trainer.safetensors"}) {
    EXPECT_EQ(read_file(device + file), read_file(cpu + file)) << file;
    EXPECT_EQ(read_file(parts + file), read_file(cpu + file)) << file;
  }
}

// --- What the device refuses ------------------------------------------------------------------

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  }
  return "nothing";
}

at::Tensor three_numbers() { return at::arange(3, at::TensorOptions(at::kFloat).device(pretend_device())); }

TEST(Device, RefusesWhatAGpuWouldWaitFor) {
  const at::Tensor x = three_numbers();
  EXPECT_EQ(refusal([&] { x[1].item(); }),
            "pretend device: aten::_local_scalar_dense: the host waits for what the device has computed");
  EXPECT_NE(refusal([&] { x.nonzero(); }).find("aten::nonzero: the host waits"), std::string::npos);
  EXPECT_NE(refusal([&] { at::equal(x, x); }).find("aten::equal: the host waits"), std::string::npos);
  EXPECT_EQ(refusal([&] { x.to(at::kCPU); }), "pretend device: copy from the device: the host waits for it");
}

TEST(Device, TakesAsynchronousCopiesFromPinnedMemoryAlone) {
  const at::Tensor x = three_numbers();
  const at::Tensor pageable = at::ones({3});
  const at::Tensor pinned = at::ones({3}, at::TensorOptions().pinned_memory(true));
  EXPECT_NE(refusal([&] { x.copy_(pageable, true); }).find("found pageable memory"), std::string::npos);
  EXPECT_NE(refusal([&] { x.copy_(pinned); }).find("a copy that is waited for"), std::string::npos);
  EXPECT_EQ(refusal([&] { x.copy_(pinned, true); }), "nothing");
  const Announced announced;
  EXPECT_EQ(refusal([&] { x.copy_(pageable); }), "nothing");
  EXPECT_EQ(x.sum().item<float>(), 3.0F);
}

TEST(Device, RefusesToMixDevicesAndForeignRandomNumbers) {
  const at::Tensor x = three_numbers();
  EXPECT_NE(refusal([&] { x + at::ones({3}); }).find("aten::add.Tensor: found a tensor of cpu"), std::string::npos);
  EXPECT_NE(refusal([&] { x.normal_(); }).find("aten::normal_: draws from no generator"), std::string::npos);
  at::Generator of_the_cpu = at::detail::createCPUGenerator(1);
  EXPECT_NE(refusal([&] { x.normal_(0.0, 1.0, of_the_cpu); }).find("a generator that is not the device's"),
            std::string::npos);
  EXPECT_EQ(refusal([&] { x.mul_(2.0); }), "nothing");
}

}  // namespace
}  // namespace genbid::train
