#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/diffbid/change_scale.h"
#include "models/diffbid/diffusion.h"
#include "models/diffbid/inverse_dynamics.h"
#include "models/diffbid/quantile_scaler.h"
#include "models/diffbid/temporal_unet.h"
#include "models/inputs/own_bids.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

struct DiffBidConfig {
  int64_t ticks = 48;  // T, of a whole period
  // Denoiser (temporal_unet.h). The default costs 11 MFLOP a row, configs/diffbid_official.yaml 440.
  int64_t width = 24;  // channels of the first stage, doubled in each further one
  int64_t stages = 3;
  int64_t kernel = 5;
  int64_t blocks = 1;
  int64_t groups = 8;
  int64_t embedding = 32;
  // Diffusion.
  int64_t levels = 20;               // K, noise levels in training
  std::string prediction = "state";  // what the denoiser says: the "noise", or how much more than usual each "state"
                                     // will have changed from the current one (change_scale.h)
  double condition_dropout = 0.2;    // share of rows that train without conditions
  double tail = 0.005;               // states between these quantiles (and 1 less them) span [-1, 1]
  // Sampling.
  std::string sampler = "ddim";  // or "ancestral", through all levels
  int64_t sampling_levels = 5;   // of ddim
  int64_t warm_levels = 0;       // of ddim: begin with the last plan, noised for this many levels; 0: with noise
  double temperature = 0.25;     // scale of the noise that sampling starts from and, if ancestral, adds
  double guidance = 1.2;         // weight of the conditions; 1: no pass without them
  // Inverse dynamics (inverse_dynamics.h).
  int64_t history = 3;
  int64_t inverse_width = 256;
  int64_t inverse_depth = 3;
  double inverse_noise = 0.5;       // standard deviation of noise on the change in training: plans are not exact
  double inverse_rate_scale = 1.0;  // of its learning rate
  std::string own_bids = "show";    // or "hide": neither plans nor inverse dynamics know what it has bid
  // What it asks for by itself: this quantile of the training returns, at this share of the CPA limit.
  double target_quantile = 0.65;
  double target_cpa = 0.9;

  void fields(ConfigVisitor& v);
};

// DiffBid (Guo et al., "Generative Auto-Bidding via Diffusion Modeling", KDD 2024): diffusion over the states of a
// whole day, conditioned on return and CPA; the known ticks are inpainted; inverse dynamics turn the planned next
// state into an action. Deviations: README.md beside this.
class DiffBid : public policy::Policy {
 public:
  DiffBid(const DiffBidConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return config_.ticks; }
  bool whole_period() const override { return true; }
  std::vector<policy::ParameterGroup> parameter_groups() const override;
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override;
  int64_t noise_size() const override;
  std::vector<at::Tensor> initial_carry(int64_t rows) const override;
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;
  policy::Wishes wishes() const override;

  // What the denoiser learns from in a step: days noised beyond a random tick of theirs, and what it should say.
  struct DenoisingTask {
    at::Tensor x_BTS;
    at::Tensor known_BT1;   // bool: ticks 0 .. now, clean
    at::Tensor level_B;     // i64
    at::Tensor target_BTS;  // counts at unknown ticks
  };
  DenoisingTask denoising_task(const policy::Batch& batch, at::Generator& noise) const;

 private:
  policy::LossPart inverse_loss(const policy::Batch& batch, at::Generator& noise);
  policy::LossPart denoising_loss(const policy::Batch& batch, at::Generator& noise);
  at::Tensor scaled_conditions(const at::Tensor& wishes_BO) const;  // B 2
  at::Tensor scaled(const at::Tensor& states_BTS) const;            // without own bids where they are hidden
  at::Tensor ticks_ahead(const at::Tensor& now_B11) const;          // B T
  at::Tensor inverse_inputs(const at::Tensor& history_BTX, const at::Tensor& states_BTS,
                            const at::Tensor& next_BTS) const;
  at::Tensor denoise(const at::Tensor& x_BTS, const at::Tensor& known_BT1, const at::Tensor& level_B,
                     const at::Tensor& condition_BC, const at::Tensor& keep_B1);

  DiffBidConfig config_;
  policy::PolicyShape shape_;
  diffbid::NoiseSchedule schedule_;
  diffbid::Prediction prediction_;
  diffbid::QuantileScaler states_{nullptr};
  diffbid::ChangeScale changes_{nullptr};
  diffbid::QuantileScaler returns_{nullptr};
  diffbid::QuantileScaler cpa_{nullptr};
  nn::Normalizer actions_{nullptr};
  OwnBids own_bids_{nullptr};
  at::Tensor alphas_cumprod_K_;
  at::Tensor target_return_;
  diffbid::InverseDynamics inverse_{nullptr};
  diffbid::TemporalUnet denoiser_{nullptr};
};

}  // namespace genbid::models
