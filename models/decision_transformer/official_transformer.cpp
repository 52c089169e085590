#include "models/decision_transformer/official_transformer.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

namespace genbid::models {
namespace {

constexpr double kScaleFloor = 1e-6;  // is added to a deviation

}  // namespace

void OfficialTransformerConfig::fields(ConfigVisitor& v) {
  v.field("window", window, {1, 96});
  v.field("act_window", act_window, {2, 96});
  v.field("width", width, {1, 65536});
  v.field("layers", layers, {1, 128});
  v.field("heads", heads, {1, 256});
  v.check(width % heads == 0, "heads", "a divisor of width");
  v.field("inner", inner, {1, 65536});
  v.field("dropout", dropout, {0.0, 0.99});
  v.field("ticks", ticks, {1, 65536});
  v.field("trained_ticks", trained_ticks, {1, 65536});
  v.check(trained_ticks <= ticks, "trained_ticks", "at most ticks");
  v.field("wish", wish, {"value", "return"});
  v.field("return_scale", return_scale, {1e-6, 1e9});
  v.field("target", target, {0.0, 1e6});
  v.field("target_quantile", target_quantile, {0.0, 1.0});
}

OfficialTransformer::OfficialTransformer(const OfficialTransformerConfig& config, const policy::PolicyShape& shape)
    : config_(config), wish_(parse_outcome(config.wish)), num_actions_(shape.num_actions) {
  transformer::OfficialNetworkOptions options;
  options.num_features = shape.num_features;
  options.num_actions = shape.num_actions;
  options.ticks = config.ticks;
  options.width = config.width;
  options.layers = config.layers;
  options.heads = config.heads;
  options.inner = config.inner;
  options.dropout = config.dropout;
  network_ = register_module("network", transformer::OfficialNetwork(options));
  mean_S_ = register_buffer("mean", at::zeros({shape.num_features}));
  scale_S_ = register_buffer("scale", at::ones({shape.num_features}));
  default_ = register_buffer("default", at::ones({1}));
}

void OfficialTransformer::fit(const policy::TrainingColumns& columns) {
  const torch::NoGradGuard no_grad;
  const at::Tensor states_NS = columns.states_NS.to(at::kDouble);
  mean_S_.copy_(states_NS.mean(0));
  scale_S_.copy_(states_NS.std(0, /*unbiased=*/false) + kScaleFloor);
  const at::Tensor outcome_M = columns.outcome_MO.select(1, static_cast<int64_t>(index_of(wish_)));
  default_.copy_(outcome_M.to(at::kDouble).quantile(config_.target_quantile));
}

Wishes OfficialTransformer::wishes() const {
  if (config_.target > 0.0) return {};  // it asks for the same whoever calls
  return {{wish_, default_.item<double>()}};
}

// Outcomes are in units of par, returns to go are not: one unit of par as a return to go. Rows that no seat has filled
// have no CPA limit.
at::Tensor OfficialTransformer::per_par_B11(const policy::Ticks& ticks) const {
  const at::Tensor par_B1 = ticks.constraint_BC.slice(1, 0, 1) / ticks.constraint_BC.slice(1, 1, 2).clamp_min(1e-30);
  return (par_B1 / config_.return_scale).unsqueeze(-1);
}

at::Tensor OfficialTransformer::loss(const policy::Batch& batch, at::Generator* noise) {
  const auto column = static_cast<int64_t>(index_of(wish_));
  const at::Tensor to_go_BT1 = policy::to_go_BTO(batch.seen, batch.outcome_BO).slice(2, column, column + 1);
  const at::Tensor ticks_BT = batch.seen.ticks_BT.clamp(0, config_.trained_ticks - 1);
  const at::Tensor hidden_BTnD = network_(to_go_BT1 * per_par_B11(batch.seen), scaled(batch.seen.states_BTS),
                                          batch.seen.actions_BTA, ticks_BT, noise);
  const at::Tensor error_BT = (network_->actions_BTA(hidden_BTnD) - batch.label_BTA).square().mean(-1);
  const at::Tensor weight_BT = batch.label_weight_BT * batch.weight_B1;
  return (error_BT * weight_BT).sum() / weight_BT.sum().clamp_min(1e-6);
}

std::vector<policy::LossPart> OfficialTransformer::losses(const policy::Step& step, size_t /*group*/,
                                                          const policy::Batch& batch) {
  return {{"action", loss(batch, is_training() ? &step.noise : nullptr)}};
}

std::vector<policy::LossPart> OfficialTransformer::held_out_losses(const policy::Batch& batch,
                                                                   at::Generator& /*noise*/) {
  return {{"action", loss(batch, nullptr)}};
}

std::vector<at::Tensor> OfficialTransformer::initial_carry(int64_t rows) const {
  return {at::zeros({rows, config_.act_window - 1, num_actions_}, mean_S_.options())};
}

policy::Action OfficialTransformer::act(const policy::Ticks& history, const at::Tensor& wishes_BO,
                                        const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& carry) {
  // Places of the window; the last tick of a row is now, and what was answered before it stands in the carry, which
  // ends with the tick before now.
  const int64_t remembered = config_.act_window - 1;
  const at::Tensor place_T = at::arange(config_.act_window, history.ticks_BT.options());
  const at::Tensor now_B1 = history.mask_BT.sum(1, /*keepdim=*/true).to(at::kLong) - 1;
  const at::Tensor from_BT1 = (place_T - now_B1 + remembered).clamp(0, remembered - 1).unsqueeze(-1);
  const at::Tensor actions_BTA =
      carry[0].gather(1, from_BT1.expand({-1, -1, carry[0].size(2)})) * (place_T < now_B1).unsqueeze(-1);

  const auto column = static_cast<int64_t>(index_of(wish_));
  const at::Tensor before_BT1 = history.before_BTO.slice(2, column, column + 1) * per_par_B11(history);
  // What is wished for may hold anything where it is not read.
  const at::Tensor whole_B11 = config_.target > 0.0
                                   ? at::full_like(per_par_B11(history), config_.target)
                                   : wishes_BO.slice(1, column, column + 1).unsqueeze(1) * per_par_B11(history);
  const at::Tensor ticks_BT = history.ticks_BT.clamp(0, config_.ticks - 1);
  const at::Tensor hidden_BTnD =
      network_(whole_B11 - before_BT1, scaled(history.states_BTS), actions_BTA, ticks_BT, nullptr);
  const at::Tensor answers_BTA = network_->actions_BTA(hidden_BTnD);
  const at::Tensor answer_B1A = answers_BTA.gather(1, now_B1.unsqueeze(-1).expand({-1, 1, answers_BTA.size(2)}));
  policy::Action action = {answer_B1A.squeeze(1).clamp_min(0.0)};
  action.carry = {at::cat({carry[0].slice(1, 1), answer_B1A}, 1)};
  return action;
}

}  // namespace genbid::models
