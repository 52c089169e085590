#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "golden.h"
#include "models/diffbid/diffusion.h"
#include "models/diffbid/inverse_dynamics.h"
#include "models/diffbid/temporal_unet.h"
#include "npy.h"

// The denoiser at the official size, the schedule, ancestral sampling and inverse dynamics against AuctionNet's
// Decision Diffuser (auctionnet.md 5.8) with fixed weights: its own outputs, in float32 of another LibTorch. Its
// network reads no mask of known ticks and one condition.

namespace genbid::models {
namespace {

using diffbid::KnownTicks;
using diffbid::Prediction;

constexpr int64_t kTicks = 48;
constexpr int64_t kFeatures = 16;

at::Tensor tensor_of(const std::string& path) {
  const test::Npy npy = test::read_npy(path);
  return at::tensor(npy.values, at::TensorOptions(at::kDouble)).view(npy.shape).to(at::kFloat);
}

#define DD_TENSOR(name) tensor_of(test::find_vector("dd/" name ".npy"))

// Element k of parameter j: sin(0.7 k + 1.3 j), matrices over sqrt(fan-in), scales of norms 1 + a tenth, other vectors
// a tenth.
void fill(const at::Tensor& parameter, int64_t j, bool is_norm_scale) {
  const torch::NoGradGuard no_grad;
  const at::Tensor k = at::arange(parameter.numel(), at::TensorOptions(at::kDouble));
  at::Tensor value = (0.7 * k + 1.3 * static_cast<double>(j)).sin().view(parameter.sizes());
  if (parameter.dim() >= 2) {
    value = value / std::sqrt(static_cast<double>(parameter.numel() / parameter.size(0)));
  } else {
    value = is_norm_scale ? 1.0 + 0.1 * value : 0.1 * value;
  }
  at::Tensor(parameter).copy_(value);
}

class DecisionDiffuser : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::find_vector("dd/dd.json");
    if (path.empty()) {
      if (test::under_ci()) FAIL() << "missing test vectors: dd";
      GTEST_SKIP() << "test vectors not in this clone: dd";
    }
    json_ = nlohmann::json::parse(std::ifstream(path));
    diffbid::TemporalUnetOptions options;
    options.channels_in = options.channels_out = kFeatures;
    unet_ = diffbid::TemporalUnet(options);
    diffbid::InverseDynamicsOptions inverse;
    inverse.num_features = kFeatures;
    inverse_ = diffbid::InverseDynamics(inverse);
    int64_t j = 0;
    for (torch::nn::Module* module :
         {static_cast<torch::nn::Module*>(unet_.get()), static_cast<torch::nn::Module*>(inverse_.get())}) {
      for (const auto& item : module->named_parameters()) {
        const auto& official = json_["param_names_shapes"][static_cast<size_t>(j)];
        EXPECT_EQ(item.value().sizes(), at::IntArrayRef(official[1].get<std::vector<int64_t>>()))
            << item.key() << " and " << official[0];
        fill(item.value(), j, item.key().ends_with("norm.weight"));
        ++j;
      }
    }
    ASSERT_EQ(j, static_cast<int64_t>(json_["param_names_shapes"].size()));
  }

  // Its inputs lie side by side as s_{t-1}, s_{t-2}, s_t, s_{t+1}, with zeros before the first tick.
  at::Tensor inverse_of(const at::Tensor& before1, const at::Tensor& before2, const at::Tensor& now,
                        const at::Tensor& next) {
    return inverse_->forward(at::cat({before1, before2, now, next}, -1));
  }

  nlohmann::json json_;
  diffbid::TemporalUnet unet_{nullptr};
  diffbid::InverseDynamics inverse_{nullptr};
};

TEST_F(DecisionDiffuser, OfficialSizeHasItsParametersAndCost) {
  int64_t count = 0;
  for (const at::Tensor& parameter : unet_->parameters()) count += parameter.numel();
  for (const at::Tensor& parameter : inverse_->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 16'608'657);
  diffbid::TemporalUnetOptions options;
  options.channels_in = options.channels_out = kFeatures;
  EXPECT_NEAR(static_cast<double>(diffbid::forward_flops(options, kTicks)), 0.44e9, 0.005e9);
}

// Float32 constants there, double here.
TEST_F(DecisionDiffuser, ScheduleIsTheOfficial) {
  const diffbid::NoiseSchedule schedule = diffbid::cosine_schedule(10);
  for (size_t k = 0; k < 10; ++k) {
    EXPECT_NEAR(schedule.betas[k], json_["betas"][k].get<double>(), 1e-6);
    EXPECT_NEAR(schedule.alphas_cumprod[k], json_["alphas_cumprod"][k].get<double>(), 1e-6);
  }
}

