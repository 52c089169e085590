#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/gpu.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/device.h"
#include "softmarket/sample_tape.h"
#include "train/policy_gradient.h"
#include "train/samples.h"
#include "train/step_graph.h"
#include "train/stepper.h"
#include "train/tape_days.h"

// Every policy on a GPU beside the CPU, for machines that have one.

namespace genbid::models {
namespace {

using test::ask_for;
using test::columns_of;
using test::kFeatures;
using test::mixed_history_of;
using test::noise_for;
using test::parts_of;
using test::sample_batch;

class PolicyCuda : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!test::shows_a_gpu()) GTEST_SKIP() << "no /dev/nvidiaN: this machine has no NVIDIA GPU";
    // Read once, at the first product: what a test asks for later (train::set_arithmetic) would come too late.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*replace=*/1);
    train::open_device("cuda");  // before anything else asks LibTorch about devices
  }
};

policy::Batch on(const policy::Batch& batch, c10::Device device) {
  policy::Batch moved = batch;
  policy::Ticks& seen = moved.seen;
  for (at::Tensor* one : {&seen.states_BTS, &seen.actions_BTA, &seen.before_BTO, &seen.ticks_BT, &seen.mask_BT,
                          &seen.constraint_BC, &moved.next_states_BTS, &moved.gained_BTO, &moved.goes_on_BT,
                          &moved.label_BTA, &moved.label_weight_BT, &moved.outcome_BO, &moved.weight_B1}) {
    *one = one->to(device);
  }
  return moved;
}

std::vector<at::Tensor> on(const std::vector<at::Tensor>& tensors, c10::Device device) {
  std::vector<at::Tensor> moved;
  for (const at::Tensor& one : tensors) moved.push_back(one.to(device));
  return moved;
}

policy::TrainingColumns on(policy::TrainingColumns columns, c10::Device device) {
  for (at::Tensor* one : {&columns.states_NS, &columns.actions_NA, &columns.labels_NA, &columns.to_go_NO,
                          &columns.ticks_N, &columns.constraint_NC, &columns.outcome_MO}) {
    *one = one->to(device);
  }
  return columns;
}

// The same policy twice, each fitted where it is, as training does.
struct Pair {
  std::shared_ptr<policy::Policy> cpu, gpu;
};

Pair make_pair(const std::string& variant, const policy::Batch& batch) {
  const auto make = [&] { return make_policy(test::small_model(variant), test::kShape, 1); };
  Pair pair = {make(), make()};
  const c10::Device gpu(c10::kCUDA, 0);
  pair.gpu->to(gpu);
  pair.cpu->fit(columns_of(batch));
  pair.gpu->fit(on(columns_of(batch), gpu));
  return pair;
}

int64_t window_of(const std::string& variant) {
  return make_policy(test::small_model(variant), test::kShape, 1)->window();
}

// Other kernels, another order of sums: a thousandth of the alphas' deviation of 30, and of the states' of 1.
TEST_P(PolicyCuda, ActsAsOnTheCpu) {
  const policy::Batch batch = sample_batch(48, window_of(GetParam()));
  const Pair pair = make_pair(GetParam(), batch);
  pair.cpu->eval();
  pair.gpu->eval();
  const torch::NoGradGuard no_grad;
  const c10::Device gpu(c10::kCUDA, 0);
  const at::Tensor noise_BN = noise_for(*pair.cpu, 48);
  const at::Tensor wishes_BO = ask_for(0.5, 48);
  const auto expected =
      parts_of(pair.cpu->act(mixed_history_of(batch), wishes_BO, noise_BN, pair.cpu->initial_carry(48)));
  const auto acted = parts_of(pair.gpu->act(mixed_history_of(on(batch, gpu)), wishes_BO.to(gpu), noise_BN.to(gpu),
                                            on(pair.gpu->initial_carry(48), gpu)));
  ASSERT_EQ(acted.size(), expected.size());
  for (size_t i = 0; i < acted.size(); ++i) {
    EXPECT_TRUE(at::allclose(acted[i].to(at::kCPU), expected[i], 1e-3, i == 0 ? 0.03 : 1e-3)) << i;
  }
}

