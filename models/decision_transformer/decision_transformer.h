#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "base/config/config.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

struct DecisionTransformerConfig {
  int64_t window = 20;  // K, ticks it reads
  int64_t width = 64;   // D
  int64_t layers = 3;
  int64_t heads = 1;
  int64_t inner = 512;           // width of the feed-forward layer
  double dropout = 0.1;          // on attention output and feed-forward output
  double target_quantile = 0.8;  // default target: this quantile of the training returns

  void fields(ConfigVisitor& v);
};

// Decision transformer (Chen et al., NeurIPS 2021) with AuctionNet's shape. Deviations: README.md beside this.
class DecisionTransformer : public policy::Policy {
 public:
  DecisionTransformer(const DecisionTransformerConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return config_.window; }
  std::vector<policy::LossPart> losses(size_t group, const policy::Batch& batch, at::Generator& noise) override;
  policy::Action act(const policy::History& history, const policy::Condition& condition, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;
  policy::Wishes default_wishes() const override;

 private:
  // Normalised actions predicted at every tick's state token.
  at::Tensor predict_BTA(const at::Tensor& states_BTS, const at::Tensor& actions_BTA,
                         const at::Tensor& returns_to_go_BT, const at::Tensor& ticks_BT, at::Generator* noise) const;

  DecisionTransformerConfig config_;
  nn::Normalizer states_{nullptr};
  nn::Normalizer actions_{nullptr};
  nn::Normalizer returns_{nullptr};
  at::Tensor target_return_;
  torch::nn::Linear embed_tick_{nullptr};
  torch::nn::Linear embed_return_{nullptr};
  torch::nn::Linear embed_state_{nullptr};
  torch::nn::Linear embed_action_{nullptr};
  torch::nn::LayerNorm embed_norm_{nullptr};
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::Linear predict_action_{nullptr};
};

}  // namespace genbid::models
