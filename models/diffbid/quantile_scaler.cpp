#include "models/diffbid/quantile_scaler.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

namespace genbid::models::diffbid {

QuantileScalerImpl::QuantileScalerImpl(int64_t num_features, double tail, double low, double high)
    : tail_(tail),
      low_(low),
      high_(high),
      offset_S_(register_buffer("offset", at::zeros({num_features}))),
      range_S_(register_buffer("range", at::ones({num_features}))) {}

void QuantileScalerImpl::fit(const at::Tensor& rows_NS) {
  const torch::NoGradGuard no_grad;
  const int64_t stride = (rows_NS.size(0) + kRows - 1) / kRows;
  const at::Tensor sorted_NS = std::get<0>(rows_NS.slice(0, 0, rows_NS.size(0), stride).sort(0));
  const auto last = static_cast<double>(sorted_NS.size(0) - 1);
  const at::Tensor lower_S = sorted_NS.select(0, static_cast<int64_t>(std::floor(tail_ * last)));
  const at::Tensor upper_S = sorted_NS.select(0, static_cast<int64_t>(std::ceil((1.0 - tail_) * last)));
  const at::Tensor range_S = upper_S - lower_S;
  // A range below the resolution of float32 at these values counts as none.
  const at::Tensor varies_S = range_S > 1e-6 * at::maximum(lower_S.abs(), upper_S.abs());
  offset_S_.copy_(lower_S);
  range_S_.copy_(at::where(varies_S, range_S, at::ones_like(range_S)));
}

at::Tensor QuantileScalerImpl::forward(const at::Tensor& raw) const {
  return (low_ + (high_ - low_) * ((raw - offset_S_) / range_S_)).clamp(low_, high_);
}

at::Tensor QuantileScalerImpl::inverse(const at::Tensor& scaled) const {
  return (scaled - low_) / (high_ - low_) * range_S_ + offset_S_;
}

}  // namespace genbid::models::diffbid
