#include "models/diffbid/diffbid.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "models/policy_samples.h"

namespace genbid::models {
namespace {

using diffbid::ChangeScale;
using diffbid::KnownTicks;
using diffbid::NoiseSchedule;
using diffbid::Prediction;
using diffbid::QuantileScaler;
using test::act;
using test::ask_for;
using test::columns_of;
using test::history_of;
using test::kFeatures;
using test::noise_for;
using test::sample_batch;

std::shared_ptr<DiffBid> make(const DiffBidConfig& config) {
  torch::manual_seed(1);
  return std::make_shared<DiffBid>(config, policy::PolicyShape{kFeatures, 1});
}

DiffBidConfig small() { return *test::small_model("diffbid").get_if<DiffBidConfig>(); }

// 101 values 0..100, tail 0.1: 10 and 90 are the ends.
TEST(QuantileScaler, MapsTheQuantilesToTheEndsAndCutsWhatLiesOutside) {
  QuantileScaler scaler(1, 0.1, -1.0, 1.0);
  scaler->fit(at::arange(101, at::kFloat).unsqueeze(1));
  const at::Tensor out = scaler(at::tensor({10.0F, 50.0F, 90.0F, 100.0F, -5.0F}).unsqueeze(1)).flatten();
  EXPECT_TRUE(at::allclose(out, at::tensor({-1.0F, 0.0F, 1.0F, 1.0F, -1.0F})));
  EXPECT_FLOAT_EQ(scaler->inverse(at::full({1, 1}, 0.5)).item<float>(), 70.0F);
}

TEST(QuantileScaler, AFeatureThatDoesNotVaryStaysFinite) {
  QuantileScaler scaler(1, 0.005, -1.0, 1.0);
  scaler->fit(at::full({10, 1}, 5.0));
  EXPECT_FLOAT_EQ(scaler(at::full({1, 1}, 5.0)).item<float>(), -1.0F);
  EXPECT_FLOAT_EQ(scaler->inverse(at::full({1, 1}, -1.0)).item<float>(), 5.0F);
}

// Two days of three ticks: s = 0, 1, 2 and 0, 3, 6. One tick ahead: changes 1, 1, 3, 3 (mean 2, deviation 1); two
// ahead: 2 and 6 (mean 4, deviation 2). The second day's first row is no change from the first day's last.
TEST(ChangeScale, FitsMeanAndDeviationByDistanceWithinTrajectories) {
  ChangeScale scale(3, 1);
  scale->fit(at::tensor({0.0F, 1.0F, 2.0F, 0.0F, 3.0F, 6.0F}).unsqueeze(1), at::tensor({0, 1, 2, 0, 1, 2}));
  const at::Tensor now = at::full({1, 1, 1}, 10.0);
  const at::Tensor ahead = at::tensor({-1, 0, 1, 2}).unsqueeze(0);
  const at::Tensor states = at::tensor({9.0F, 10.0F, 13.0F, 12.0F}).view({1, 4, 1});
  const at::Tensor standard = scale->standardize(states, now, ahead);
  EXPECT_TRUE(at::allclose(standard.flatten(), at::tensor({0.0F, 0.0F, 1.0F, -1.0F})));
  EXPECT_TRUE(at::allclose(scale->restore(standard, now, ahead).flatten(), at::tensor({10.0F, 10.0F, 13.0F, 12.0F})));
}

TEST(ChangeScale, WhatNeverVariesIsExact) {
  ChangeScale scale(2, 2);  // feature 0 falls by 0.5 a tick, feature 1 is constant
  scale->fit(at::tensor({1.0F, 7.0F, 0.5F, 7.0F, 1.0F, 9.0F, 0.5F, 9.0F}).view({4, 2}), at::tensor({0, 1, 0, 1}));
  const at::Tensor now = at::tensor({0.25F, 8.0F}).view({1, 1, 2});
  const at::Tensor restored = scale->restore(at::full({1, 1, 2}, 100.0), now, at::ones({1, 1}, at::kLong));
  EXPECT_TRUE(at::equal(restored.flatten(), at::tensor({-0.25F, 8.0F})));
}

TEST(Diffusion, CosineScheduleFallsFromCleanToNoise) {
  const NoiseSchedule schedule = diffbid::cosine_schedule(20);
  double before = 1.0;
  for (int64_t k = 0; k < 20; ++k) {
    EXPECT_LT(schedule.abar(k), before);
    before = schedule.abar(k);
  }
  EXPECT_GT(schedule.abar(0), 0.98);
  EXPECT_LT(schedule.abar(19), 1e-4);
  EXPECT_EQ(schedule.abar(-1), 1.0);
}

TEST(Diffusion, LevelsAreSpreadFromTheNoisiestDown) {
  EXPECT_EQ(diffbid::spread_levels(20, 5), (std::vector<int64_t>{19, 15, 11, 7, 3}));
  EXPECT_EQ(diffbid::spread_levels(20, 1), (std::vector<int64_t>{19}));
  EXPECT_EQ(diffbid::spread_levels(3, 3), (std::vector<int64_t>{2, 1, 0}));
}

TEST(Diffusion, GuidanceOfOneIsTheConditionAloneAndBeyondGoesFurther) {
  const at::Tensor with = at::full({1}, 3.0);
  const at::Tensor without = at::full({1}, 1.0);
  EXPECT_FLOAT_EQ(diffbid::guide(with, without, 1.0).item<float>(), 3.0F);
  EXPECT_FLOAT_EQ(diffbid::guide(with, without, 0.0).item<float>(), 1.0F);
  EXPECT_FLOAT_EQ(diffbid::guide(with, without, 2.0).item<float>(), 5.0F);
}

// A denoiser that knows the noise leads DDIM back to the very states, from any level and in any number of steps.
TEST(Diffusion, DdimWithTheTrueNoiseReturnsTheTrueStates) {
  torch::manual_seed(3);
  const NoiseSchedule schedule = diffbid::cosine_schedule(20);
  const at::Tensor clean = at::rand({2, 4, 3}) * 2.0 - 1.0;
  const at::Tensor eps = at::randn({2, 4, 3});
  const KnownTicks none = {clean, at::zeros({2, 4, 1}, at::kBool)};
  for (const std::vector<int64_t>& levels : {std::vector<int64_t>{15, 11, 7, 3}, {10}, {7, 3}}) {
    const double abar = schedule.abar(levels.front());
    const at::Tensor x = std::sqrt(abar) * clean + std::sqrt(1.0 - abar) * eps;
    const at::Tensor out = diffbid::sample_ddim(schedule, Prediction::kNoise, levels, x, none,
                                                [&](const at::Tensor&, int64_t) { return eps; });
    EXPECT_TRUE(at::allclose(out, clean, 0.0, 2e-6));
  }
}

TEST(Diffusion, KnownTicksAreCleanAtEveryLevel) {
  const NoiseSchedule schedule = diffbid::cosine_schedule(10);
  const at::Tensor states = at::full({1, 3, 1}, 0.25);
  const KnownTicks known = {states, at::tensor({1, 1, 0}).to(at::kBool).view({1, 3, 1})};
  int calls = 0;
  const diffbid::Denoiser denoiser = [&](const at::Tensor& x, int64_t) {
    EXPECT_TRUE(at::equal(x.slice(1, 0, 2), states.slice(1, 0, 2)));
    ++calls;
    return at::zeros_like(x);
  };
  const at::Tensor start = at::full({1, 3, 1}, 2.0);
  diffbid::sample_ddim(schedule, Prediction::kState, diffbid::spread_levels(10, 4), start, known, denoiser);
  const at::Tensor out =
      diffbid::sample_ancestral(schedule, Prediction::kState, start, at::randn({1, 10, 3, 1}), 1.0, known, denoiser);
  EXPECT_EQ(calls, 14);
  EXPECT_TRUE(at::equal(out.slice(1, 0, 2), states.slice(1, 0, 2)));
}

// Posterior of the last step is the clean state itself; all others have the variance of eq. 7.
TEST(Diffusion, AncestralStepsHaveThePosteriorsVariance) {
  torch::manual_seed(3);
  const NoiseSchedule schedule = diffbid::cosine_schedule(2);
  constexpr int64_t kRows = 40000;
  const KnownTicks none = {at::zeros({kRows, 1, 1}), at::zeros({kRows, 1, 1}, at::kBool)};
  at::Tensor at_level_0;
  diffbid::sample_ancestral(schedule, Prediction::kState, at::zeros({kRows, 1, 1}), at::randn({kRows, 2, 1, 1}), 1.0,
                            none, [&](const at::Tensor& x, int64_t level) {
                              if (level == 0) at_level_0 = x;
                              return at::zeros_like(x);
                            });
  const double variance = schedule.betas[1] * (1.0 - schedule.abar(0)) / (1.0 - schedule.abar(1));
  EXPECT_NEAR(at_level_0.var().item<double>() / variance, 1.0, 5.0 * std::sqrt(2.0 / kRows));
}

// Two ticks known, two not; errors there 0.3 and 1.1 in the one feature: squared, and smooth L1 with its corner at 0.1.
TEST(Diffusion, LossIsTheMeanOverUnknownTicks) {
  const at::Tensor predicted = at::tensor({5.0F, -7.0F, 0.3F, 1.1F}).view({1, 4, 1});
  const at::Tensor known = at::tensor({1, 1, 0, 0}).to(at::kBool).view({1, 4, 1});
  const at::Tensor target = at::zeros_like(predicted);
  EXPECT_FLOAT_EQ(diffbid::denoising_loss(Prediction::kNoise, predicted, target, known).item<float>(),
                  (0.09F + 1.21F) / 2);
  EXPECT_FLOAT_EQ(diffbid::denoising_loss(Prediction::kState, predicted, target, known).item<float>(),
                  (0.25F + 1.05F) / 2);
}

TEST(InverseDynamics, HistoriesRepeatTheFirstStateBeforeTheDay) {
  const at::Tensor states = at::tensor({1.0F, 2.0F, 3.0F}).view({1, 3, 1});
  const auto histories = [&](int64_t length) { return diffbid::histories(states, length)[0]; };
  EXPECT_TRUE(at::equal(histories(1), at::tensor({1.0F, 2.0F, 3.0F}).view({3, 1})));
  EXPECT_TRUE(at::equal(histories(2), at::tensor({1.0F, 1.0F, 1.0F, 2.0F, 2.0F, 3.0F}).view({3, 2})));
  EXPECT_TRUE(at::equal(histories(3), at::tensor({1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 2.0F, 1.0F, 2.0F, 3.0F}).view({3, 3})));
}

// Against double; x n / (n + 2) loses at most a few units in the last place, and nothing overflows.
TEST(Mish, IsXTimesTanhOfSoftplusEverywhere) {
  const at::Tensor x = at::cat({at::linspace(-30.0, 30.0, 6001), at::tensor({-1e4F, 1e4F, 1e30F})});
  const at::Tensor exact = at::mish(x.to(at::kDouble));
  EXPECT_TRUE(at::allclose(diffbid::mish(x).to(at::kDouble), exact, 1e-6, 1e-9));
}

TEST(TemporalUnet, DefaultCostsAboutTenMegaflop) {
  const DiffBidConfig config;
  diffbid::TemporalUnetOptions options;
  options.channels_in = kFeatures + 1;
  options.channels_out = kFeatures;
  options.num_conditions = 2;
  options.widths = {config.width, 2 * config.width, 4 * config.width};
  options.blocks = config.blocks;
  options.embedding = config.embedding;
  const auto flops = static_cast<double>(diffbid::forward_flops(options, config.ticks));
  EXPECT_GT(flops, 8e6);
  EXPECT_LT(flops, 12e6);
}

TEST(TemporalUnet, TakesDaysOfAnyNumberOfTicks) {
  diffbid::TemporalUnetOptions options{3, 2, 1, {4, 8, 16}, 3, 1, 2, 8};
  diffbid::TemporalUnet unet(options);
  for (const int64_t ticks : {1, 2, 3, 24, 47, 95}) {
    const at::Tensor out = unet(at::randn({2, ticks, 3}), at::ones({2}), at::ones({2, 1}), at::ones({2, 1}));
    EXPECT_EQ(out.sizes(), (at::IntArrayRef{2, ticks, 2}));
  }
}

TEST(DiffBid, BothConditionsReachTheAction) {
  const auto policy = make(small());
  const policy::Batch batch = sample_batch(4, 8);
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  policy::Ticks history = history_of(batch);
  history.mask_BT = batch.seen.mask_BT.clone();
  history.mask_BT.slice(1, 5).zero_();
  const auto ask = [&](double target, double cpa) {
    return act(*policy, history, ask_for(target, 4, cpa)).coefficients_BA;
  };
  EXPECT_FALSE(at::equal(ask(0.1, 1.0), ask(0.9, 1.0)));
  EXPECT_FALSE(at::equal(ask(0.5, 0.6), ask(0.5, 1.4)));
}

TEST(DiffBid, WithoutGuidanceTheUnconditionalPassDoesNotMatter) {
  const policy::Batch batch = sample_batch(4, 8);
  const torch::NoGradGuard no_grad;
  const auto plan_with = [&](double guidance) {
    DiffBidConfig config = small();
    config.guidance = guidance;
    const auto policy = make(config);
    policy->fit(columns_of(batch));
    policy->eval();
    return act(*policy, test::mixed_history_of(batch), ask_for(0.5, 4)).next_states_BS;
  };
  EXPECT_TRUE(at::allclose(plan_with(1.0), plan_with(1.0 + 1e-9), 1e-5, 1e-5));
  EXPECT_FALSE(at::allclose(plan_with(1.0), plan_with(2.0), 1e-3, 1e-3));
}

// Without its plan a decision follows from what was seen alone: neither from the noise nor from a wish.
TEST(DiffBid, WithoutItsPlanItExpectsTheUsual) {
  const policy::Batch batch = sample_batch(4, 8);
  const torch::NoGradGuard no_grad;
  const auto acted = [&](bool without, double target, int64_t seed) {
    DiffBidConfig config = small();
    config.ablate.plan = without;
    const auto policy = make(config);
    policy->fit(columns_of(batch));
    policy->eval();
    at::Generator noise = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
    return policy->act(test::mixed_history_of(batch), ask_for(target, 4), at::randn({4, policy->noise_size()}, noise),
                       {});
  };
  const policy::Action usual = acted(true, 0.5, 1);
  EXPECT_TRUE(at::equal(usual.coefficients_BA, acted(true, 0.9, 2).coefficients_BA));
  EXPECT_TRUE(at::equal(usual.next_states_BS, acted(true, 0.9, 2).next_states_BS));
  EXPECT_FALSE(at::equal(usual.coefficients_BA, acted(false, 0.5, 1).coefficients_BA));
  EXPECT_FALSE(at::equal(acted(false, 0.5, 2).coefficients_BA, acted(false, 0.5, 1).coefficients_BA));
}

// Days of eight ticks, the first three of which end after four.
class DenoisingTask : public ::testing::Test {
 protected:
  DenoisingTask() : batch_(sample_batch(6, 8)) { batch_.seen.mask_BT.slice(0, 0, 3).slice(1, 4).zero_(); }