// Losses that read no random numbers are equal, and so are their gradients; the others are finite.
TEST_P(PolicyCuda, LossesAndGradientsAreThoseOfTheCpu) {
  const policy::Batch batch = sample_batch(16, window_of(GetParam()));
  const Pair pair = make_pair(GetParam(), batch);
  pair.cpu->eval();
  pair.gpu->eval();
  const c10::Device gpu(c10::kCUDA, 0);
  const auto loss_of = [](policy::Policy& policy, size_t group, const policy::Batch& rows, c10::Device device,
                          uint64_t seed) {
    at::Generator noise = train::generator_on(device, seed);
    at::Tensor total = at::zeros({}, at::TensorOptions().device(device));
    for (const policy::LossPart& part : policy.losses({0, noise}, group, rows)) total = total + part.value;
    return total;
  };
  const auto groups = policy::grouped_parameters(*pair.cpu);
  const auto gpu_groups = policy::grouped_parameters(*pair.gpu);
  for (size_t group = 0; group < groups.size(); ++group) {
    const at::Tensor loss = loss_of(*pair.cpu, group, batch, c10::kCPU, 3);
    const bool deterministic = at::equal(loss, loss_of(*pair.cpu, group, batch, c10::kCPU, 4));
    const at::Tensor there = loss_of(*pair.gpu, group, on(batch, gpu), gpu, 3);
    loss.backward();
    there.backward();
    EXPECT_TRUE(at::isfinite(there).item<bool>());
    if (deterministic) {
      EXPECT_NEAR(there.item<double>(), loss.item<double>(), 1e-4 * loss.item<double>());
    }
    for (const auto& [name, parameter] : gpu_groups[group]) {
      const at::Tensor gradient = parameter.grad().to(at::kCPU);
      EXPECT_TRUE(at::isfinite(gradient).all().item<bool>()) << name;
      const at::Tensor expected = groups[group].at(name).grad();
      if (deterministic) {
        EXPECT_TRUE(at::allclose(gradient, expected, 1e-3, 1e-3 * expected.abs().max().item<double>())) << name;
      }
    }
  }
}

// While it lives, kernels give the same bits in every run.
class Deterministic {
 public:
  explicit Deterministic(c10::Device device) : device_(device) { train::set_arithmetic(device_, false, true); }
  ~Deterministic() { train::set_arithmetic(device_, false, false); }
  Deterministic(const Deterministic&) = delete;
  Deterministic& operator=(const Deterministic&) = delete;

 private:
  c10::Device device_;
};

class CountingRecorder : public train::WorkRecorder {
 public:
  explicit CountingRecorder(c10::Device device) : recorder_(train::cuda_recorder(device)) {}
  void on_its_stream(const std::function<void()>& work) override { recorder_->on_its_stream(work); }
  std::unique_ptr<train::RecordedWork> record(const std::vector<at::Generator>& generators,
                                              const std::function<void()>& work) override {
    ++records;
    return recorder_->record(generators, work);
  }
  int records = 0;

 private:
  std::unique_ptr<train::WorkRecorder> recorder_;
};

// Steps that are recorded as CUDA graphs and replayed learn what steps that are made one by one do: the same kernels.
TEST_P(PolicyCuda, RecordedStepsAreTheSame) {
#ifndef GENBID_HAS_CUDA_GRAPHS
  GTEST_SKIP() << "built without the plugin of CUDA graphs: no headers of CUDA's runtime";
#endif
  const c10::Device gpu(c10::kCUDA, 0);
  const Deterministic bits(gpu);
  const train::Dataset days(test::small_store({8, 8, 5, 3, 8, 6, 7, 8}, 8), {7}, train::Reward::kExpected, gpu);
  const auto learned = [&](train::WorkRecorder* recorder) {
    const auto policy = make_policy(test::small_model(GetParam()), {2, 1, {1}}, 1);
    policy->to(gpu);
    policy->fit(days.training_columns());
    policy->train();
    train::TrainConfig config;
    config.steps = 20;
    config.batch_size = 8;
    train::LoggedWindows windows(days, *policy, config.batch_size, 1, 1);
    train::Stepper stepper(config, *policy, windows, train::one_rank(), recorder);
    for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
    std::vector<at::Tensor> numbers = on(stepper.ema().averages(), c10::kCPU);
    for (const at::Tensor& one : policy->parameters()) numbers.push_back(one.detach().to(at::kCPU));
    numbers.push_back(at::tensor(stepper.window().take().front().second));
    return numbers;
  };
  const auto expected = learned(nullptr);
  CountingRecorder recorder(gpu);
  const auto found = learned(&recorder);
  EXPECT_GE(recorder.records, 1);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(at::equal(found[i], expected[i])) << i;
}

