#include "nn/normalizer.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

namespace genbid::nn {

NormalizerImpl::NormalizerImpl(int64_t num_features)
    : mean_S_(register_buffer("mean", at::zeros({num_features}))),
      scale_S_(register_buffer("scale", at::ones({num_features}))) {}

void NormalizerImpl::fit(const at::Tensor& rows_NS) {
  const torch::NoGradGuard no_grad;
  // Sums are in double, because counts reach 500,000 and p-values are near 0.0005.
  const at::Tensor rows = rows_NS.to(at::kDouble);
  const at::Tensor deviation_S = rows.std(0, /*unbiased=*/false);
  const at::Tensor floor_S = rows.abs().amax(0) * 1e-6;
  mean_S_.copy_(rows.mean(0));
  scale_S_.copy_(at::where(deviation_S > floor_S, deviation_S, at::ones_like(deviation_S)));
}

at::Tensor NormalizerImpl::forward(const at::Tensor& raw) const {
  return ((raw - mean_S_) / scale_S_).clamp(-10.0, 10.0);
}

at::Tensor NormalizerImpl::inverse(const at::Tensor& normalized) const { return normalized * scale_S_ + mean_S_; }

}  // namespace genbid::nn