TEST_F(DecisionDiffuser, UnetAnswersAsTheOfficialWithAndWithoutCondition) {
  const torch::NoGradGuard no_grad;
  const at::Tensor x = DD_TENSOR("unet_in_x");
  const at::Tensor level_B = DD_TENSOR("t");
  const at::Tensor returns_B1 = DD_TENSOR("batch_returns");
  EXPECT_TRUE(at::allclose(unet_->embed_level(level_B), DD_TENSOR("unet_time_embed"), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(unet_->embed_condition(returns_B1), DD_TENSOR("unet_returns_embed"), 1e-4, 1e-5));
  const at::Tensor ones = at::ones_like(returns_B1);
  EXPECT_TRUE(at::allclose(unet_->forward(x, level_B, returns_B1, ones), DD_TENSOR("unet_out_cond"), 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(unet_->forward(x, level_B, returns_B1, at::zeros_like(ones)), DD_TENSOR("unet_out_uncond"),
                           1e-4, 1e-4));
}

// Its losses: every tick noised, the first not counted, zeros in the denominator; inverse dynamics over ticks 0..46.
TEST_F(DecisionDiffuser, FirstStepsLossesAreTheOfficial) {
  const torch::NoGradGuard no_grad;
  at::Tensor states = DD_TENSOR("batch_states");
  states.slice(2, 13).div_(1000.0);
  const at::Tensor actions = DD_TENSOR("batch_actions") / 100.0;
  const at::Tensor level_B = DD_TENSOR("t");
  const at::Tensor eps = DD_TENSOR("noise");
  const diffbid::NoiseSchedule schedule = diffbid::cosine_schedule(10);
  const at::Tensor abar_B11 = at::tensor(schedule.alphas_cumprod, at::TensorOptions(at::kFloat))
                                  .index_select(0, level_B.to(at::kLong))
                                  .view({-1, 1, 1});
  const at::Tensor x = diffbid::noised(states, eps, abar_B11);
  const at::Tensor returns_B1 = DD_TENSOR("batch_returns");
  const at::Tensor predicted = unet_->forward(x, level_B, returns_B1, at::ones_like(returns_B1));
  const at::Tensor error = (predicted - eps).square();
  error.select(1, 0).zero_();
  const auto& losses = json_["losses_all_diffuse_inv_3_steps"][0];
  EXPECT_NEAR(error.mean().item<double>(), losses[1].get<double>(), 1e-4);

  const at::Tensor zeros = at::zeros({8, 2, kFeatures});
  const at::Tensor padded = at::cat({zeros, states}, 1);
  const auto from = [&](int64_t first) { return padded.slice(1, first, first + kTicks - 1); };
  const at::Tensor inverse = inverse_of(from(1), from(0), from(2), from(3));
  EXPECT_NEAR((inverse - actions.slice(1, 0, kTicks - 1)).square().mean().item<double>(), losses[2].get<double>(),
              1e-4);
}

// One decision: 10 levels, guidance 1.2 at a return of 1, noise halved, the known ticks imposed.
TEST_F(DecisionDiffuser, AncestralSamplingAndActionAreTheOfficial) {
  const torch::NoGradGuard no_grad;
  const diffbid::NoiseSchedule schedule = diffbid::cosine_schedule(10);
  const at::Tensor noise = DD_TENSOR("infer_noise_seed1019_11x48x16");
  // Drawn in the order of use: the start, then levels 9..0.
  const at::Tensor step_noise_BKTS = noise.slice(0, 1).flip(0).unsqueeze(0);
  const auto predict = [&](const at::Tensor& x, int64_t level) {
    const at::Tensor level_B = at::full({1}, static_cast<double>(level));
    const at::Tensor one = at::ones({1, 1});
    return diffbid::guide(unet_->forward(x, level_B, one, one), unet_->forward(x, level_B, one, at::zeros({1, 1})),
                          1.2);
  };
  for (const auto& [kind, tick] :
       {std::pair<std::string, int64_t>{"scaled", 0}, {"scaled", 10}, {"scaled", 47}, {"raw", 10}}) {
    const at::Tensor states = tensor_of(test::find_vector("dd/infer_states_" + kind + ".npy")).unsqueeze(0);
    const KnownTicks known = {states, (at::arange(kTicks) <= tick).view({1, -1, 1})};
    const at::Tensor x = diffbid::sample_ancestral(schedule, Prediction::kNoise, 0.5 * noise.slice(0, 0, 1),
                                                   step_noise_BKTS, 0.5, known, predict);
    const std::string name = kind + "_tick" + std::to_string(tick);
    const at::Tensor expected = tensor_of(test::find_vector("dd/infer_" + name + "_x0.npy"));
    EXPECT_TRUE(at::allclose(x, expected, 1e-4, 1e-4)) << name << ": " << (x - expected).abs().max().item<double>();

    const auto state = [&](int64_t t) { return t < 0 ? at::zeros({1, kFeatures}) : states.select(1, t); };
    const at::Tensor next = x.select(1, std::min(tick + 1, kTicks - 1));
    const at::Tensor action = inverse_of(state(tick - 1), state(tick - 2), state(tick), next);
    EXPECT_NEAR(action.item<double>(), json_["infer_actions"][name].get<double>(), 1e-4) << name;
  }
}

}  // namespace
}  // namespace genbid::models