  DiffBid::DenoisingTask task(const std::string& prediction, uint64_t seed = 3) {
    config_.prediction = prediction;
    policy_ = make(config_);
    policy_->fit(columns_of(batch_));
    at::Generator noise = at::detail::createCPUGenerator(seed);
    return policy_->denoising_task(batch_, noise);
  }

  at::Tensor scaled(const at::Tensor& raw) const {
    QuantileScaler scaler(kFeatures, config_.tail, -1.0, 1.0);
    scaler->fit(batch_.seen.states_BTS.flatten(0, 1));
    return scaler(raw);
  }

  DiffBidConfig config_ = small();
  policy::Batch batch_;
  std::shared_ptr<DiffBid> policy_;
};

TEST_F(DenoisingTask, KnownTicksAreAPrefixThatLeavesOutTheLastAndLiesWithinTheSeatsDay) {
  std::set<int64_t> seen;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const at::Tensor known_BT = task("noise", seed).known_BP1.squeeze(-1);
    const at::Tensor count_B = known_BT.sum(1);
    for (int64_t b = 0; b < 6; ++b) {
      const auto count = count_B[b].item<int64_t>();
      EXPECT_TRUE(known_BT[b].slice(0, 0, count).all().item<bool>());
      EXPECT_GE(count, 1);
      EXPECT_LE(count, b < 3 ? 4 : 7);
      if (b >= 3) seen.insert(count);
    }
  }
  EXPECT_EQ(seen.size(), 7U);  // every tick but the last
}

TEST_F(DenoisingTask, KnownTicksAreCleanAndTheOthersNoised) {
  const DiffBid::DenoisingTask one = task("noise");
  const at::Tensor clean_BTS = scaled(batch_.seen.states_BTS);
  EXPECT_TRUE(at::equal(one.x_BPX.masked_select(one.known_BP1), clean_BTS.masked_select(one.known_BP1)));
  const diffbid::NoiseSchedule schedule = diffbid::cosine_schedule(config_.levels);
  for (int64_t b = 3; b < 6; ++b) {  // target: the noise
    const double abar = schedule.abar(one.level_B[b].item<int64_t>());
    const at::Tensor expected = std::sqrt(abar) * clean_BTS[b] + std::sqrt(1.0 - abar) * one.target_BPX[b];
    const at::Tensor unknown = one.known_BP1[b].logical_not();
    EXPECT_TRUE(at::allclose(one.x_BPX[b].masked_select(unknown), expected.masked_select(unknown), 1e-5, 1e-6));
  }
}

TEST_F(DenoisingTask, StatesAreTaughtAsStandardisedChangesFromNowAndEndedDaysStandStill) {
  const DiffBid::DenoisingTask one = task("state");
  const at::Tensor now_B = one.known_BP1.sum(1).flatten() - 1;
  ChangeScale changes(8, kFeatures);
  std::vector<at::Tensor> rows;
  std::vector<at::Tensor> ticks;
  for (int64_t b = 0; b < 6; ++b) {
    rows.push_back(scaled(batch_.seen.states_BTS[b]));
    ticks.push_back(at::arange(8));
  }
  changes->fit(at::cat(rows), at::cat(ticks));
  for (int64_t b = 0; b < 6; ++b) {
    const auto now = now_B[b].item<int64_t>();
    for (int64_t t = now + 1; t < 8; ++t) {
      const bool ended = b < 3 && t >= 4;
      const at::Tensor raw_S = ended ? batch_.next_states_BTS[b][3] : batch_.seen.states_BTS[b][t];
      const at::Tensor expected =
          changes->standardize(scaled(raw_S).view({1, 1, -1}), scaled(batch_.seen.states_BTS[b][now]).view({1, 1, -1}),
                               at::full({1, 1}, t - now, at::kLong));
      EXPECT_TRUE(at::allclose(one.target_BPX[b][t], expected.flatten(), 1e-5, 1e-6)) << b << " " << t;
    }
  }
}

// A feature that falls by the same amount every tick, as the clock does, falls on behind a day's end.
TEST_F(DenoisingTask, TheClockGoesOnWhenADayHasEnded) {
  const at::Tensor clock_T = 1.0 - at::arange(9, at::kFloat) / 8.0;
  batch_.seen.states_BTS.select(2, 0).copy_(clock_T.slice(0, 0, 8));
  batch_.next_states_BTS.select(2, 0).copy_(clock_T.slice(0, 1));
  config_.levels = 1;  // hardly any noise, and it does not matter which level
  const DiffBid::DenoisingTask ended = task("state");
  EXPECT_TRUE(at::allclose(ended.target_BPX.select(2, 0), at::zeros({6, 8})));
  const double abar = diffbid::cosine_schedule(1).abar(0);
  at::Generator noise = at::detail::createCPUGenerator(3);
  at::empty({6, 1, 1}).uniform_(0.0, 1.0, noise);
  at::empty({6}, at::kLong).random_(0, 1, noise);
  const at::Tensor eps_BTS = at::empty({6, 8, kFeatures}).normal_(0.0, 1.0, noise);
  const at::Tensor clean = (ended.x_BPX - std::sqrt(1.0 - abar) * eps_BTS) / std::sqrt(abar);
  EXPECT_NEAR(
      clean[0][7][0].item<double>() - clean[0][6][0].item<double>(),
      scaled(batch_.seen.states_BTS)[0][7][0].item<double>() - scaled(batch_.seen.states_BTS)[0][6][0].item<double>(),
      1e-3);
}

TEST(DiffBid, AsksForAQuantileOfTheTrainingReturnsAndItsCpa) {
  DiffBidConfig config = small();
  config.target_quantile = 0.5;
  config.target_cpa = 0.8;
  const auto policy = make(config);
  const policy::Batch batch = sample_batch(5, 8);
  policy->fit(columns_of(batch));
  const at::Tensor median = std::get<0>(batch.outcome_BO.select(1, 0).sort())[2];
  EXPECT_FLOAT_EQ(static_cast<float>(policy->wishes().at(Outcome::kReturn)), median.item<float>());
  EXPECT_EQ(policy->wishes().at(Outcome::kCpa), 0.8);
}

// Dropout of every condition in training: they cannot be learned, and their layers get no gradient.
TEST(DiffBid, ADroppedConditionGivesNoGradient) {
  DiffBidConfig config = small();
  config.condition_dropout = 1.0;
  const auto policy = make(config);
  const policy::Batch batch = sample_batch(4, 8);
  policy->fit(columns_of(batch));
  policy->train();
  at::Generator noise = at::detail::createCPUGenerator(3);
  policy->losses({0, noise}, 1, batch)[0].value.backward();
  EXPECT_EQ(policy->named_parameters()["denoiser.condition_in.weight"].grad().abs().max().item<float>(), 0.0F);
  policy->eval();  // conditions are kept
  policy->losses({0, noise}, 1, batch)[0].value.backward();
  EXPECT_GT(policy->named_parameters()["denoiser.condition_in.weight"].grad().abs().max().item<float>(), 0.0F);
}

TEST(DiffBid, TheKnownStatesAreInTheForecastsPast) {
  const auto policy = make(small());
  const policy::Batch batch = sample_batch(4, 8);
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  // In a day's last tick there is no next state: its own stands for it, as far as scaling is exact.
  const policy::Action action = act(*policy, history_of(batch), ask_for(0.5, 4));
  const at::Tensor own = batch.seen.states_BTS.select(1, 7);
  const at::Tensor within = own.abs() < 1.5;  // not cut by the scaler
  EXPECT_TRUE(at::allclose(action.next_states_BS.masked_select(within), own.masked_select(within), 1e-4, 1e-4));
}

TEST(DiffBid, AWarmStartContinuesTheLastPlan) {
  DiffBidConfig config = small();
  config.warm_levels = 2;
  const auto policy = make(config);
  const policy::Batch batch = sample_batch(4, 8);
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  policy::Ticks history = history_of(batch);
  history.mask_BT = batch.seen.mask_BT.clone();
  history.mask_BT.slice(1, 3).zero_();
  const at::Tensor noise_BN = noise_for(*policy, 4);
  const auto act_with = [&](const at::Tensor& plan) { return policy->act(history, ask_for(0.5, 4), noise_BN, {plan}); };
  const at::Tensor plan = at::full({4, 8, kFeatures}, 0.5);
  const policy::Action action = act_with(plan);
  EXPECT_FALSE(at::equal(action.next_states_BS, act_with(-plan).next_states_BS));
  // What it carries is the plan: the known states, then those it expects.
  QuantileScaler scaler(kFeatures, config.tail, -1.0, 1.0);
  scaler->fit(batch.seen.states_BTS.flatten(0, 1));
  EXPECT_TRUE(at::equal(action.carry[0].slice(1, 0, 3), scaler(batch.seen.states_BTS.slice(1, 0, 3))));
  EXPECT_TRUE(at::allclose(scaler->inverse(action.carry[0].select(1, 3)), action.next_states_BS));
  // In the first tick there is no last plan: all stays as it is.
  history.mask_BT.slice(1, 1).zero_();
  EXPECT_TRUE(at::equal(act_with(plan).next_states_BS, act_with(-plan).next_states_BS));
}

TEST(DiffBid, AncestralSamplingReadsNoiseForEveryLevel) {
  DiffBidConfig config = small();
  config.sampler = "ancestral";
  config.prediction = "noise";
  config.levels = 4;
  config.sampling_levels = 4;
  const auto policy = make(config);
  EXPECT_EQ(policy->noise_size(), 5 * 8 * kFeatures);
  const policy::Batch batch = sample_batch(4, 8);
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  policy::Ticks history = history_of(batch);
  history.mask_BT = batch.seen.mask_BT.clone();
  history.mask_BT.slice(1, 3).zero_();
  const at::Tensor noise_BN = noise_for(*policy, 4);
  const at::Tensor before = policy->act(history, ask_for(0.5, 4), noise_BN, {}).coefficients_BA;
  EXPECT_TRUE(at::isfinite(before).all().item<bool>());
  noise_BN.slice(1, 2 * 8 * kFeatures, 3 * 8 * kFeatures).normal_();  // of level 1
  EXPECT_FALSE(at::equal(policy->act(history, ask_for(0.5, 4), noise_BN, {}).coefficients_BA, before));
}

}  // namespace
}  // namespace genbid::models
