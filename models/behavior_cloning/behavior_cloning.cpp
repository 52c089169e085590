#include "models/behavior_cloning/behavior_cloning.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include "models/losses.h"

// B rows, T = 1 tick, S features, A action coefficients.

namespace genbid::models {

void BehaviorCloningConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 65536});
  v.field("depth", depth, {1, 64});
}

BehaviorCloning::BehaviorCloning(const BehaviorCloningConfig& config, const policy::PolicyShape& shape)
    : states_(register_module("states", nn::Normalizer(shape.num_features))),
      actions_(register_module("actions", nn::Normalizer(shape.num_actions))) {
  torch::nn::Sequential network;
  int64_t inputs = shape.num_features;
  for (int64_t layer = 0; layer < config.depth; ++layer) {
    network->push_back(torch::nn::Linear(inputs, config.width));
    network->push_back(torch::nn::ReLU());
    inputs = config.width;
  }
  network->push_back(torch::nn::Linear(inputs, shape.num_actions));
  network_ = register_module("network", network);
}

void BehaviorCloning::fit(const policy::TrainingColumns& columns) {
  states_->fit(columns.states_NS);
  actions_->fit(columns.actions_NA);
}

std::vector<policy::LossPart> BehaviorCloning::losses(size_t /*group*/, const policy::Batch& batch, at::Generator&) {
  const at::Tensor predicted_BTA = network_->forward(states_(batch.states_BTS));
  return {{"action", masked_action_loss(predicted_BTA, actions_(batch.actions_BTA), batch.mask_BT)}};
}

policy::Action BehaviorCloning::act(const policy::History& history, const policy::Condition& /*condition*/,
                                    const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& /*carry*/) {
  const at::Tensor predicted_BA = network_->forward(states_(history.states_BTS.select(1, 0)));
  return {actions_->inverse(predicted_BA).clamp_min(0.0)};
}

}  // namespace genbid::models
