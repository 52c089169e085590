#include "models/perceptron/perceptron.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include "models/inputs/tick_code.h"
#include "models/losses.h"

// B rows, T = 1 tick, S features, A action coefficients, Y numbers said of them, O outcomes.

namespace genbid::models {

void PerceptronConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 65536});
  v.field("depth", depth, {1, 64});
  v.field("wishes", wishes);
  v.check(are_outcomes(wishes), "wishes", expected_wishes());
  v.field("target_quantile", target_quantile, {0.0, 1.0});
  v.field("target_cpa", target_cpa, {0.0, 10.0});
  v.field("own_bids", own_bids, own_bids_modes());
  v.field("tick_code", tick_code);
  alpha.fields(v);
  v.later_section("ablate", ablate, ablate.offered);
}

Perceptron::Perceptron(const PerceptronConfig& config, const policy::PolicyShape& shape)
    : tick_code_(config.tick_code),
      states_(register_module("states", nn::Normalizer(shape.num_features))),
      own_bids_(register_module("own_bids", OwnBids(config.own_bids, shape))),
      wishes_(register_module("wishes", WishInput(config.wishes, config.target_quantile, config.target_cpa))) {
  if (config.alpha.is_gaussian()) {
    log_alpha_ = register_module("log_alpha", LogAlpha(shape.num_actions, config.alpha));
  } else {
    actions_ = register_module("actions", nn::Normalizer(shape.num_actions));
  }
  if (config.ablate.offered) {
    kept_S_ = register_buffer("kept", at::ones({shape.num_features}));
    for (const int64_t feature : shape.offered) kept_S_[feature].fill_(0.0);
  }
  torch::nn::Sequential network;
  int64_t inputs = shape.num_features + wishes_->size() + (tick_code_ ? kTickCode : 0);
  for (int64_t layer = 0; layer < config.depth; ++layer) {
    network->push_back(torch::nn::Linear(inputs, config.width));
    network->push_back(torch::nn::ReLU());
    inputs = config.width;
  }
  network->push_back(torch::nn::Linear(inputs, log_alpha_ ? log_alpha_->num_said() : shape.num_actions));
  network_ = register_module("network", network);
}

void Perceptron::fit(const policy::TrainingColumns& columns) {
  states_->fit(columns.states_NS);
  if (log_alpha_) {
    log_alpha_->fit(columns.labels_NA);
  } else {
    actions_->fit(columns.labels_NA);
  }
  wishes_->fit(columns);
}

at::Tensor Perceptron::predict_BTY(const policy::Ticks& ticks, const at::Tensor& whole_BO, at::Generator* noise) {
  const at::Tensor shown_B11 = own_bids_->shown_B11(ticks.states_BTS, noise);
  at::Tensor inputs_BTX = own_bids_->states(states_(ticks.states_BTS), shown_B11);
  if (kept_S_.defined()) inputs_BTX = inputs_BTX * kept_S_;
  if (wishes_->size() > 0) inputs_BTX = at::cat({inputs_BTX, wishes_(ticks, whole_BO)}, -1);
  if (tick_code_) inputs_BTX = at::cat({inputs_BTX, tick_code(ticks.ticks_BT)}, -1);
  return network_->forward(inputs_BTX);
}

policy::LossPart Perceptron::loss_of(const at::Tensor& said_BTY, const policy::Batch& batch) {
  return log_alpha_ ? log_alpha_->loss(said_BTY, batch) : action_loss(said_BTY, actions_(batch.label_BTA), batch);
}

std::vector<policy::LossPart> Perceptron::losses(const policy::Step& step, size_t /*group*/,
                                                 const policy::Batch& batch) {
  return {loss_of(predict_BTY(batch.seen, batch.outcome_BO, is_training() ? &step.noise : nullptr), batch)};
}

std::vector<policy::LossPart> Perceptron::held_out_losses(const policy::Batch& batch, at::Generator& /*noise*/) {
  return {loss_of(predict_BTY(batch.seen, batch.outcome_BO, nullptr), batch)};
}

policy::Action Perceptron::act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                               const std::vector<at::Tensor>& /*carry*/) {
  const at::Tensor said_BY = predict_BTY(history, wishes_BO, nullptr).select(1, 0);
  if (log_alpha_) return log_alpha_->act(said_BY, noise_BN);
  return {actions_->inverse(said_BY).clamp_min(0.0)};
}

policy::ChoiceSize Perceptron::choice_size() const {
  return log_alpha_ ? log_alpha_->choice_size() : policy::ChoiceSize{};
}

at::Tensor Perceptron::log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                                         const at::Tensor& choices_BTX) {
  if (!log_alpha_) return Policy::log_densities_BTL(days, wishes_BO, choices_BTX);
  return log_alpha_->log_density(predict_BTY(days, wishes_BO, nullptr), choices_BTX);
}

}  // namespace genbid::models
