#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

namespace genbid::perbid {

// Perceptrons of M agents side by side, SiLU between their layers: the weights of all lie in one tensor a layer, so
// that a step of all costs little more than one of a single agent. The last layer begins small.
class StackedLayers : public torch::nn::Module {
 public:
  // `depth`: hidden layers.
  StackedLayers(int64_t networks, int64_t inputs, int64_t width, int64_t depth, int64_t outputs);

  // M B X to M B Y.
  at::Tensor forward(at::Tensor x_MBX) const;
  // Takes over the numbers of another of the same sizes.
  void copy_from(const StackedLayers& other);
  // The same, network k becoming one like the other's network which_K[k].
  void copy_from(const StackedLayers& other, const at::Tensor& which_K);

 private:
  std::vector<at::Tensor> weights_, biases_;
};

}  // namespace genbid::perbid
