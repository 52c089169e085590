#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/decision_transformer/block.h"
#include "models/inputs/own_bids.h"
#include "models/inputs/wish_input.h"
#include "models/log_alpha.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

struct DecisionTransformerConfig {
  int64_t window = 20;  // K, ticks that a token sees
  int64_t width = 64;   // D
  int64_t layers = 3;
  int64_t heads = 1;
  int64_t inner = 512;   // width of the feed-forward layer
  double dropout = 0.1;  // on attention output and feed-forward output
  // Trained on whole "days", in which a token sees the K ticks up to its own, and keys and values are kept from tick to
  // tick when it acts; or on "windows" of K ticks that are cut out of days, and read anew at every tick.
  std::string context = "days";
  std::string tokens = "separate";  // for what is wished, the state and the action of a tick; or "merged" into one
  std::vector<std::string> wishes = {"return"};  // outcomes of a day that it can be asked for (bidding/outcomes.h)
  // At every tick all wishes are one "token", or each has one of its own ("tokens", as the constrained decision
  // transformer has them); or they scale and shift every norm: "film".
  std::string conditioning = "token";
  double target_quantile = 0.8;  // what it asks for by itself (models/inputs/wish_input.h)
  double target_cpa = 0.9;
  std::string own_bids = "show";  // models/inputs/own_bids.h
  AlphaHeadConfig alpha;          // models/log_alpha.h; a Gaussian on days alone

  void fields(ConfigVisitor& v);
};

// Decision transformer (Chen et al., NeurIPS 2021) with AuctionNet's shape. Deviations: README.md beside this.
//
// Tokens of a tick, n of them, in this order; each sees itself, those before it in its tick, and all of the K - 1 ticks
// before:
//
//   tick t-1: [wish][state][action]  tick t: [wish][state]   ->  the alpha of tick t is read at its state
//
// There is no wish token where wishes condition the norms, one for each where they have tokens of their own, and no
// action where own bids are hidden. Merged: one token a tick, of its wish, its state and the action of the tick before.
class DecisionTransformer : public policy::Policy {
 public:
  DecisionTransformer(const DecisionTransformerConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  // On days it reaches back (K - 1) ticks in each layer. It reads as much only where it is handed no carry.
  int64_t window() const override;
  int64_t window_with_carry() const override { return days_ ? std::min<int64_t>(window(), 2) : window(); }
  bool trains_on_days() const override { return days_; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override;
  // Keys and values of the tokens that the next tick may see: rows x layers x tokens x 2 D.
  std::vector<at::Tensor> initial_carry(int64_t rows) const override;
  bool carry_follows_from_history() const override { return days_; }
  // With a carry it reads the last tick and the action before it; without one, the whole history.
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;
  Wishes wishes() const override { return wishes_->defaults(); }
  int64_t noise_size() const override { return log_alpha_ ? log_alpha_->noise_size() : 0; }
  policy::ChoiceSize choice_size() const override;
  at::Tensor log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                               const at::Tensor& choices_BTX) override;

 private:
  // Tokens of ticks, and what conditions them.
  struct Tokens {
    at::Tensor of_ticks_BTnD;
    at::Tensor film_BTD;  // undefined: none
  };
  // `previous_BTA`: the action of the tick before each; read by merged tokens.
  Tokens embed(const policy::Ticks& ticks, const at::Tensor& previous_BTA, const at::Tensor& whole_BO,
               at::Generator* noise);
  // What is said of actions at every tick's state token: normalised ones, or log_alpha_'s Y numbers.
  at::Tensor predict_BTY(const policy::Ticks& ticks, const at::Tensor& whole_BO, at::Generator* noise);
  policy::LossPart loss_of(const at::Tensor& said_BTY, const policy::Batch& batch);
  policy::Action action_of(const at::Tensor& said_BY, const at::Tensor& noise_BN) const;
  int64_t cached_tokens() const;
  at::Tensor allowed(const at::Tensor& query_tokens_Q, const at::Tensor& key_tokens_L) const;

  DecisionTransformerConfig config_;
  bool days_;
  int64_t num_wish_tokens_;  // of a tick
  bool wishes_apart_;        // each has a token of its own
  bool action_tokens_;
  bool merged_;
  int64_t num_tokens_;   // n
  int64_t state_token_;  // its place among them
  nn::Normalizer states_{nullptr};
  nn::Normalizer actions_{nullptr};
  nn::Normalizer labels_{nullptr};  // where it predicts a point
  LogAlpha log_alpha_{nullptr};     // where it predicts a Gaussian
  OwnBids own_bids_{nullptr};
  WishInput wishes_{nullptr};
  torch::nn::Linear embed_tick_{nullptr};
  torch::nn::Linear embed_wish_{nullptr};        // embeds all wishes as one token
  torch::nn::ModuleList embed_wishes_{nullptr};  // embed one wish each, where they are apart
  torch::nn::Linear embed_state_{nullptr};
  torch::nn::Linear embed_action_{nullptr};
  torch::nn::LayerNorm embed_norm_{nullptr};
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::Linear predict_action_{nullptr};
};

}  // namespace genbid::models
