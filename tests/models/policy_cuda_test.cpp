#include <gtest/gtest.h>
#include <torch/utils.h>

#include "base/error.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/device.h"

// Every policy on a GPU beside the CPU, for machines that have one.

namespace genbid {
namespace {

using test::ask_for;
using test::columns_of;
using test::history_of;
using test::kFeatures;
using test::noise_for;
using test::sample_batch;

// Why there is no GPU; empty if there is one. Before anything else asks LibTorch about devices.
const std::string& no_gpu() {
  static const std::string reason = [] {
    try {
      open_device("cuda");
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  }();
  return reason;
}

class PolicyCuda : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  }
};

Batch on(const Batch& batch, c10::Device device) {
  Batch moved = batch;
  for (at::Tensor* one : {&moved.states_BTS, &moved.next_states_BTS, &moved.actions_BTA, &moved.returns_to_go_BT,
                          &moved.ticks_BT, &moved.mask_BT, &moved.constraint_BC, &moved.cpa_ratio_B1}) {
    *one = one->to(device);
  }
  return moved;
}

// Other kernels, another order of sums: a thousandth of the alphas' deviation of 30.
TEST_P(PolicyCuda, ActsAsOnTheCpu) {
  const auto policy = make_policy(test::small_model(GetParam()), {kFeatures, 1}, 1);
  const Batch batch = sample_batch(48, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor noise_BN = noise_for(*policy, 48);
  const at::Tensor expected =
      policy->act(history_of(batch), ask_for(0.5, 48), noise_BN, policy->initial_carry(48)).coefficients_BA;
  const c10::Device gpu(c10::kCUDA, 0);
  policy->to(gpu);
  Condition condition = ask_for(0.5, 48);
  for (at::Tensor* one : {&condition.target_return_B1, &condition.target_cpa_B1, &condition.constraint_BC}) {
    *one = one->to(gpu);
  }
  const at::Tensor acted =
      policy->act(history_of(on(batch, gpu)), condition, noise_BN.to(gpu), policy->initial_carry(48)).coefficients_BA;
  EXPECT_TRUE(at::allclose(acted.to(at::kCPU), expected, 1e-4, 0.03));
}

TEST_P(PolicyCuda, LossesAndGradientsAreFinite) {
  const auto policy = make_policy(test::small_model(GetParam()), {kFeatures, 1}, 1);
  const Batch batch = sample_batch(16, policy->window());
  policy->fit(columns_of(batch));
  const c10::Device gpu(c10::kCUDA, 0);
  policy->to(gpu);
  policy->train();
  at::Generator noise = generator_on(gpu, 3);
  for (size_t group = 0; group < policy->parameter_groups().size(); ++group) {
    for (const LossPart& part : policy->losses(group, on(batch, gpu), noise)) {
      EXPECT_TRUE(at::isfinite(part.value).item<bool>()) << part.name;
      part.value.backward();
    }
  }
  for (const at::Tensor& parameter : trainable_parameters(*policy)) {
    EXPECT_TRUE(at::isfinite(parameter.grad()).all().item<bool>());
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, PolicyCuda, ::testing::ValuesIn(model_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace genbid
