#include "train/policy_gradient.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/temporary_folder.h"
#include "bidding/state_features.h"
#include "models/diffbid/diffbid.h"
#include "models/diffbid/diffusion.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "softmarket/constant_policy.h"
#include "softmarket/players.h"
#include "softmarket/sample_tape.h"
#include "train/objectives.h"
#include "train/stepper.h"
#include "train/trainer.h"

namespace genbid::train {
namespace {

constexpr int64_t kNumDays = 8;
constexpr int64_t kTicks = 6;  // fewer than the planner of the samples plans

// Draws alphas around one that is all it learns: a Gaussian of the logarithm.
class Drawn : public softmarket::Player {
 public:
  explicit Drawn(double alpha, double deviation = 0.3) : deviation_(deviation) {
    mean_ = register_parameter("mean", at::full({1}, std::log(alpha)));
  }
  policy::ChoiceSize choice_size() const override { return {1, 1}; }
  at::Tensor log_densities_BTL(const policy::Ticks& /*days*/, const at::Tensor& /*wishes_BO*/,
                               const at::Tensor& choices_BTX) override {
    return -0.5 * ((choices_BTX - mean_) / deviation_).square() - std::log(deviation_);
  }
  policy::Action act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& /*carry*/) override {
    policy::Action action;
    action.choice_BX = mean_ + deviation_ * noise_BN + at::zeros({history.states_BTS.size(0), 1});
    action.coefficients_BA = action.choice_BX.exp();
    return action;
  }
  at::Tensor& mean() { return mean_; }

 private:
  double deviation_;
  at::Tensor mean_;
};

class PolicyGradientTest : public ::testing::Test {
 protected:
  PolicyGradientTest()
      : columns_(test::sample_tape(kNumDays, kTicks)), days_(days_of(columns_)), tapes_(columns_, at::kCPU) {
    for (TapeDay& day : days_) day.budget *= 0.25;  // so that bids decide whether it lasts
    chosen_.resize(kNumDays);
    std::iota(chosen_.begin(), chosen_.end(), 0);
    config_.group_size = 4;
  }

  PolicyGradient objective(const policy::Policy& policy, int64_t cells = 4, int64_t parts = 1) const {
    return PolicyGradient(tapes_, days_, chosen_, options_, config_, policy, cells, parts, 1);
  }

  static std::shared_ptr<policy::Policy> small(const std::string& variant) {
    return models::make_policy(test::small_model(variant), policy::shape_for(feature_names(FeatureSet::kConstraint)),
                               1);
  }

