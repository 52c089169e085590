#include "models/diffbid/residual_block.h"

#include <ATen/ATen.h>

namespace genbid::diffbid {

ConvBlockImpl::ConvBlockImpl(int64_t channels_in, int64_t channels_out, int64_t kernel, int64_t groups) {
  conv_ = register_module(
      "conv", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels_in, channels_out, kernel).padding(kernel / 2)));
  norm_ = register_module("norm", torch::nn::GroupNorm(groups, channels_out));
}

at::Tensor ConvBlockImpl::forward(const at::Tensor& x_BNT) { return at::mish(norm_(conv_(x_BNT))); }

ResidualBlockImpl::ResidualBlockImpl(int64_t channels_in, int64_t channels_out, int64_t embedding, int64_t kernel,
                                     int64_t groups) {
  first_ = register_module("first", ConvBlock(channels_in, channels_out, kernel, groups));
  second_ = register_module("second", ConvBlock(channels_out, channels_out, kernel, groups));
  embed_ = register_module("embed", torch::nn::Linear(embedding, channels_out));
  if (channels_in != channels_out) {
    shortcut_ =
        register_module("shortcut", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels_in, channels_out, 1)));
  }
}

at::Tensor ResidualBlockImpl::forward(const at::Tensor& x_BNT, const at::Tensor& embedding_BE) {
  const at::Tensor hidden_BNT = second_(first_(x_BNT) + embed_(embedding_BE).unsqueeze(-1));
  return hidden_BNT + (shortcut_.is_empty() ? x_BNT : shortcut_(x_BNT));
}

}  // namespace genbid::diffbid
