#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

// B rows, T ticks, H ticks of history, S features, A action coefficients.

namespace genbid::models::diffbid {

struct InverseDynamicsOptions {
  int64_t num_features = 0;  // S
  int64_t num_actions = 1;   // A
  int64_t history = 3;       // H, states read up to and including the current one (DiffBid, KDD 2024: 1 to 3)
  int64_t width = 256;
  int64_t depth = 3;  // hidden layers
};

// Which action led from the last H states to the next one? A perceptron with ReLU.
class InverseDynamicsImpl : public torch::nn::Module {
 public:
  explicit InverseDynamicsImpl(const InverseDynamicsOptions& options);

  // The last dimension holds s_{t-H+1}, ..., s_t, s_{t+1} side by side, (H + 1) S numbers. Returns ... A.
  at::Tensor forward(const at::Tensor& inputs);

 private:
  torch::nn::Sequential network_{nullptr};
};
TORCH_MODULE(InverseDynamics);

// Every tick's last H states side by side, B T (H S); ticks before the first repeat it.
at::Tensor histories(const at::Tensor& states_BTS, int64_t history);

}  // namespace genbid::models::diffbid
