#include "perbid/stacked_layers.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <string>

#include "base/convert.h"

namespace genbid::perbid {

at::Tensor stacked_linear(const at::Tensor& x_MBX, const at::Tensor& weight_MXY, const at::Tensor& bias_M1Y) {
  if (x_MBX.dim() == 2) return at::addmm(bias_M1Y.flatten(), x_MBX, weight_MXY.squeeze(0));
  return at::baddbmm(bias_M1Y, x_MBX, weight_MXY);
}

StackedLayers::StackedLayers(int64_t networks, int64_t inputs, int64_t width, int64_t depth, int64_t outputs) {
  for (int64_t i = 0; i <= depth; ++i) {
    const int64_t from = i == 0 ? inputs : width;
    const int64_t to = i == depth ? outputs : width;
    const double range = (i == depth ? 0.1 : 1.0) / std::sqrt(as_double(from));
    const std::string name = std::to_string(i);
    weights_.push_back(register_parameter("weight" + name, at::empty({networks, from, to}).uniform_(-range, range)));
    biases_.push_back(register_parameter("bias" + name, at::zeros({networks, 1, to})));
  }
}

at::Tensor StackedLayers::forward(at::Tensor x_MBX) const {
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (i > 0) x_MBX = at::silu(x_MBX);
    x_MBX = stacked_linear(x_MBX, weights_[i], biases_[i]);
  }
  return x_MBX;
}

void StackedLayers::copy_from(const StackedLayers& other) {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < weights_.size(); ++i) {
    weights_[i].copy_(other.weights_[i]);
    biases_[i].copy_(other.biases_[i]);
  }
}

}  // namespace genbid::perbid
