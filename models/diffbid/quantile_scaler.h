#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

// N rows, S features.

namespace genbid::models::diffbid {

// Maps the range between two quantiles of the training rows to [low, high], and cuts what lies outside. Its constants
// are buffers of the model.
class QuantileScalerImpl : public torch::nn::Module {
 public:
  QuantileScalerImpl(int64_t num_features, double tail, double low, double high);

  // Takes the quantiles `tail` and 1 - tail of every feature, over at most kRows rows spread evenly over all. A feature
  // that does not vary between them is mapped to `low`, plus its difference from them.
  void fit(const at::Tensor& rows_NS);

  at::Tensor forward(const at::Tensor& raw) const;  // last dimension S
  at::Tensor inverse(const at::Tensor& scaled) const;

 private:
  static constexpr int64_t kRows = 1'000'000;

  double tail_;
  double low_;
  double high_;
  at::Tensor offset_S_;  // the lower quantile
  at::Tensor range_S_;   // upper less lower
};
TORCH_MODULE(QuantileScaler);

}  // namespace genbid::models::diffbid
