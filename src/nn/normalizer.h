#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

// Legend: N rows, S features.

namespace genbid::nn {

// (x - mean) / scale, clamped to +-10. The constants are buffers of the model, so no checkpoint can lack them.
class NormalizerImpl : public torch::nn::Module {
 public:
  explicit NormalizerImpl(int64_t num_features);

  // Mean and standard deviation over rows; a feature that does not vary gets scale 1.
  void fit(const at::Tensor& rows_NS);

  at::Tensor forward(const at::Tensor& raw) const;  // last dimension S
  at::Tensor inverse(const at::Tensor& normalized) const;

 private:
  at::Tensor mean_S_;
  at::Tensor scale_S_;
};
TORCH_MODULE(Normalizer);

}  // namespace genbid::nn
