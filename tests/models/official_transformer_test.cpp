#include "models/decision_transformer/official_transformer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <memory>

#include "models/policy_samples.h"

// What the recorded vectors of AuctionNet's decision transformer do not show (official_transformer_golden_test.cpp).

namespace genbid::models {
namespace {

using test::ask_for;
using test::columns_of;
using test::history_of;
using test::sample_batch;

std::shared_ptr<OfficialTransformer> make(const OfficialTransformerConfig& config) {
  torch::manual_seed(1);
  auto policy = std::make_shared<OfficialTransformer>(config, test::kShape);
  policy->fit(columns_of(sample_batch(4, 10)));
  policy->eval();
  return policy;
}

// Unclamped.
at::Tensor answers(OfficialTransformer& policy, const policy::Ticks& history, const at::Tensor& wishes_BO) {
  return policy.act(history, wishes_BO, {}, policy.initial_carry(history.mask_BT.size(0))).carry[0].select(1, -1);
}

// 300 conversions of a par of 40 came: in place of 4, what is to go is 4 - 300 / 2,000, whatever the caller wishes for.
TEST(OfficialTransformer, WhatCameIsTakenOffItsOwnTarget) {
  const auto policy = make({});
  EXPECT_TRUE(policy->wishes().empty());
  policy::Ticks history = history_of(sample_batch(4, 10));
  history.constraint_BC = at::tensor({4000.0F, 100.0F}).expand({4, 2});
  history.before_BTO = at::zeros_like(history.before_BTO);
  history.before_BTO.select(2, 1).fill_(300.0 / 40.0);
  const torch::NoGradGuard no_grad;
  const at::Tensor unread_BO = at::full({4, kNumOutcomes}, std::nan(""));
  const at::Tensor found = answers(*policy, history, unread_BO);
  OfficialTransformerConfig less;
  less.target = 4.0 - 300.0 / 2000.0;
  const auto other = make(less);
  history.before_BTO.zero_();
  EXPECT_TRUE(at::allclose(found, answers(*other, history, unread_BO), 1e-6, 1e-6));
  EXPECT_FALSE(at::allclose(found, answers(*policy, history, unread_BO), 1e-6, 1e-6));
}

// Without a target of its own it is asked in par units: 0.5 of a par of 40, where 5 points came, leaves 15 to go.
TEST(OfficialTransformer, WithoutATargetItReadsTheWish) {
  OfficialTransformerConfig config;
  config.wish = "return";
  config.target = 0.0;
  config.target_quantile = 0.5;
  const auto policy = make(config);
  const at::Tensor outcome_B = columns_of(sample_batch(4, 10)).outcome_MO.select(1, 0).to(at::kDouble);
  EXPECT_NEAR(policy->wishes().at(Outcome::kReturn), outcome_B.quantile(0.5).item<double>(), 1e-6);
  EXPECT_EQ(policy->wishes().size(), 1U);
  policy::Ticks history = history_of(sample_batch(4, 10));
  history.constraint_BC = at::tensor({4000.0F, 100.0F}).expand({4, 2});
  history.before_BTO = at::zeros_like(history.before_BTO);
  history.before_BTO.select(2, 0).fill_(5.0 / 40.0);
  const torch::NoGradGuard no_grad;
  const at::Tensor found = answers(*policy, history, ask_for(0.5, 4));
  config.target = 15.0 / 2000.0;
  const auto other = make(config);
  history.before_BTO.zero_();
  EXPECT_TRUE(at::allclose(found, answers(*other, history, ask_for(9.0, 4)), 1e-6, 1e-6));
  EXPECT_FALSE(at::equal(found, answers(*policy, history, ask_for(0.6, 4))));
}

// In training ticks 24 and 40 are read as tick 23; when it acts they are told apart.
TEST(OfficialTransformer, LateTicksAreOneInTrainingAlone) {
  const auto policy = make({});
  const torch::NoGradGuard no_grad;
  policy::Batch batch = sample_batch(4, 10);
  at::Generator noise = at::detail::createCPUGenerator(1);
  const auto loss_at = [&](int64_t tick) {
    batch.seen.ticks_BT = at::full_like(batch.seen.ticks_BT, tick);
    return policy->held_out_losses(batch, noise)[0].value.item<double>();
  };
  EXPECT_EQ(loss_at(40), loss_at(23));
  EXPECT_NE(loss_at(22), loss_at(23));
  const auto answer_at = [&](int64_t tick) {
    policy::Ticks history = history_of(batch);
    history.ticks_BT = at::full_like(history.ticks_BT, tick);
    return answers(*policy, history, ask_for(1.0, 4));
  };
  EXPECT_FALSE(at::equal(answer_at(40), answer_at(23)));
  EXPECT_TRUE(at::equal(answer_at(200), answer_at(95)));  // behind the table
}

// Training windows are longer than what it reads when it acts.
TEST(OfficialTransformer, ReadsHalfOfATrainingWindowWhenItActs) {
  const auto policy = make({});
  EXPECT_EQ(policy->training_window(), 20);
  EXPECT_EQ(policy->window(), 10);
}

// The error of raw alphas, squared: predictions near 0 of alphas near 80 cost about 80^2.
TEST(OfficialTransformer, LosesTheSquareOfRawAlphas) {
  const auto policy = make({});
  const torch::NoGradGuard no_grad;
  policy::Batch batch = sample_batch(4, 10);
  at::Generator noise = at::detail::createCPUGenerator(1);
  const auto loss = [&] { return policy->held_out_losses(batch, noise)[0].value.item<double>(); };
  batch.label_BTA = at::zeros_like(batch.label_BTA);
  const double near = loss();
  batch.label_BTA = at::full_like(batch.label_BTA, 80.0);
  EXPECT_NEAR(loss(), 6400.0, 0.1 * 6400.0);
  EXPECT_LT(near, 100.0);
}

// With attention taken apart the same numbers come out where nothing is dropped; and something is dropped of what it
// looks at: with all dropout on other places at 0, two steps' noise make two losses.
TEST(Block, AttentionWeightsAreDroppedInTrainingAlone) {
  torch::manual_seed(1);
  transformer::BlockOptions options;
  options.width = 16;
  options.heads = 2;
  options.inner = 16;
  options.dropout = 0.0;
  options.attention_dropout = 0.001;  // below half of a 256th: the way of dropout, which drops nothing
  transformer::Block block(options);
  const torch::NoGradGuard no_grad;
  const at::Tensor x_BLD = at::randn({3, 7, 16});
  const auto out = [&](transformer::Block& one, at::Generator* noise) {
    return one->forward(x_BLD, one->keys_values(x_BLD, {}), {}, {}, noise);
  };
  at::Generator noise = at::detail::createCPUGenerator(1);
  const at::Tensor plain = out(block, nullptr);
  EXPECT_TRUE(at::allclose(out(block, &noise), plain, 1e-5, 1e-6));
  options.attention_dropout = 0.5;
  transformer::Block dropping(options);
  EXPECT_TRUE(at::equal(out(dropping, nullptr), out(dropping, nullptr)));
  EXPECT_FALSE(at::allclose(out(dropping, &noise), out(dropping, &noise), 1e-3, 1e-3));
}

}  // namespace
}  // namespace genbid::models
