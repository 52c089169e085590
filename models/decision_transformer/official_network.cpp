#include "models/decision_transformer/official_network.h"

#include <ATen/ATen.h>

#include "base/convert.h"

namespace genbid::models::transformer {

OfficialNetworkImpl::OfficialNetworkImpl(const OfficialNetworkOptions& options) : layers_(options.layers) {
  const int64_t width = options.width;
  embed_tick_ = register_module("embed_tick", torch::nn::Embedding(options.ticks, width));
  embed_return_ = register_module("embed_return", torch::nn::Linear(1, width));
  embed_state_ = register_module("embed_state", torch::nn::Linear(options.num_features, width));
  embed_action_ = register_module("embed_action", torch::nn::Linear(options.num_actions, width));
  embed_norm_ = register_module("embed_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  BlockOptions block{width, options.heads, options.inner, options.dropout};
  block.attention_dropout = options.dropout;
  for (int64_t layer = 0; layer < options.layers; ++layer) blocks_->push_back(Block(block));
  predict_action_ = register_module("predict_action", torch::nn::Linear(width, options.num_actions));
}

at::Tensor OfficialNetworkImpl::forward(const at::Tensor& to_go_BT1, const at::Tensor& states_BTS,
                                        const at::Tensor& actions_BTA, const at::Tensor& ticks_BT,
                                        at::Generator* noise) {
  const at::Tensor tick_BTD = embed_tick_(ticks_BT);
  const at::Tensor tokens_BTnD = at::stack(
      {embed_return_(to_go_BT1) + tick_BTD, embed_state_(states_BTS) + tick_BTD, embed_action_(actions_BTA) + tick_BTD},
      2);
  at::Tensor hidden_BLD = embed_norm_(tokens_BTnD).flatten(1, 2);
  for (int64_t layer = 0; layer < layers_; ++layer) {
    auto& block = *blocks_[to_size(layer)]->as<Block>();
    hidden_BLD = block.forward(hidden_BLD, block.keys_values(hidden_BLD, {}), {}, {}, noise);
  }
  return hidden_BLD.unflatten(1, {-1, kTokens});
}

at::Tensor OfficialNetworkImpl::actions_BTA(const at::Tensor& hidden_BTnD) {
  return predict_action_(hidden_BTnD.select(2, kState));
}

}  // namespace genbid::models::transformer
