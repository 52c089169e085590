#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "models/policy_samples.h"
#include "models/registry.h"

// What every policy in the registry owes its callers. B rows, T ticks, S features, A action coefficients.

namespace genbid {
namespace {

using test::ask_for;
using test::columns_of;
using test::history_of;
using test::kFeatures;
using test::sample_batch;

class PolicyContract : public ::testing::TestWithParam<std::string> {
 protected:
  static std::shared_ptr<Policy> make(int64_t seed = 1) {
    ModelConfig config;
    config.name = GetParam();
    config.decision_transformer.window = 6;
    config.decision_transformer.inner = 64;
    config.behavior_cloning.width = 64;
    return make_policy(config, {kFeatures, 1}, seed);
  }

  static double loss_of(Policy& policy, const Batch& batch, uint64_t noise_seed = 3) {
    at::Generator noise = at::detail::createCPUGenerator(noise_seed);
    double total = 0.0;
    for (const LossPart& part : policy.losses(batch, noise)) total += part.value.item<double>();
    return total;
  }
};

TEST_P(PolicyContract, OverfitsOneBatch) {
  const auto policy = make();
  const Batch batch = sample_batch(16, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();  // no dropout: the batch can be learned by heart
  const double before = loss_of(*policy, batch);
  at::Generator noise = at::detail::createCPUGenerator(1);
  const auto parameters = trainable_parameters(*policy);
  for (int step = 0; step < 300; ++step) {
    at::Tensor total = at::zeros({});
    for (const LossPart& part : policy->losses(batch, noise)) total = total + part.value;
    for (const at::Tensor& parameter : parameters) parameter.mutable_grad() = at::Tensor();
    total.backward();
    const torch::NoGradGuard no_grad;
    for (const at::Tensor& parameter : parameters) {
      if (parameter.grad().defined()) at::Tensor(parameter).sub_(parameter.grad(), 0.05);
    }
  }
  EXPECT_LT(loss_of(*policy, batch), 0.2 * before);
}

TEST_P(PolicyContract, ActsFiniteNonNegativeAndInShape) {
  const auto policy = make();
  const Batch batch = sample_batch(5, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor action = policy->act(history_of(batch), ask_for(1.0, 5)).coefficients_BA;
  EXPECT_EQ(action.sizes(), (at::IntArrayRef{5, 1}));
  EXPECT_TRUE(at::isfinite(action).all().item<bool>());
  EXPECT_TRUE((action >= 0).all().item<bool>());
}

TEST_P(PolicyContract, SameSeedSameLosses) {
  const auto first = make(4);
  const auto second = make(4);
  const auto other = make(5);
  const Batch batch = sample_batch(8, first->window());
  for (const auto& policy : {first, second, other}) policy->fit(columns_of(batch));
  EXPECT_EQ(loss_of(*first, batch), loss_of(*second, batch));
  EXPECT_NE(loss_of(*first, batch), loss_of(*other, batch));
}

// Blocks of one size add up in one order, whoever is in them.
TEST_P(PolicyContract, ARowsActionDoesNotDependOnItsBatchMates) {
  const auto policy = make();
  const Batch batch = sample_batch(48, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor together = policy->act(history_of(batch), ask_for(1.0, 48)).coefficients_BA;
  Batch others = sample_batch(48, policy->window(), 99);
  others.states_BTS.select(0, 17).copy_(batch.states_BTS.select(0, 17));
  others.actions_BTA.select(0, 17).copy_(batch.actions_BTA.select(0, 17));
  const at::Tensor alone = policy->act(history_of(others), ask_for(1.0, 48)).coefficients_BA;
  EXPECT_EQ(together[17].item<float>(), alone[17].item<float>());
}

TEST_P(PolicyContract, MaskedTicksDoNotMatter) {
  const auto policy = make();
  Batch batch = sample_batch(8, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const int64_t real = (policy->window() + 1) / 2;
  batch.mask_BT.slice(1, real).zero_();
  const double loss = loss_of(*policy, batch);
  const at::Tensor action = policy->act(history_of(batch), ask_for(1.0, 8)).coefficients_BA;
  batch.states_BTS.slice(1, real).fill_(1e3);
  batch.actions_BTA.slice(1, real).fill_(-1e3);
  batch.returns_to_go_BT.slice(1, real).fill_(1e3);
  EXPECT_EQ(loss_of(*policy, batch), loss);
  EXPECT_TRUE(at::equal(policy->act(history_of(batch), ask_for(1.0, 8)).coefficients_BA, action));
}

// The window's last real tick alone decides: what a row would still do later cannot change what it does now.
TEST_P(PolicyContract, TheActionOfTheCurrentTickIsNotRead) {
  const auto policy = make();
  const Batch batch = sample_batch(4, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  History history = history_of(batch);
  const at::Tensor before = policy->act(history, ask_for(1.0, 4)).coefficients_BA;
  history.actions_BTA = history.actions_BTA.clone();
  history.actions_BTA.select(1, policy->window() - 1).fill_(500.0);
  EXPECT_TRUE(at::equal(policy->act(history, ask_for(1.0, 4)).coefficients_BA, before));
}

TEST_P(PolicyContract, TrainingNoiseComesFromTheGeneratorAlone) {
  const auto policy = make();
  const Batch batch = sample_batch(8, policy->window());
  policy->fit(columns_of(batch));
  policy->train();
  EXPECT_EQ(loss_of(*policy, batch, 3), loss_of(*policy, batch, 3));
}

TEST_P(PolicyContract, NormalisationIsABuffer) {
  const auto policy = make();
  const auto fresh = make();
  policy->fit(columns_of(sample_batch(8, policy->window())));
  bool differs = false;
  const auto buffers = policy->named_buffers();
  const auto fresh_buffers = fresh->named_buffers();
  for (const auto& item : buffers) differs |= !at::equal(item.value(), fresh_buffers[item.key()]);
  EXPECT_TRUE(differs);
}

INSTANTIATE_TEST_SUITE_P(Registry, PolicyContract, ::testing::ValuesIn(model_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace genbid
