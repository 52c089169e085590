#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

// B rows, N channels, T ticks, E embedding of noise level and conditions together.

namespace genbid::models::diffbid {

// x tanh(softplus(x)) (Misra, BMVC 2020).
at::Tensor mish(const at::Tensor& x);

// Convolution over time, GroupNorm, Mish.
class ConvBlockImpl : public torch::nn::Module {
 public:
  ConvBlockImpl(int64_t channels_in, int64_t channels_out, int64_t kernel, int64_t groups);
  at::Tensor forward(const at::Tensor& x_BNT);

 private:
  torch::nn::Conv1d conv_{nullptr};
  torch::nn::GroupNorm norm_{nullptr};
};
TORCH_MODULE(ConvBlock);

// Two conv blocks with the embedding added between them, and a shortcut around both.
class ResidualBlockImpl : public torch::nn::Module {
 public:
  ResidualBlockImpl(int64_t channels_in, int64_t channels_out, int64_t embedding, int64_t kernel, int64_t groups);
  // `embedding_BE` after Mish, which all blocks of a network share.
  at::Tensor forward(const at::Tensor& x_BNT, const at::Tensor& embedding_BE);

 private:
  ConvBlock first_{nullptr};
  ConvBlock second_{nullptr};
  torch::nn::Linear embed_{nullptr};
  torch::nn::Conv1d shortcut_{nullptr};  // null where the number of channels stays
};
TORCH_MODULE(ResidualBlock);

}  // namespace genbid::models::diffbid
