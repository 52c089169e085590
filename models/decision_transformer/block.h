#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

// B rows, L tokens, Q of them that are asked for, D width, H heads.

namespace genbid::models::transformer {

struct BlockOptions {
  int64_t width = 64;
  int64_t heads = 1;
  int64_t inner = 512;
  double dropout = 0.1;            // on attention output and feed-forward output
  bool film = false;               // norms are scaled and shifted by what is wished for
  double attention_dropout = 0.0;  // on attention weights, which takes the attention apart where it is trained
};

// Pre-norm transformer block. With `film`, norms are scaled and shifted token by token by what is wished for, at first
// by nothing (adaptive layer norm: Peebles and Xie, "Scalable Diffusion Models with Transformers", ICCV 2023); the
// film arguments are then silu of an embedding of it, else undefined.
class BlockImpl : public torch::nn::Module {
 public:
  explicit BlockImpl(const BlockOptions& options);

  // Keys and values of tokens: B L 2D.
  at::Tensor keys_values(const at::Tensor& hidden_BLD, const at::Tensor& film_BLX);
  // The asked tokens after the block. `allowed`: bool, Q L or B 1 Q L; undefined: every token sees itself and those
  // before it, and all are asked for.
  at::Tensor forward(const at::Tensor& asked_BQD, const at::Tensor& keys_values_BLE, const at::Tensor& allowed,
                     const at::Tensor& film_BQX, at::Generator* noise);

 private:
  at::Tensor attention(const at::Tensor& query_BHQd, const at::Tensor& key_BHLd, const at::Tensor& value_BHLd,
                       const at::Tensor& allowed, at::Generator* noise) const;
  at::Tensor normed(torch::nn::LayerNorm& norm, const at::Tensor& x_BLD, const at::Tensor& film_BLX, int64_t which);

  BlockOptions options_;
  torch::nn::LayerNorm attention_norm_{nullptr};
  torch::nn::Linear query_key_value_{nullptr};
  torch::nn::Linear attention_out_{nullptr};
  torch::nn::LayerNorm feed_norm_{nullptr};
  torch::nn::Linear feed_in_{nullptr};
  torch::nn::Linear feed_out_{nullptr};
  torch::nn::Linear film_{nullptr};
};
TORCH_MODULE(Block);

// x without a share of its numbers, the others larger in return. The share is rounded to 1/256, because a byte decides
// for each number: random numbers are drawn eight at a time.
at::Tensor dropout(const at::Tensor& x, double probability, at::Generator* noise);

}  // namespace genbid::models::transformer
