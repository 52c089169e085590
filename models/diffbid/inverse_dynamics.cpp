#include "models/diffbid/inverse_dynamics.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

namespace genbid::models::diffbid {

InverseDynamicsImpl::InverseDynamicsImpl(const InverseDynamicsOptions& options) {
  torch::nn::Sequential network;
  int64_t inputs = (options.history + 1) * options.num_features;
  for (int64_t layer = 0; layer < options.depth; ++layer) {
    network->push_back(torch::nn::Linear(inputs, options.width));
    network->push_back(torch::nn::ReLU());
    inputs = options.width;
  }
  network->push_back(torch::nn::Linear(inputs, options.num_actions));
  network_ = register_module("network", network);
}

at::Tensor InverseDynamicsImpl::forward(const at::Tensor& inputs) { return network_->forward(inputs); }

at::Tensor histories(const at::Tensor& states_BTS, int64_t history) {
  std::vector<at::Tensor> parts;
  for (int64_t back = history - 1; back >= 1; --back) {
    const at::Tensor first_BTS = states_BTS.slice(1, 0, 1).expand({-1, back, -1});
    parts.push_back(at::cat({first_BTS, states_BTS}, 1).slice(1, 0, states_BTS.size(1)));
  }
  parts.push_back(states_BTS);
  return at::cat(parts, -1);
}

}  // namespace genbid::models::diffbid
