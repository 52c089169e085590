#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/decision_transformer/block.h"
#include "models/grm/controller.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

struct GrmConfig {
  int64_t ticks = 48;   // T, of the longest day
  int64_t width = 128;  // D
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t inner = 512;   // width of the feed-forward layer
  double dropout = 0.1;  // on attention output and feed-forward output
  // What it reads of a state: the "market" alone, or "all": also its own bids, money and limits, and what the tick
  // before brought at which alpha.
  std::string inputs = "market";
  bool current_tick = true;  // the tick that begins has curves of its own, at its own number of impressions and p-value
  double traffic_weight = 1.0;     // of the loss of the traffic to come
  std::string attitude = "score";  // towards the CPA limit (controller.h)

  void fields(ConfigVisitor& v);
};

// Learns what bids bring and not what to bid (GRM, KDD 2026, arXiv 2605.27811): a causal transformer over the ticks of
// a day says how many impressions are still to come and what they bring at an alpha; the alpha is the one that is best
// by these curves, found anew at every tick. Deviations: README.md beside this.
class Grm : public policy::Policy {
 public:
  Grm(const GrmConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return config_.ticks; }
  bool whole_period() const override { return true; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override;
  // Keys and values of the day's ticks: rows x layers x ticks x 2 D.
  std::vector<at::Tensor> initial_carry(int64_t rows) const override;
  bool carry_follows_from_history() const override { return true; }
  // With a carry it reads the last tick and the one before; without one, the whole history.
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;

 private:
  // Impressions of ticks and their mean p-value, ... 1. 1 where states do not tell.
  struct Offered {
    at::Tensor num_pv;
    at::Tensor pvalue;
  };
  Offered offered(const at::Tensor& states_XS) const;
  // Tokens of ticks. `before_BTX`: what own_past() says of the tick before each; undefined where it is not read.
  at::Tensor embed(const at::Tensor& states_BTS, const at::Tensor& ticks_BT, const at::Tensor& past_BTX);
  // What a network reads of past ticks: alpha, money and conversions, and that there was a tick.
  at::Tensor own_past(const at::Tensor& states_BTS, const at::Tensor& actions_BTA, const at::Tensor& brought_BTY) const;
  // What is said at every tick: kCurveNumbers of what comes later (and now, where it has no curves of its own), as many
  // of the tick itself, and the logarithm of the traffic to come by the usual one.
  at::Tensor said_BTZ(const policy::Ticks& ticks, at::Generator* noise);
  at::Tensor said_now_B1Z(const policy::Ticks& history, const at::Tensor& last_B11, at::Tensor& carry);
  at::Tensor later_TT(const at::TensorOptions& options) const;
  std::vector<policy::LossPart> loss(const policy::Batch& batch, at::Generator* noise);
  std::vector<grm::Ahead> ahead(const policy::Ticks& history, const at::Tensor& last_B11,
                                const at::Tensor& said_BZ) const;

  GrmConfig config_;
  policy::PolicyShape shape_;
  bool own_past_;
  nn::Normalizer states_{nullptr};
  at::Tensor market_S_;  // 1 for features of the market
  // Units: alpha, p-value, money an impression, and the share of what is on offer that is won.
  at::Tensor alpha_unit_;
  at::Tensor pvalue_unit_;
  at::Tensor brought_unit_Y_;
  at::Tensor usual_num_pv_T_;  // of the training days, by tick
  at::Tensor least_alpha_;
  at::Tensor most_alpha_;
  torch::nn::Linear embed_state_{nullptr};
  torch::nn::Linear embed_tick_{nullptr};
  torch::nn::Linear embed_past_{nullptr};
  torch::nn::LayerNorm embed_norm_{nullptr};
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::LayerNorm said_norm_{nullptr};
  torch::nn::Linear say_{nullptr};
};

}  // namespace genbid::models