// Days of the market, by the gradient of their score and by samples that two steps learn from: two kinds in turn.
TEST_P(PolicyCuda, RecordedDaysAreTheSame) {
#ifndef GENBID_HAS_CUDA_GRAPHS
  GTEST_SKIP() << "built without the plugin of CUDA graphs: no headers of CUDA's runtime";
#endif
  const c10::Device gpu(c10::kCUDA, 0);
  const Deterministic bits(gpu);
  data::TapeColumns columns = test::sample_tape(4, 8);
  const std::vector<train::TapeDay> days = train::days_of(columns);
  const softmarket::Tapes tapes(std::move(columns), gpu);
  const std::vector<int64_t> chosen = {0, 1, 3};
  const auto learned = [&](bool samples, train::WorkRecorder* recorder) {
    const auto policy =
        make_policy(test::small_model(GetParam()), policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
    policy->to(gpu);
    train::TrainConfig config;
    config.steps = 12;
    config.batch_size = 4;
    std::unique_ptr<train::TapeDays> objective;
    if (samples) {
      train::PolicyGradientConfig gradient;
      gradient.group_size = 2;
      gradient.reuse = 2;
      objective = std::make_unique<train::PolicyGradient>(tapes, days, chosen, train::TapeDaysOptions(), gradient,
                                                          *policy, config.batch_size, 2, 1);
    } else {
      objective =
          std::make_unique<train::TapeDays>(tapes, days, chosen, train::TapeDaysOptions(), config.batch_size, 2, 1);
    }
    policy->fit(objective->training_columns());
    objective->ask_for(policy->wishes());
    policy->train();
    train::Stepper stepper(config, *policy, *objective, train::one_rank(), recorder);
    for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
    return on(stepper.ema().averages(), c10::kCPU);
  };
  const bool can_sample =
      make_policy(test::small_model(GetParam()), policy::shape_for(feature_names(FeatureSet::kConstraint)), 1)
          ->choice_size()
          .numbers > 0;
  for (const bool samples : {false, true}) {
    if (samples && !can_sample) continue;
    const auto expected = learned(samples, nullptr);
    CountingRecorder recorder(gpu);
    const auto found = learned(samples, &recorder);
    EXPECT_EQ(recorder.records, samples ? 2 : 1);
    for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(at::equal(found[i], expected[i])) << samples << i;
  }
}

// Whole steps: batches, losses, gradients, optimizers and averages stay finite. Random numbers are the GPU's own.
TEST_P(PolicyCuda, Steps) {
  const c10::Device gpu(c10::kCUDA, 0);
  const train::Dataset days(test::small_store({8, 8, 5, 3, 8, 6, 7, 8}, 8), {7}, train::Reward::kExpected, gpu);
  const auto policy = make_policy(test::small_model(GetParam()), {2, 1, {1}}, 1);
  policy->to(gpu);
  policy->fit(days.training_columns());
  policy->train();
  train::TrainConfig config;
  config.steps = 20;
  config.batch_size = 8;
  train::LoggedWindows windows(days, *policy, config.batch_size, 1, 1);
  train::Stepper stepper(config, *policy, windows);
  for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
  EXPECT_EQ(stepper.first_bad_step(), -1);
  for (const at::Tensor& one : stepper.ema().averages()) EXPECT_TRUE(at::isfinite(one).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Registry, PolicyCuda, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

}  // namespace
}  // namespace genbid::models
