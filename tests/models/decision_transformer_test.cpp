#include "models/decision_transformer/decision_transformer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "models/policy_samples.h"

namespace genbid::models {
namespace {

using test::act;
using test::ask_for;
using test::columns_of;
using test::history_of;
using test::kFeatures;
using test::sample_batch;

DecisionTransformer make(int64_t window = 6) {
  torch::manual_seed(1);
  DecisionTransformerConfig config;
  config.window = window;
  return {config, {kFeatures, 1}};
}

// The parts of the official 257,938 parameters that this model keeps: 3 blocks of 82,880 and the heads and
// embeddings of its inputs. Block: two norms 4 D, attention 4 D^2 + 4 D, feed-forward 2 D F + F + D.
TEST(DecisionTransformer, HasTheOfficialBlocks) {
  DecisionTransformer policy = make();
  const int64_t d = 64;
  const int64_t f = 512;
  const int64_t block = 4 * d + (4 * d * d + 4 * d) + (2 * d * f + f + d);
  const int64_t embeddings = (16 * d + d) + (d + d) + (kFeatures * d + d) + (d + d) + 2 * d;
  EXPECT_EQ(policy::num_parameters(policy), 3 * block + embeddings + (d + 1));
}

TEST(DecisionTransformer, TheFutureCannotChangeAPastPrediction) {
  DecisionTransformer policy = make();
  policy::Batch batch = sample_batch(4, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  at::Generator noise = at::detail::createCPUGenerator(0);
  batch.mask_BT.slice(1, 3).zero_();  // the loss of ticks 0..2 only
  const double before = policy.losses(0, batch, noise)[0].value.item<double>();
  batch.states_BTS.slice(1, 3).normal_();
  batch.returns_to_go_BT.slice(1, 3).normal_();
  batch.actions_BTA.slice(1, 2).normal_();  // tick 2's own action stands behind its state
  policy::Batch same_target = batch;
  same_target.actions_BTA = sample_batch(4, 6).actions_BTA;
  same_target.actions_BTA.slice(1, 3).fill_(-50.0);
  EXPECT_EQ(policy.losses(0, same_target, noise)[0].value.item<double>(), before);
}

TEST(DecisionTransformer, TheTargetReturnReachesTheAction) {
  DecisionTransformer policy = make();
  const policy::Batch batch = sample_batch(4, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor low = act(policy, history_of(batch), ask_for(0.1, 4)).coefficients_BA;
  const at::Tensor high = act(policy, history_of(batch), ask_for(0.9, 4)).coefficients_BA;
  EXPECT_FALSE(at::equal(low, high));
}

TEST(DecisionTransformer, ReturnEarnedComesOffTheTarget) {
  DecisionTransformer policy = make();
  const policy::Batch batch = sample_batch(4, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  policy::History history = history_of(batch);
  const at::Tensor fresh = act(policy, history, ask_for(0.5, 4)).coefficients_BA;
  history.earned_BT = at::full_like(history.earned_BT, 0.25);
  EXPECT_TRUE(at::allclose(act(policy, history, ask_for(0.75, 4)).coefficients_BA, fresh, 1e-6, 1e-4));
}

TEST(DecisionTransformer, ReadsTicksBeyondADayOf48) {
  DecisionTransformer policy = make();
  policy::Batch batch = sample_batch(2, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  batch.ticks_BT += 80;
  EXPECT_TRUE(at::isfinite(act(policy, history_of(batch), ask_for(1.0, 2)).coefficients_BA).all().item<bool>());
}

TEST(DecisionTransformer, DefaultTargetIsAQuantileOfTrainingReturns) {
  torch::manual_seed(1);
  DecisionTransformerConfig config;
  config.target_quantile = 0.5;
  DecisionTransformer policy(config, {kFeatures, 1});
  policy::TrainingColumns columns = columns_of(sample_batch(5, 6));
  columns.returns_M = at::tensor({0.1F, 0.9F, 0.4F, 0.3F, 0.8F});
  policy.fit(columns);
  EXPECT_FLOAT_EQ(static_cast<float>(policy.default_wishes().target_return.value()), 0.4F);
}

}  // namespace
}  // namespace genbid::models
