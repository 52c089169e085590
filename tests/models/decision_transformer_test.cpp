#include "models/decision_transformer/decision_transformer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "base/error.h"
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
  return {config, test::kShape};
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
  batch.label_weight_BT.slice(1, 3).zero_();  // the loss of ticks 0..2 only
  const double before = policy.losses({0, noise}, 0, batch)[0].value.item<double>();
  batch.seen.states_BTS.slice(1, 3).normal_();
  batch.seen.before_BTO.slice(1, 3).normal_();
  batch.seen.actions_BTA.slice(1, 2).normal_();  // tick 2's own action stands behind its state
  EXPECT_EQ(policy.losses({0, noise}, 0, batch)[0].value.item<double>(), before);
}

// Within the band of K ticks a token reaches back (K - 1) ticks in each layer, and no further.
TEST(DecisionTransformer, SeesItsBandAlone) {
  torch::manual_seed(1);
  DecisionTransformerConfig config;
  config.window = 3;
  config.layers = 2;
  DecisionTransformer policy(config, test::kShape);
  const policy::Batch day = sample_batch(2, 12);
  policy.fit(columns_of(day));
  policy.eval();
  const torch::NoGradGuard no_grad;
  const auto loss_at = [&](const policy::Batch& batch, int64_t tick) {
    policy::Batch one = batch;
    one.label_weight_BT = at::zeros_like(batch.label_weight_BT);
    one.label_weight_BT.select(1, tick).fill_(1.0);
    at::Generator noise = at::detail::createCPUGenerator(0);
    return policy.losses({0, noise}, 0, one)[0].value.item<double>();
  };
  policy::Batch other = day;
  other.seen.states_BTS = day.seen.states_BTS.clone();
  other.seen.states_BTS.select(1, 4).normal_();
  for (int64_t tick = 0; tick < 12; ++tick) {
    const bool reached = tick >= 4 && tick <= 4 + 2 * 2;
    EXPECT_EQ(loss_at(day, tick) != loss_at(other, tick), reached) << tick;
  }
}

TEST(DecisionTransformer, ReturnEarnedComesOffTheTarget) {
  DecisionTransformer policy = make();
  const policy::Batch batch = sample_batch(4, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  policy::Ticks history = history_of(batch);
  history.before_BTO = at::zeros_like(history.before_BTO);
  const auto act_on = [&](double target) {
    return policy.act(history, ask_for(target, 4), test::noise_for(policy, 4), {}).coefficients_BA;
  };
  const at::Tensor fresh = act_on(0.7);
  history.before_BTO.select(2, 0).fill_(0.25);
  EXPECT_TRUE(at::allclose(act_on(0.95), fresh, 1e-6, 1e-4));
  EXPECT_FALSE(at::allclose(act_on(0.7), fresh, 1e-6, 1e-4));
}

// A single wish is the same token either way; of two, each has its own, so a third token a tick stands before states.
TEST(DecisionTransformer, WishesHaveOneTokenOrEachItsOwn) {
  const auto made = [](const std::vector<std::string>& wishes, const std::string& conditioning) {
    torch::manual_seed(1);
    DecisionTransformerConfig config;
    config.window = 6;
    config.wishes = wishes;
    config.conditioning = conditioning;
    auto policy = std::make_shared<DecisionTransformer>(config, test::kShape);
    policy->fit(columns_of(sample_batch(4, 6)));
    policy->eval();
    return policy;
  };
  const policy::Batch batch = sample_batch(4, 6);
  const torch::NoGradGuard no_grad;
  const at::Tensor wishes_BO = ask_for({{Outcome::kReturn, 0.7}, {Outcome::kBudgetUse, 0.9}}, 4);
  const auto alphas = [&](DecisionTransformer& policy) {
    return policy.act(history_of(batch), wishes_BO, test::noise_for(policy, 4), {}).coefficients_BA;
  };
  EXPECT_TRUE(at::equal(alphas(*made({"return"}, "token")), alphas(*made({"return"}, "tokens"))));
  const auto together = made({"return", "budget_use"}, "token");
  const auto apart = made({"return", "budget_use"}, "tokens");
  EXPECT_EQ(policy::num_parameters(*apart), policy::num_parameters(*together) + 64);  // a bias more
  // Keys and values of 5 ticks of 4 tokens and of two wishes and a state; together, of 5 times 3 and 2.
  EXPECT_EQ(apart->initial_carry(4)[0].size(2), 5 * 4 + 3);
  EXPECT_EQ(together->initial_carry(4)[0].size(2), 5 * 3 + 2);
  const at::Tensor before = alphas(*apart);
  const at::Tensor less_BO = ask_for({{Outcome::kReturn, 0.7}, {Outcome::kBudgetUse, 0.6}}, 4);
  EXPECT_FALSE(
      at::equal(apart->act(history_of(batch), less_BO, test::noise_for(*apart, 4), {}).coefficients_BA, before));
}

TEST(DecisionTransformer, MergedTokensHaveNoWishApart) {
  DecisionTransformerConfig config;
  try {
    ConfigFile::parse("tokens: merged\nconditioning: tokens\n", "model.yaml").read(config);
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("expected token or film beside tokens: merged"), std::string::npos)
        << e.what();
  }
}

// What is left out of a tenth is a tenth, to the 1/256 of a byte, and the mean stays.
TEST(Dropout, LeavesOutTheShareThatItIsTold) {
  at::Generator noise = at::detail::createCPUGenerator(5);
  const at::Tensor ones = at::ones({1000, 1003});
  const at::Tensor kept = transformer::dropout(ones, 0.1, &noise);
  const double share = kept.eq(0.0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 26.0 / 256.0, 5.0 * std::sqrt(0.1 * 0.9 / 1.0e6));
  EXPECT_NEAR(kept.to(at::kDouble).mean().item<double>(), 1.0, 2e-3);
  // Every eighth number comes of one byte of the words: none of them may stand out.
  for (int64_t byte = 0; byte < 8; ++byte) {
    const at::Tensor some = kept.flatten().slice(0, byte, 1'002'992, 8);
    EXPECT_NEAR(some.eq(0.0).to(at::kDouble).mean().item<double>(), 26.0 / 256.0, 5.0 * std::sqrt(0.09 / 125e3));
  }
  EXPECT_TRUE(transformer::dropout(ones, 0.1, nullptr).equal(ones));
}

TEST(DecisionTransformer, ReadsTicksBeyondADayOf48) {
  DecisionTransformer policy = make();
  policy::Batch batch = sample_batch(2, 6);
  policy.fit(columns_of(batch));
  policy.eval();
  const torch::NoGradGuard no_grad;
  batch.seen.ticks_BT += 80;
  EXPECT_TRUE(at::isfinite(act(policy, history_of(batch), ask_for(1.0, 2)).coefficients_BA).all().item<bool>());
}

TEST(DecisionTransformer, DefaultTargetIsAQuantileOfTrainingReturns) {
  torch::manual_seed(1);
  DecisionTransformerConfig config;
  config.target_quantile = 0.5;
  DecisionTransformer policy(config, test::kShape);
  policy::TrainingColumns columns = columns_of(sample_batch(5, 6));
  columns.outcome_MO.select(1, 0).copy_(at::tensor({0.1F, 0.9F, 0.4F, 0.3F, 0.8F}));
  policy.fit(columns);
  EXPECT_FLOAT_EQ(static_cast<float>(policy.wishes().at(Outcome::kReturn)), 0.4F);
}

}  // namespace
}  // namespace genbid::models
