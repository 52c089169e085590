#include "models/decision_transformer/decision_transformer.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>

#include <cmath>

#include "models/losses.h"

// B rows, T ticks of the window, L = 3 T tokens, S features, A action coefficients, D width, H heads.

namespace genbid::models {
namespace {

constexpr int64_t kTickFrequencies = 8;

at::Tensor dropout(const at::Tensor& x, double probability, at::Generator* noise) {
  if (noise == nullptr || probability == 0.0) return x;
  return x * at::empty_like(x).bernoulli_(1.0 - probability, *noise).div_(1.0 - probability);
}

// The code of a tick is sines and cosines with periods from 4 to 4 * 2^7 ticks. Ticks of any day have one, so the model
// has no horizon but its window.
at::Tensor tick_code(const at::Tensor& ticks_BT) {
  const at::Tensor frequency_F =
      at::pow(2.0, -at::arange(kTickFrequencies, ticks_BT.options().dtype(at::kFloat))) * (2.0 * M_PI / 4.0);
  const at::Tensor angle_BTF = ticks_BT.to(at::kFloat).unsqueeze(-1) * frequency_F;
  return at::cat({angle_BTF.sin(), angle_BTF.cos()}, -1);
}

// Pre-norm transformer block.
class Block : public torch::nn::Module {
 public:
  explicit Block(const DecisionTransformerConfig& config) : heads_(config.heads), dropout_(config.dropout) {
    const int64_t width = config.width;
    attention_norm_ = register_module("attention_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
    query_key_value_ = register_module("query_key_value", torch::nn::Linear(width, 3 * width));
    attention_out_ = register_module("attention_out", torch::nn::Linear(width, width));
    feed_norm_ = register_module("feed_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
    feed_in_ = register_module("feed_in", torch::nn::Linear(width, config.inner));
    feed_out_ = register_module("feed_out", torch::nn::Linear(config.inner, width));
  }

  at::Tensor forward(const at::Tensor& hidden_BLD, at::Generator* noise) {
    const at::Tensor attended_BLD = hidden_BLD + dropout(attend(attention_norm_(hidden_BLD)), dropout_, noise);
    const at::Tensor inner = at::gelu(feed_in_(feed_norm_(attended_BLD)));
    return attended_BLD + dropout(feed_out_(inner), dropout_, noise);
  }

 private:
  at::Tensor attend(const at::Tensor& x_BLD) {
    const int64_t head_width = x_BLD.size(-1) / heads_;
    const auto parts = query_key_value_(x_BLD).chunk(3, -1);
    const auto split = [&](const at::Tensor& part) {  // B H L D/H
      return part.unflatten(-1, {heads_, head_width}).transpose(1, 2);
    };
    const at::Tensor out_BHLd = at::scaled_dot_product_attention(split(parts[0]), split(parts[1]), split(parts[2]), {},
                                                                 0.0, /*is_causal=*/true);
    return attention_out_(out_BHLd.transpose(1, 2).flatten(2));
  }

  int64_t heads_;
  double dropout_;
  torch::nn::LayerNorm attention_norm_{nullptr};
  torch::nn::Linear query_key_value_{nullptr};
  torch::nn::Linear attention_out_{nullptr};
  torch::nn::LayerNorm feed_norm_{nullptr};
  torch::nn::Linear feed_in_{nullptr};
  torch::nn::Linear feed_out_{nullptr};
};

}  // namespace

void DecisionTransformerConfig::fields(ConfigVisitor& v) {
  v.field("window", window, {1, 96});
  v.field("width", width, {1, 65536});
  v.field("layers", layers, {1, 128});
  v.field("heads", heads, {1, 256});
  v.field("inner", inner, {1, 65536});
  v.field("dropout", dropout, {0.0, 0.99});
  v.field("target_quantile", target_quantile, {0.0, 1.0});
  v.check(width % heads == 0, "heads", "a divisor of width");
}

DecisionTransformer::DecisionTransformer(const DecisionTransformerConfig& config, const policy::PolicyShape& shape)
    : config_(config),
      states_(register_module("states", nn::Normalizer(shape.num_features))),
      actions_(register_module("actions", nn::Normalizer(shape.num_actions))),
      returns_(register_module("returns", nn::Normalizer(1))),
      target_return_(register_buffer("target_return", at::ones({}))) {
  const int64_t width = config.width;
  embed_tick_ = register_module("embed_tick", torch::nn::Linear(2 * kTickFrequencies, width));
  embed_return_ = register_module("embed_return", torch::nn::Linear(1, width));
  embed_state_ = register_module("embed_state", torch::nn::Linear(shape.num_features, width));
  embed_action_ = register_module("embed_action", torch::nn::Linear(shape.num_actions, width));
  embed_norm_ = register_module("embed_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (int64_t layer = 0; layer < config.layers; ++layer) blocks_->push_back(std::make_shared<Block>(config));
  predict_action_ = register_module("predict_action", torch::nn::Linear(width, shape.num_actions));
}

void DecisionTransformer::fit(const policy::TrainingColumns& columns) {
  states_->fit(columns.states_NS);
  actions_->fit(columns.actions_NA);
  returns_->fit(columns.returns_to_go_N.unsqueeze(-1));
  const torch::NoGradGuard no_grad;
  target_return_.copy_(columns.returns_M.to(at::kDouble).quantile(config_.target_quantile));
}

policy::Wishes DecisionTransformer::default_wishes() const { return {target_return_.item<double>(), std::nullopt}; }

at::Tensor DecisionTransformer::predict_BTA(const at::Tensor& states_BTS, const at::Tensor& actions_BTA,
                                            const at::Tensor& returns_to_go_BT, const at::Tensor& ticks_BT,
                                            at::Generator* noise) const {
  auto embed_tick = embed_tick_;
  auto embed_return = embed_return_;
  auto embed_state = embed_state_;
  auto embed_action = embed_action_;
  auto embed_norm = embed_norm_;
  auto predict_action = predict_action_;
  const at::Tensor tick_BTD = embed_tick(tick_code(ticks_BT));
  const at::Tensor return_BTD = embed_return(returns_->forward(returns_to_go_BT.unsqueeze(-1))) + tick_BTD;
  const at::Tensor state_BTD = embed_state(states_->forward(states_BTS)) + tick_BTD;
  const at::Tensor action_BTD = embed_action(actions_->forward(actions_BTA)) + tick_BTD;
  // return, state, action of tick 0, then of tick 1, ...
  const at::Tensor tokens_BLD = at::stack({return_BTD, state_BTD, action_BTD}, 2).flatten(1, 2);
  at::Tensor hidden_BLD = embed_norm(tokens_BLD);
  for (const auto& block : *blocks_) hidden_BLD = block->as<Block>()->forward(hidden_BLD, noise);
  const at::Tensor at_state_BTD = hidden_BLD.unflatten(1, {-1, 3}).select(2, 1);
  return predict_action(at_state_BTD);
}

std::vector<policy::LossPart> DecisionTransformer::losses(size_t /*group*/, const policy::Batch& batch,
                                                          at::Generator& noise) {
  const at::Tensor predicted_BTA = predict_BTA(batch.states_BTS, batch.actions_BTA, batch.returns_to_go_BT,
                                               batch.ticks_BT, is_training() ? &noise : nullptr);
  return {{"action", masked_action_loss(predicted_BTA, actions_->forward(batch.actions_BTA), batch.mask_BT)}};
}

policy::Action DecisionTransformer::act(const policy::History& history, const policy::Condition& condition,
                                        const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& /*carry*/) {
  const at::Tensor returns_to_go_BT = condition.target_return_B1 - history.earned_BT;
  const at::Tensor predicted_BTA =
      predict_BTA(history.states_BTS, history.actions_BTA, returns_to_go_BT, history.ticks_BT, nullptr);
  const at::Tensor last_B11 = (history.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
  const at::Tensor last_B1A = last_B11.expand({-1, 1, predicted_BTA.size(2)});
  return {actions_->inverse(predicted_BTA.gather(1, last_B1A).squeeze(1)).clamp_min(0.0)};
}

}  // namespace genbid::models
