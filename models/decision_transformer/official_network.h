#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "models/decision_transformer/block.h"

// B rows, T ticks, n = 3 tokens a tick, S features, A action coefficients, D width.

namespace genbid::models::transformer {

struct OfficialNetworkOptions {
  int64_t num_features = 16;
  int64_t num_actions = 1;
  int64_t ticks = 96;  // that have an embedding of their own
  int64_t width = 64;
  int64_t layers = 3;
  int64_t heads = 1;
  int64_t inner = 512;
  double dropout = 0.1;  // on attention weights, attention output and feed-forward output
};

// The network of AuctionNet's decision transformer (auctionnet.md 5.7): at every tick a token of the return that is to
// go, of the state and of the action, to each of which the tick's embedding is added; a norm over tokens; pre-norm
// blocks in which a token sees itself and those before it; no norm behind them. Its heads of the next state and of the
// return, and its embedding of rewards, are not here: nothing that it does reads them, and they are never trained.
class OfficialNetworkImpl : public torch::nn::Module {
 public:
  static constexpr int64_t kTokens = 3;  // return to go, state, action
  static constexpr int64_t kState = 1;
  static constexpr int64_t kAction = 2;

  explicit OfficialNetworkImpl(const OfficialNetworkOptions& options);

  // What stands at each token behind the last block: B T n D. `to_go_BT1` and `states_BTS` are scaled, `actions_BTA`
  // raw; `ticks_BT` lie below `options.ticks`. `noise`: of a training step; null: no dropout.
  at::Tensor forward(const at::Tensor& to_go_BT1, const at::Tensor& states_BTS, const at::Tensor& actions_BTA,
                     const at::Tensor& ticks_BT, at::Generator* noise);
  // The alphas that it says at the state tokens, raw and of any sign: B T A.
  at::Tensor actions_BTA(const at::Tensor& hidden_BTnD);

 private:
  int64_t layers_;
  torch::nn::Embedding embed_tick_{nullptr};
  torch::nn::Linear embed_return_{nullptr};
  torch::nn::Linear embed_state_{nullptr};
  torch::nn::Linear embed_action_{nullptr};
  torch::nn::LayerNorm embed_norm_{nullptr};
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::Linear predict_action_{nullptr};
};
TORCH_MODULE(OfficialNetwork);

}  // namespace genbid::models::transformer
