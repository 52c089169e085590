#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "models/diffbid/change_scale.h"
#include "models/diffbid/diffusion.h"
#include "models/diffbid/inverse_dynamics.h"
#include "models/diffbid/quantile_scaler.h"
#include "models/diffbid/response.h"
#include "models/diffbid/temporal_unet.h"
#include "models/inputs/own_bids.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

// What is left out of a decision, to see what it is worth.
struct DiffBidAblation {
  // The plan: each state is to change as it usually did in the training days, whatever the day was like so far.
  bool plan = false;

  void fields(ConfigVisitor& v);
};

struct DiffBidConfig {
  int64_t ticks = 48;  // T, of a whole period
  // What a plan tells of each tick: its "states", as published, from which inverse dynamics conclude an alpha; or what
  // ticks bring as well ("outcomes"), for which response curves say the alpha (response.h).
  std::string plan = "states";
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
  // Sampling of alphas, for a policy gradient: the standard deviation of their logarithm around what a plan means; 0:
  // it says one alpha. Then there is noise between the levels too, `eta` times what ancestral sampling adds (0: none),
  // and what is bid in play is the "mean", or a "sample".
  double deviation = 0.0;
  double eta = 1.0;
  std::string act = "mean";
  // Inverse dynamics (inverse_dynamics.h), or response curves.
  int64_t history = 3;
  int64_t inverse_width = 256;
  int64_t inverse_depth = 3;
  double inverse_noise = 0.5;       // of "states": deviation of noise on the change in training, as plans are not exact
  double inverse_rate_scale = 1.0;  // of its learning rate
  std::string own_bids = "show";    // or "hide": neither plans nor inverse dynamics know what it has bid
  std::vector<std::string> wishes = {"return", "cpa"};  // outcomes of a day that plans are conditioned on; may be none
  // What it asks for by itself: this quantile of what the training days came to, at this share of the CPA limit.
  double target_quantile = 0.65;
  double target_cpa = 0.9;
  DiffBidAblation ablate;

  void fields(ConfigVisitor& v);
};

