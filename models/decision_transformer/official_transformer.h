#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/decision_transformer/official_network.h"
#include "policy/policy.h"

// B rows, T ticks, S features, A action coefficients, O outcomes of a day (bidding/outcomes.h).

namespace genbid::models {

// The defaults are AuctionNet's.
struct OfficialTransformerConfig {
  int64_t window = 20;      // ticks of a training window
  int64_t act_window = 10;  // ticks that it reads when it acts
  int64_t width = 64;
  int64_t layers = 3;
  int64_t heads = 1;
  int64_t inner = 512;           // width of the feed-forward layer
  double dropout = 0.1;          // on attention weights, attention output and feed-forward output
  int64_t ticks = 96;            // that have an embedding of their own; later ones have that of the last
  int64_t trained_ticks = 24;    // in training, ticks behind these are taken for the last of them; never when it acts
  std::string wish = "value";    // what of a day is to go: its conversions ("value") or its score ("return")
  double return_scale = 2000.0;  // as many conversions, or points of score, are a return to go of 1
  double target = 4.0;  // the return to go that every day begins with; 0: what the caller wishes for, in par units
  double target_quantile = 0.8;  // where target is 0, by itself: this quantile of what the training days came to

  void fields(ConfigVisitor& v);
};

// AuctionNet's decision transformer (auctionnet.md 5.7), step by step: network, scales, loss, and how it acts. It is
// the baseline to compare with; README.md beside this says what `decision_transformer` does otherwise, and what of the
// baseline are settings of the data and of the trainer. It reads raw actions and says raw ones; states are scaled by
// mean and deviation of the training rows and not limited; the loss is a squared error. When it acts, it reads its own
// past answers in place of what became of them.
class OfficialTransformer : public policy::Policy {
 public:
  OfficialTransformer(const OfficialTransformerConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return config_.act_window; }
  int64_t training_window() const override { return config_.window; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) override;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) override;
  // The answers of the last act_window - 1 ticks, raw and of any sign, the newest last.
  std::vector<at::Tensor> initial_carry(int64_t rows) const override;
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;
  Wishes wishes() const override;

 private:
  at::Tensor scaled(const at::Tensor& states_BTS) const { return (states_BTS - mean_S_) / scale_S_; }
  at::Tensor per_par_B11(const policy::Ticks& ticks) const;
  at::Tensor loss(const policy::Batch& batch, at::Generator* noise);

  OfficialTransformerConfig config_;
  Outcome wish_;
  int64_t num_actions_;
  transformer::OfficialNetwork network_{nullptr};
  at::Tensor mean_S_;
  at::Tensor scale_S_;
  at::Tensor default_;  // what it asks for by itself
};

}  // namespace genbid::models
