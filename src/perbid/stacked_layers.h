#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

namespace genbid::perbid {

// x * weight + bias of each network; `x` of one network may be B X.
at::Tensor stacked_linear(const at::Tensor& x_MBX, const at::Tensor& weight_MXY, const at::Tensor& bias_M1Y);

// Perceptrons of M agents side by side, SiLU between their layers: the weights of all lie in one tensor a layer, so
// that a step of all costs little more than one of a single agent. The last layer begins small.
class StackedLayers : public torch::nn::Module {
 public:
  // `depth`: hidden layers.
  StackedLayers(int64_t networks, int64_t inputs, int64_t width, int64_t depth, int64_t outputs);

  // M B X to M B Y; of one network also B X to B Y.
  at::Tensor forward(at::Tensor x_MBX) const;
  // Takes over the numbers of another of the same sizes.
  void copy_from(const StackedLayers& other);

 private:
  std::vector<at::Tensor> weights_, biases_;
};

}  // namespace genbid::perbid