// DiffBid (Guo et al., "Generative Auto-Bidding via Diffusion Modeling", KDD 2024): diffusion over the states of a
// whole day, conditioned on outcomes of the day; the known ticks are inpainted; inverse dynamics turn the planned next
// state into an action. Deviations: README.md beside this.
//
// A plan has a row a tick, P of them, of X numbers:
//
//   states     P = T      row t: the state at tick t
//   outcomes   P = T + 1  row t: the state at tick t, and what tick t - 1 brought of all that was on offer: the share
//                         of its conversions that was won, and the money spent, as a share of what all of them are
//                         worth at the CPA limit. So the row behind the current tick says what that tick is to bring.
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
  Wishes wishes() const override;
  // A choice is the chain of what x is at its levels, of which the first follows from nothing that is learned, and the
  // logarithm of alpha. Links: the levels after the first, over the rows that are not known, where there is noise
  // between them; and the alpha, which the last level and the inverse dynamics say. (Another draw of the plan at its
  // end would have no noise: the chain's last variance is 0.)
  policy::ChoiceSize choice_size() const override;
  at::Tensor log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                               const at::Tensor& choices_BTX) override;

  // What the denoiser learns from in a step: days noised beyond a random tick of theirs, and what it should say.
  struct DenoisingTask {
    at::Tensor x_BPX;
    at::Tensor known_BP1;   // bool: rows 0 .. now, clean
    at::Tensor level_B;     // i64
    at::Tensor target_BPX;  // counts at unknown rows
  };
  DenoisingTask denoising_task(const policy::Batch& batch, at::Generator& noise);

 private:
  // Where a day is split when it is learned from: the current tick, and the rows up to it.
  struct Split {
    at::Tensor now_B11;
    at::Tensor known_BP1;  // bool
  };
  Split split_of(const policy::Batch& batch, at::Generator& noise) const;

  std::vector<policy::LossPart> inverse_losses(const policy::Batch& batch, at::Generator& noise);
  std::vector<policy::LossPart> response_losses(const policy::Batch& batch, at::Generator& noise);
  policy::LossPart denoising_loss(const policy::Batch& batch, at::Generator& noise);

  // Rows of a plan, raw. Of logged days, which stay in their last state once they have ended; of a history, behind
  // which rows hold nothing; and of training columns, N X.
  at::Tensor logged_rows_BPX(const policy::Batch& batch) const;
  at::Tensor known_rows_BPX(const policy::Ticks& history) const;
  at::Tensor column_rows(const policy::TrainingColumns& columns) const;
  // Logged rows with what the labels bring by the curves.
  at::Tensor taught_rows_BPX(const at::Tensor& rows_BPX, const policy::Batch& batch);

  // Conversions that ticks have on offer, in par units (bidding/outcomes.h), ... 1. States and constraints may have any
  // leading dimensions; 1 / par where states do not tell.
  at::Tensor offered(const at::Tensor& states_XS, const at::Tensor& constraint_XC) const;
  // What the denoiser is told of a day's outcomes, and a column that is 0 where it is told nothing.
  struct Conditions {
    at::Tensor of_BC;
    at::Tensor keep_B1;
  };
  Conditions conditions_of(const at::Tensor& outcomes_BO) const;
  at::Tensor scaled(const at::Tensor& rows_BPX) const;     // without own bids where they are hidden
  at::Tensor rows_ahead(const at::Tensor& now_B11) const;  // B P
  at::Tensor inverse_inputs(const at::Tensor& history_BTY, const at::Tensor& rows_BTX,
                            const at::Tensor& next_BTX) const;
  at::Tensor denoise(const at::Tensor& x_BPX, const at::Tensor& known_BP1, const at::Tensor& level_B,
                     const Conditions& conditions);
  // What a decision follows from.
  struct Situation {
    at::Tensor now_B11;         // the current tick
    diffbid::KnownTicks known;  // scaled rows
    at::Tensor now_B1X;
    at::Tensor history_B1Y;  // the last rows side by side
    diffbid::Denoiser denoiser;
  };
  Situation situation_of(const policy::Ticks& history, const at::Tensor& wishes_BO);
  at::Tensor next_row_B1X(const Situation& here, const at::Tensor& plan_BPX) const;
  at::Tensor alpha_BA(const Situation& here, const at::Tensor& plan_BPX);
  at::Tensor noise_set_BPX(const at::Tensor& noise_BN, int64_t which) const;
  bool samples() const { return config_.deviation > 0.0; }
  std::vector<int64_t> sampling_levels() const;
  at::Tensor usual_plan_BPX(const Situation& here) const;
  // The plan and the choice that noise of choice_size() numbers leads to.
  std::pair<at::Tensor, at::Tensor> drawn(const Situation& here, const at::Tensor& noise_BN);

  at::Tensor planned_outcomes(const at::Tensor& row_B1X) const;  // of a scaled row, B 1 G in raw units
  // The rows of the plan that a denoiser's prediction stands for.
  at::Tensor restored(const at::Tensor& predicted_BPX, const at::Tensor& now_B1X, const at::Tensor& ahead_BP) const;

  DiffBidConfig config_;
  policy::PolicyShape shape_;
  bool outcomes_;       // are planned
  int64_t plan_ticks_;  // P
  int64_t planned_;     // X
  diffbid::NoiseSchedule schedule_;
  diffbid::Prediction prediction_;
  diffbid::QuantileScaler rows_{nullptr};
  diffbid::ChangeScale changes_{nullptr};
  diffbid::QuantileScaler conditions_{nullptr};
  nn::Normalizer actions_{nullptr};
  OwnBids own_bids_{nullptr};
  at::Tensor alphas_cumprod_K_;
  at::Tensor wished_W_;  // columns of O
  at::Tensor target_W_;
  diffbid::InverseDynamics inverse_{nullptr};
  // Where outcomes are planned: what alphas bring, and in place of the inverse dynamics which alpha a plan means.
  diffbid::Response response_{nullptr};
  diffbid::Response reading_{nullptr};
  diffbid::TemporalUnet denoiser_{nullptr};
};

}  // namespace genbid::models
