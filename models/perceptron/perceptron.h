#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/inputs/own_bids.h"
#include "models/inputs/wish_input.h"
#include "models/log_alpha.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

// Leaves parts out, to see what they are worth.
struct PerceptronAblation {
  bool offered = false;  // what the tick has on offer: mean p-value and number of its impressions

  void fields(ConfigVisitor& v) { v.field("offered", offered); }
};

struct PerceptronConfig {
  int64_t width = 256;                   // of the hidden layers
  int64_t depth = 2;                     // hidden layers
  std::vector<std::string> wishes = {};  // outcomes of a day that it can be asked for (bidding/outcomes.h)
  double target_quantile = 0.8;          // what it asks for by itself (models/inputs/wish_input.h)
  double target_cpa = 0.9;
  std::string own_bids = "show";  // models/inputs/own_bids.h
  bool tick_code = false;         // whether it reads the tick's place in the day as models/inputs/tick_code.h has it
  AlphaHeadConfig alpha;          // models/log_alpha.h
  PerceptronAblation ablate;

  void fields(ConfigVisitor& v);
};

// Predicts what should be asked for from the current state alone, and from what is to go of its wishes. The smallest
// policy; the one to copy.
class Perceptron : public policy::Policy {
 public:
  Perceptron(const PerceptronConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return 1; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override;
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;
  Wishes wishes() const override { return wishes_->defaults(); }
  int64_t noise_size() const override { return log_alpha_ ? log_alpha_->noise_size() : 0; }
  policy::ChoiceSize choice_size() const override;
  at::Tensor log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                               const at::Tensor& choices_BTX) override;

 private:
  // Normalised actions, or log_alpha_'s Y numbers.
  at::Tensor predict_BTY(const policy::Ticks& ticks, const at::Tensor& whole_BO, at::Generator* noise);
  policy::LossPart loss_of(const at::Tensor& said_BTY, const policy::Batch& batch);

  bool tick_code_;
  nn::Normalizer states_{nullptr};
  nn::Normalizer actions_{nullptr};  // where it predicts a point
  LogAlpha log_alpha_{nullptr};      // where it predicts a Gaussian
  OwnBids own_bids_{nullptr};
  WishInput wishes_{nullptr};
  torch::nn::Sequential network_{nullptr};
  at::Tensor kept_S_;  // 0 where a feature is left out; a buffer where some are
};

}  // namespace genbid::models