  data::TapeColumns columns_;
  std::vector<TapeDay> days_;
  softmarket::Tapes tapes_;
  std::vector<int64_t> chosen_;
  TapeDaysOptions options_;
  PolicyGradientConfig config_;
};

std::map<std::string, at::Tensor> losses_of(Objective& objective, policy::Policy& policy, int64_t step) {
  objective.draw(step, 1);
  objective.gather(at::zeros({1}, at::kLong));
  at::Generator noise = at::detail::createCPUGenerator(static_cast<uint64_t>(7 + step));
  std::map<std::string, at::Tensor> losses;
  for (const policy::LossPart& one : objective.losses({step, noise}, policy, 0, 0)) losses[one.name] = one.value;
  return losses;
}

TEST(Advantages, AreOfAGroup) {
  const at::Tensor rewards = at::tensor({1.0F, 3.0F, 10.0F, 16.0F, 5.0F, 5.0F});
  const auto of = [&](const std::string& divide_by) { return advantages_B(rewards, 2, divide_by); };
  EXPECT_TRUE(at::equal(of("none"), at::tensor({-1.0F, 1.0F, -3.0F, 3.0F, 0.0F, 0.0F})));
  EXPECT_TRUE(at::allclose(of("group"), at::tensor({-1.0F, 1.0F, -1.0F, 1.0F, 0.0F, 0.0F})));
  const float all = std::sqrt((1.0F + 1.0F + 9.0F + 9.0F) / 6.0F);
  EXPECT_TRUE(at::allclose(of("batch"), of("none") / all));
}

TEST(Advantages, FollowTheirGroups) {
  at::Generator noise = at::detail::createCPUGenerator(1);
  const at::Tensor rewards_NG = at::randn({5, 4}, noise);
  const at::Tensor order_N = at::tensor({3, 1, 4, 0, 2}, at::kLong);
  for (const char* divide_by : {"group", "batch", "none"}) {
    const at::Tensor advantages_NG = advantages_B(rewards_NG.flatten(), 4, divide_by).view({5, 4});
    const at::Tensor moved = advantages_B(rewards_NG.index_select(0, order_N).flatten(), 4, divide_by).view({5, 4});
    EXPECT_TRUE(at::allclose(moved, advantages_NG.index_select(0, order_N), 1e-5, 1e-6)) << divide_by;
    // What all samples of a day have more is no advantage.
    const at::Tensor richer = rewards_NG + at::arange(5, at::kFloat).unsqueeze(1);
    EXPECT_TRUE(at::allclose(advantages_B(richer.flatten(), 4, divide_by).view({5, 4}), advantages_NG, 1e-4, 1e-5))
        << divide_by;
  }
}

// Gains and their slopes in the ratio, for ratios below, within and above 1 +- 0.2 and both signs.
TEST(ClippedGain, HasNoSlopeWhereTheRatioHasGoneFarEnough) {
  const at::Tensor ratio = at::tensor({0.5F, 1.1F, 1.5F, 0.5F, 1.1F, 1.5F});
  const at::Tensor log_ratio = ratio.log().view({6, 1, 1}).set_requires_grad(true);
  const at::Tensor advantage = at::tensor({2.0F, 2.0F, 2.0F, -2.0F, -2.0F, -2.0F});
  const at::Tensor gain = clipped_gain_BTL(log_ratio, advantage, 0.2);
  EXPECT_TRUE(at::allclose(gain.flatten(), at::tensor({1.0F, 2.2F, 2.4F, -1.6F, -2.2F, -3.0F})));
  gain.sum().backward();
  EXPECT_TRUE(at::allclose(log_ratio.grad().flatten(), at::tensor({1.0F, 2.2F, 0.0F, 0.0F, -2.2F, -3.0F})));
}

TEST(Divergence, IsTheEstimateK3) {
  const at::Tensor log_density = at::tensor({-1.0F, -2.0F}).view({2, 1, 1}).set_requires_grad(true);
  EXPECT_EQ(divergence_BTL(log_density, log_density.detach()).abs().max().item<double>(), 0.0);
  const at::Tensor reference = at::tensor({-0.5F, -3.0F}).view({2, 1, 1});
  const at::Tensor divergence = divergence_BTL(log_density, reference).flatten();
  EXPECT_NEAR(divergence[0].item<double>(), std::exp(0.5) - 0.5 - 1.0, 1e-6);
  EXPECT_NEAR(divergence[1].item<double>(), std::exp(-1.0) + 1.0 - 1.0, 1e-6);
  EXPECT_GE(divergence.min().item<double>(), 0.0);
}

// What has become a thousand times less likely in its logarithm is no infinite loss, and is pulled back.
TEST(Divergence, OfWhatIsFarAwayIsFinite) {
  const at::Tensor log_density = at::full({1, 1, 1}, -1000.0F).set_requires_grad(true);
  const at::Tensor reference = at::zeros({1, 1, 1});
  const at::Tensor far =
      divergence_BTL(log_density, reference) - clipped_gain_BTL(-log_density, at::full({1}, -1.0F), 0.2);
  EXPECT_TRUE(std::isfinite(far.item<double>()));
  far.sum().backward();
  EXPECT_LT(log_density.grad().item<double>(), -100.0);
}

// The gradient is that of the expected score: by finite differences of the mean over many days played with the same
// noise, a little more and a little less bid. Deviations of both from seed to seed are below 2 %.
TEST_F(PolicyGradientTest, TheGradientIsThatOfTheExpectedScore) {
  options_.day.drawn_conversions = false;
  options_.campaigns = Campaigns::kOwn;
  config_.group_size = 4096;
  config_.divide_by = "none";
  chosen_ = {2};
  Drawn policy(70.0);
  PolicyGradient objective = this->objective(policy, 1);
  losses_of(objective, policy, 0)["policy_gradient"].backward();
  const double slope = -policy.mean().grad().item<double>();

  const softmarket::Cells cells = {
      at::full({4096 * 8}, 2, at::kLong),
      at::tensor({as_float(days_[2].budget), as_float(days_[2].cpa_limit)}).expand({4096 * 8, 2})};
  softmarket::DayOptions day = options_.day;
  day.softness = 0.0;
  day.sampled = true;
  const auto score = [&](double shift) {
    const torch::NoGradGuard no_grad;
    Drawn other(70.0 * std::exp(shift));
    at::Generator noise = at::detail::createCPUGenerator(3);
    return softmarket::play_day(other, {}, tapes_, cells, day, noise).score_B.to(at::kDouble).mean().item<double>();
  };
  constexpr double kShift = 0.02;
  const double par = days_[2].budget / days_[2].cpa_limit;
  const double expected = (score(kShift) - score(-kShift)) / (2.0 * kShift) / par / as_double(kTicks);
  EXPECT_GT(std::abs(expected), 1e-3);
  EXPECT_NEAR(slope, expected, 0.08 * std::abs(expected));
}

TEST_F(PolicyGradientTest, ThereIsNoDivergenceAtTheStart) {
  const auto policy = small("perceptron.gaussian");
  config_.kl_weight = 2.0;
  PolicyGradient objective = this->objective(*policy);
  policy->fit(objective.training_columns());
  const auto start = small("perceptron.gaussian");
  for (const auto& item : policy->named_buffers()) start->named_buffers()[item.key()].copy_(item.value());
  objective.stay_near(start);
  EXPECT_LT(losses_of(objective, *policy, 0).at("divergence").item<double>(), 1e-9);
  {
    const torch::NoGradGuard no_grad;
    for (at::Tensor parameter : policy->parameters()) parameter.mul_(1.1);
  }
  EXPECT_GT(losses_of(objective, *policy, 1).at("divergence").item<double>(), 1e-4);
}

// Who hardly draws anything sees the same day in all samples of a group, drawn conversions included, and not in others.
TEST_F(PolicyGradientTest, SamplesDifferByWhatWasDrawnAlone) {
  config_.reuse = 2;
  Drawn policy(70.0, 1e-6);
  PolicyGradient objective = this->objective(policy);
  losses_of(objective, policy, 0);
  const at::Tensor states_NGX = objective.state().at("samples0.states").view({4, 4, -1});
  const at::Tensor first_N1X = states_NGX.slice(1, 0, 1);
  EXPECT_TRUE(at::allclose(states_NGX, first_N1X.expand_as(states_NGX), 1e-3));
  EXPECT_FALSE(at::allclose(states_NGX[0], states_NGX[1], 1e-3));
}

// Three steps learn from the same days; the fourth plays others.
TEST_F(PolicyGradientTest, SamplesAreUsedAgain) {
  config_.reuse = 3;
  Drawn policy(70.0);
  PolicyGradient objective = this->objective(policy);
  std::vector<double> scores, gains;
  for (int64_t step = 0; step < 4; ++step) {
    const auto losses = losses_of(objective, policy, step);
    scores.push_back(losses.at("market").item<double>());
    gains.push_back(losses.at("policy_gradient").item<double>());
    policy.zero_grad();
    losses.at("policy_gradient").backward();
    const torch::NoGradGuard no_grad;
    policy.mean().sub_(0.5 * policy.mean().grad().sign() * 0.05);
  }
  EXPECT_EQ(scores[1], scores[0]);
  EXPECT_EQ(scores[2], scores[0]);
  EXPECT_NE(scores[3], scores[0]);
  EXPECT_LT(gains[1], gains[0]);  // a step along the gradient helps on the same samples
}

// What is drawn when there is no money left is not learned from.
TEST_F(PolicyGradientTest, TicksWithoutMoneyDoNotCount) {
  for (TapeDay& day : days_) day.budget *= 0.1;
  config_.reuse = 2;
  Drawn policy(200.0);
  PolicyGradient objective = this->objective(policy);
  losses_of(objective, policy, 0);
  const policy::NamedTensors state = objective.state();
  const at::Tensor money_BT =
      state.at("samples0.states").select(2, kFeatureBudgetLeft) * state.at("samples0.constraint").slice(1, 0, 1);
  const at::Tensor gone_BT = money_BT.lt(0.1);
  ASSERT_GT(gone_BT.sum().item<int64_t>(), 8);
  const auto gradient = [&] {
    policy.zero_grad();
    losses_of(objective, policy, 1).at("policy_gradient").backward();
    return policy.mean().grad().item<double>();
  };
  const double before = gradient();
  at::Tensor choices_BTX = state.at("samples0.choices");
  choices_BTX.add_(0.5 * gone_BT.unsqueeze(2));
  EXPECT_EQ(gradient(), before);
  choices_BTX.add_(0.5);
  EXPECT_NE(gradient(), before);
}

// The whole day's densities are those with which act() drew, tick by tick with its carry, whatever it is.
TEST_F(PolicyGradientTest, DensitiesOfADayAreThoseOfItsDecisions) {
  softmarket::Cells cells = test::cells_of(columns_);
  softmarket::DayOptions options;
  options.sampled = true;
  options.drawn_conversions = false;
  for (const std::string& variant : test::policy_variants()) {
    const auto policy = small(variant);
    const auto [numbers, links] = policy->choice_size();
    if (numbers == 0) continue;
    PolicyGradient objective = this->objective(*policy);
    policy->fit(objective.training_columns());
    policy->eval();
    const torch::NoGradGuard no_grad;
    at::Generator noise = at::detail::createCPUGenerator(11);
    const auto wishes = policy->wishes();
    const softmarket::Day day = softmarket::play_day(*policy, wishes, tapes_, cells, options, noise);
    ASSERT_EQ(day.choices_BTX.size(2), numbers) << variant;
    policy::Ticks days;
    days.states_BTS = day.states_BTS;
    days.actions_BTA = day.actions_BT.unsqueeze(2);
    days.before_BTO = day.before_BTO;
    days.ticks_BT = at::arange(kTicks, at::kLong).expand({kNumDays, kTicks});
    days.mask_BT = at::ones({kNumDays, kTicks});
    days.constraint_BC = cells.constraint_BC;
    const at::Tensor wishes_BO = softmarket::same_wishes_BO(wishes, cells.constraint_BC);
    const at::Tensor density_BTL = policy->log_densities_BTL(days, wishes_BO, day.choices_BTX);
    ASSERT_EQ(density_BTL.sizes().vec(), (std::vector<int64_t>{kNumDays, kTicks, links})) << variant;
    // The last number of a choice is the logarithm of alpha, whose deviation the variants give.
    EXPECT_TRUE(at::allclose(day.choices_BTX.slice(2, numbers - 1).exp().squeeze(2), day.alphas_BT, 1e-5)) << variant;
    at::Generator again = at::detail::createCPUGenerator(11);
    for (int64_t tick = 0; tick < kTicks; ++tick) {
      const at::Tensor z_B = at::randn({kNumDays, numbers}, again).select(1, numbers - 1);
      const at::Tensor apart_B = density_BTL.select(1, tick).select(1, links - 1) + 0.5 * z_B.square();
      // What is left of a Gaussian's log-density is - log(deviation) - log(2 pi) / 2.
      EXPECT_LT((apart_B + std::log(0.2) + 0.5 * std::log(2.0 * M_PI)).abs().max().item<double>(), 2e-3)
          << variant << " " << tick;
    }
    // Nothing of a decision follows from what comes later.
    policy::Ticks other = days;
    const auto from = [](const at::Tensor& x_BTX, int64_t tick) {
      return at::cat({x_BTX.slice(1, 0, tick), x_BTX.slice(1, tick).flip(0)}, 1);
    };
    other.states_BTS = from(days.states_BTS, 3);
    other.before_BTO = from(days.before_BTO, 3);
    other.actions_BTA = from(days.actions_BTA, 2);
    const at::Tensor changed_BTL = policy->log_densities_BTL(other, wishes_BO, day.choices_BTX);
    EXPECT_TRUE(at::equal(changed_BTL.slice(1, 0, 3), density_BTL.slice(1, 0, 3))) << variant;
    EXPECT_FALSE(at::equal(changed_BTL, density_BTL)) << variant;
  }
}

// The links of a chain: the levels between, whose densities are those of the noise that was added to the rows which are
// not known, and the alpha.
TEST_F(PolicyGradientTest, ADenoisingChainHasALinkForEachLevel) {
  models::DiffBidConfig model;
  model.ticks = kTicks;
  model.width = 8;
  model.stages = 2;
  model.groups = 2;
  model.embedding = 8;
  model.inverse_width = 16;
  model.levels = 9;
  model.sampling_levels = 3;
  model.temperature = 0.5;
  model.deviation = 0.2;
  model.eta = 0.7;
  const auto num_features = std::ssize(feature_names(FeatureSet::kConstraint));
  const auto policy = models::make_policy(model, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  EXPECT_EQ(policy->choice_size().links, 3);
  EXPECT_EQ(policy->choice_size().numbers, 3 * kTicks * num_features + 1);
  PolicyGradient objective = this->objective(*policy);
  policy->fit(objective.training_columns());
  policy->eval();
  config_.reuse = 2;
  options_.day.drawn_conversions = false;
  PolicyGradient sampling = this->objective(*policy);
  sampling.ask_for(policy->wishes());
  losses_of(sampling, *policy, 0);
  const at::Tensor density_BTL = sampling.state().at("samples0.drawn");
  const auto schedule = models::diffbid::cosine_schedule(9);
  const auto levels = models::diffbid::spread_levels(9, 3);
  at::Generator again = at::detail::createCPUGenerator(7);
  for (int64_t tick = 0; tick < kTicks; ++tick) {
    const at::Tensor z_BX = at::randn({16, policy->choice_size().numbers}, again);
    for (int64_t link = 0; link < 2; ++link) {
      const at::Tensor z_BPX = z_BX.slice(1, (link + 1) * kTicks * num_features, (link + 2) * kTicks * num_features)
                                   .view({16, kTicks, num_features})
                                   .slice(1, tick + 1);
      const double next = schedule.abar(at(levels, link + 1));
      const double abar = schedule.abar(at(levels, link));
      const double deviation = 0.5 * 0.7 * std::sqrt((1.0 - next) / (1.0 - abar) * (1.0 - abar / next));
      const double constant = std::log(deviation) + 0.5 * std::log(2.0 * M_PI);
      const at::Tensor expected_B = (-0.5 * z_BPX.square() - constant).sum({1, 2});
      const at::Tensor found_B = density_BTL.select(1, tick).select(1, link);
      EXPECT_LT((found_B - expected_B).abs().max().item<double>(), 1e-2 + 1e-4 * expected_B.abs().max().item<double>())
          << tick << " " << link;
    }
  }
}

TEST_F(PolicyGradientTest, APolicyLearnsByIt) {
  Drawn policy(25.0);
  options_.campaigns = Campaigns::kOwn;
  config_.group_size = 8;
  const auto mean_score = [&] {
    softmarket::Cells cells = test::cells_of(columns_);
    for (int64_t i = 0; i < kNumDays; ++i) cells.constraint_BC[i][0] = as_float(at(days_, i).budget);
    softmarket::DayOptions day;
    day.sampled = true;
    at::Generator noise = at::detail::createCPUGenerator(3);
    const torch::NoGradGuard no_grad;
    return softmarket::play_day(policy, {}, tapes_, cells, day, noise).score_B.mean().item<double>();
  };
  PolicyGradient objective = this->objective(policy, 8);
  const double before = mean_score();
  TrainConfig config;
  config.steps = 60;
  config.learning_rate = 0.05;
  config.warmup_steps = 1;
  Stepper stepper(config, policy, objective);
  for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
  EXPECT_GT(mean_score(), 1.1 * before);
}

// Interrupted between two steps that learn from the same samples, a training ends with the same bits.
TEST_F(PolicyGradientTest, GoesOnInTheMiddleOfACycle) {
  config_.reuse = 4;
  const test::TemporaryFolder folder;
  const auto checkpoint_of = [&](const std::string& name, bool in_parts) {
    const RunDir run = RunDir::create(folder.path() + "/" + name, "kind: train\n");
    policy::CheckpointInfo info;
    info.shape = policy::shape_for(feature_names(FeatureSet::kConstraint));
    std::string checkpoint;
    for (const int64_t stop_at : in_parts ? std::vector<int64_t>{2, 7, 0} : std::vector<int64_t>{0}) {
      const auto policy = small("decision_transformer.gaussian");
      PolicyGradient objective = this->objective(*policy, 4, 2);
      policy->fit(objective.training_columns());
      objective.ask_for(policy->wishes());
      TrainConfig config;
      config.steps = 10;
      config.warmup_steps = 1;
      config.stop_at = stop_at;
      Trainer trainer(config, *policy, objective, nullptr, &run, info, "kind: train\n");
      if (!checkpoint.empty()) trainer.resume(checkpoint);
      checkpoint = trainer.run().checkpoint;
    }
    return checkpoint;
  };
  const std::string whole = checkpoint_of("whole", false);
  const std::string parts = checkpoint_of("parts", true);
  for (const std::string file : {"/model.safetensors", "/trainer.safetensors"}) {
    EXPECT_EQ(read_file(parts + file), read_file(whole + file)) << file;
  }
}

// Beside another objective its state is kept under its place, and it is played once a step.
TEST_F(PolicyGradientTest, GoesIntoASum) {
  config_.reuse = 2;
  Drawn policy(70.0);
  PolicyGradient one = this->objective(policy);
  TapeDays other(tapes_, days_, chosen_, options_, 4, 1, 1);
  WeightedSum sum({{&other, 1.0}, {&one, 0.5}});
  EXPECT_TRUE(sum.state().contains("1.samples0.choices"));
  EXPECT_EQ(sum.state().size(), one.state().size());
  config_.reuse = 1;
  EXPECT_TRUE(this->objective(policy).state().empty());
}

TEST_F(PolicyGradientTest, APolicyMustSample) {
  const auto policy = small("perceptron");
  EXPECT_THROW(this->objective(*policy), Error);
  EXPECT_THROW(policy->log_densities_BTL({}, {}, {}), Error);
}

}  // namespace
}  // namespace genbid::train
