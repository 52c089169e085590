#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "models/decision_transformer/decision_transformer.h"
#include "models/diffbid/diffusion.h"
#include "models/diffbid/inverse_dynamics.h"
#include "models/diffbid/temporal_unet.h"
#include "models/losses.h"
#include "models/reference_file.h"

// Forward, losses and gradients against PyTorch. Tolerances are shares of a tensor's largest element unless said
// otherwise; scripts/reference/README.md has each beside the error that float32 makes in PyTorch itself.

namespace genbid::models {
namespace {

using test::ReferenceFile;

// Windows as they are cut out of days, and whole days in whose band the window lies: the same numbers.
TEST(Reference, DecisionTransformer) {
  const ReferenceFile reference("decision_transformer");
  const ReferenceFile::Names names = {
      {"wishes.scale.", "returns."}, {"embed_wish.", "embed_return."}, {"labels.", "actions."}};
  for (const char* context : {"windows", "days"}) {
    DecisionTransformerConfig config;
    config.window = 4;
    config.width = 16;
    config.layers = 2;
    config.heads = 2;
    config.inner = 24;
    config.context = context;
    DecisionTransformer policy(config, {5, 1});
    reference.load_into(policy, names);
    policy.eval();
    policy::Batch batch;
    policy::Ticks& seen = batch.seen;
    seen.states_BTS = reference["input.states"].to(at::kFloat);
    seen.actions_BTA = reference["input.actions"].to(at::kFloat);
    seen.ticks_BT = reference["input.ticks"];
    seen.mask_BT = reference["input.mask"].to(at::kFloat);
    // A day that comes to nothing has gone into debt by what is to go.
    const at::Tensor to_go_BT = reference["input.returns_to_go"].to(at::kFloat);
    seen.before_BTO = at::constant_pad_nd(-to_go_BT.unsqueeze(-1), {0, kNumOutcomes - 1});
    batch.outcome_BO = at::zeros({to_go_BT.size(0), kNumOutcomes});
    batch.label_BTA = seen.actions_BTA;
    batch.label_weight_BT = seen.mask_BT;
    batch.weight_B1 = at::ones({to_go_BT.size(0), 1});
    at::Generator noise = at::detail::createCPUGenerator(0);
    const at::Tensor loss = policy.losses({0, noise}, 0, batch)[0].value;
    reference.expect_near(loss, "output.loss", 1e-6);
    loss.backward();
    // A bias's gradient is a sum over all tokens, of either sign, so its last bits are those of larger terms. In which
    // order a processor's kernels add up decides: the largest error is 1.03e-5 with AVX2, and below 1e-5 with AVX-512.
    reference.expect_gradients(policy, 2e-5, names);

    // What act() says at each row's last real tick.
    const at::Tensor acted_B1 = policy.act(seen, batch.outcome_BO, {}, {}).coefficients_BA;
    const at::Tensor last_B11 = (seen.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
    const at::Tensor predicted_B1 = reference["output.prediction"].gather(1, last_B11).squeeze(-1);
    const at::Tensor alphas_B1 =
        (predicted_B1 * reference["param.actions.scale"] + reference["param.actions.mean"]).clamp_min(0.0);
    EXPECT_TRUE(at::allclose(acted_B1.to(at::kDouble), alphas_B1, 1e-5, 1e-5));
  }
}

diffbid::TemporalUnetOptions reference_unet() {
  diffbid::TemporalUnetOptions options;
  options.channels_in = 7;
  options.channels_out = 6;
  options.num_conditions = 2;
  options.widths = {8, 16, 24};
  options.groups = 4;
  options.embedding = 8;
  return options;
}

TEST(Reference, TemporalUnet) {
  const ReferenceFile reference("temporal_unet");
  diffbid::TemporalUnet unet(reference_unet());
  reference.load_into(*unet);
  const at::Tensor level_B = reference["input.level"].to(at::kFloat);
  reference.expect_near(unet->embed_level(level_B), "output.level_embedding", 1e-6);
  const at::Tensor predicted =
      unet->forward(reference["input.x"], level_B, reference["input.condition"], reference["input.keep"]);
  reference.expect_near(predicted, "output.prediction", 3e-6);
  const at::Tensor loss = diffbid::denoising_loss(diffbid::Prediction::kNoise, predicted, reference["input.target"],
                                                  reference["input.known"].unsqueeze(-1) > 0.5);
  reference.expect_near(loss, "output.loss", 1e-6);
  loss.backward();
  reference.expect_gradients(*unet, 1e-5);
}

TEST(Reference, InverseDynamics) {
  const ReferenceFile reference("inverse_dynamics");
  diffbid::InverseDynamicsOptions options;
  options.num_features = 5;
  options.width = 12;
  options.depth = 2;
  diffbid::InverseDynamics inverse(options);
  reference.load_into(*inverse);
  const at::Tensor inputs =
      at::cat({diffbid::histories(reference["input.states"], options.history), reference["input.next_states"]}, -1);
  const at::Tensor predicted = inverse->forward(inputs);
  reference.expect_near(predicted, "output.prediction", 1e-6);
  policy::Batch batch;
  batch.label_weight_BT = reference["input.mask"];
  batch.weight_B1 = at::ones({batch.label_weight_BT.size(0), 1});
  const at::Tensor loss = action_loss(predicted, reference["input.actions"], batch).value;
  reference.expect_near(loss, "output.loss", 1e-6);
  loss.backward();
  reference.expect_gradients(*inverse, 3e-6);
}

class Sampling : public ::testing::Test {
 protected:
  static constexpr double kTemperature = 0.5;
  static constexpr double kGuidance = 1.2;

  Sampling() : unet_(reference_unet()), schedule_(diffbid::cosine_schedule(20)) {
    reference_.load_into(*unet_);
    const at::Tensor known_BT = at::arange(8).unsqueeze(0) < at::tensor({1, 3, 7}).unsqueeze(1);
    known_ = {reference_["input.states"], known_BT.unsqueeze(-1)};
    start_ = kTemperature * reference_["input.noise"];
  }

  at::Tensor predict(const at::Tensor& x_BTS, int64_t level) {
    const at::Tensor input = at::cat({x_BTS, known_.mask_BT1.to(at::kFloat)}, -1);
    const at::Tensor level_B = at::full({3}, static_cast<double>(level));
    const at::Tensor condition = reference_["input.condition"];
    return diffbid::guide(unet_->forward(input, level_B, condition, at::ones({3, 1})),
                          unet_->forward(input, level_B, condition, at::zeros({3, 1})), kGuidance);
  }

  // sample_ddim's steps one by one, each against the reference's.
  void expect_ddim(diffbid::Prediction prediction, const std::string& trajectory, double tolerance) {
    const torch::NoGradGuard no_grad;
    const at::Tensor expected_KBTS = reference_[trajectory];
    int64_t step = 0;
    const auto levels = diffbid::spread_levels(20, 5);
    const diffbid::Denoiser denoiser = [&](const at::Tensor& x, int64_t level) {
      EXPECT_EQ(level, levels[static_cast<size_t>(step)]);
      if (step > 0) {
        EXPECT_TRUE(at::allclose(x.to(at::kDouble), expected_KBTS[step - 1], 0.0, tolerance)) << "step " << step;
      }
      ++step;
      return predict(x, level);
    };
    const at::Tensor x = diffbid::sample_ddim(schedule_, prediction, levels, start_, known_, denoiser);
    EXPECT_EQ(step, 5);
    EXPECT_TRUE(at::allclose(x.to(at::kDouble), expected_KBTS[4], 0.0, tolerance));
  }

  ReferenceFile reference_{"ddim"};
  diffbid::TemporalUnet unet_;
  diffbid::NoiseSchedule schedule_;
  diffbid::KnownTicks known_;
  at::Tensor start_;
};

TEST_F(Sampling, ScheduleIsTheReferences) {
  const at::TensorOptions doubles(at::kDouble);
  EXPECT_TRUE(at::allclose(at::tensor(schedule_.betas, doubles), reference_["output.betas"], 1e-12, 0.0));
  EXPECT_TRUE(
      at::allclose(at::tensor(schedule_.alphas_cumprod, doubles), reference_["output.alphas_cumprod"], 1e-12, 0.0));
}

// The noisiest level divides by sqrt(6e-6): an error of the network grows 400 times before it is clamped.
TEST_F(Sampling, DdimWithPredictedNoise) { expect_ddim(diffbid::Prediction::kNoise, "output.noise_trajectory", 1e-5); }

// Near clean states a step divides by sqrt(1 - abar), here at least 0.3, and the next pass starts from there.
TEST_F(Sampling, DdimWithPredictedStates) { expect_ddim(diffbid::Prediction::kState, "output.state_trajectory", 3e-5); }

TEST_F(Sampling, Ancestral) {
  const torch::NoGradGuard no_grad;
  const at::Tensor step_noise_BKTS = reference_["input.step_noise"].transpose(0, 1);
  const diffbid::Denoiser denoiser = [&](const at::Tensor& x, int64_t level) { return predict(x, level); };
  const at::Tensor x = diffbid::sample_ancestral(schedule_, diffbid::Prediction::kNoise, start_, step_noise_BKTS,
                                                 kTemperature, known_, denoiser);
  EXPECT_TRUE(at::allclose(x.to(at::kDouble), reference_["output.ancestral"], 0.0, 1e-4));
}

}  // namespace
}  // namespace genbid::models
