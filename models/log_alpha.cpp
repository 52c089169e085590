#include "models/log_alpha.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

namespace genbid::models {
namespace {

constexpr double kMostUnits = 8.0;         // most that a mean differs from the labels': nobody bids farther away
constexpr double kLowestDeviation = -5.0;  // logarithms, in units
constexpr double kHighestDeviation = 2.0;
constexpr double kLowestLabel = 0.01;  // as a share of the median label

}  // namespace

void AlphaHeadConfig::fields(ConfigVisitor& v) {
  v.field("head", head, {"point", "gaussian"});
  if (!is_gaussian()) return;
  v.field("deviation", deviation, {0.0, 2.0});
  v.field("act", act, {"mean", "sample"});
}

LogAlphaImpl::LogAlphaImpl(int64_t num_actions, const AlphaHeadConfig& config)
    : num_actions_(num_actions),
      deviation_(config.deviation),
      samples_(config.act == "sample"),
      mean_A_(register_buffer("mean", at::zeros({num_actions}))),
      scale_A_(register_buffer("scale", at::ones({num_actions}))),
      lowest_A_(register_buffer("lowest", at::full({num_actions}, 1e-6))) {}

void LogAlphaImpl::fit(const at::Tensor& labels_NA) {
  const torch::NoGradGuard no_grad;
  const at::Tensor median_A = std::get<0>(labels_NA.median(0));
  lowest_A_.copy_((kLowestLabel * median_A).clamp_min(1e-6));
  const at::Tensor log_NA = labels_NA.maximum(lowest_A_).to(at::kDouble).log();
  const at::Tensor deviation_A = log_NA.std(0, /*unbiased=*/false);
  mean_A_.copy_(log_NA.mean(0));
  scale_A_.copy_(at::where(deviation_A > 1e-3, deviation_A, at::ones_like(deviation_A)));
}

int64_t LogAlphaImpl::num_said() const { return deviation_ > 0.0 ? num_actions_ : 2 * num_actions_; }

LogAlphaImpl::Gaussian LogAlphaImpl::gaussian(const at::Tensor& said_Y) const {
  const at::Tensor mean_A = said_Y.slice(-1, 0, num_actions_).clamp(-kMostUnits, kMostUnits);
  if (deviation_ > 0.0) return {mean_A, std::log(deviation_) - scale_A_.log()};
  return {mean_A, said_Y.slice(-1, num_actions_).clamp(kLowestDeviation, kHighestDeviation)};
}

policy::Action LogAlphaImpl::act(const at::Tensor& said_BY, const at::Tensor& noise_BN) const {
  const Gaussian gaussian = this->gaussian(said_BY);
  at::Tensor units_BA = gaussian.mean_A;
  const bool drawn = noise_BN.size(1) == num_actions_;
  if (drawn) units_BA = units_BA + gaussian.log_deviation_A.exp() * noise_BN;
  const at::Tensor log_BA = mean_A_ + scale_A_ * units_BA;
  policy::Action action = {log_BA.exp()};
  if (drawn) action.choice_BX = log_BA;
  return action;
}

at::Tensor LogAlphaImpl::log_density(const at::Tensor& said_Y, const at::Tensor& choice_A) const {
  const Gaussian gaussian = this->gaussian(said_Y);
  const at::Tensor z_A = (in_units(choice_A) - gaussian.mean_A) / gaussian.log_deviation_A.exp();
  const at::Tensor log_A = -0.5 * z_A.square() - gaussian.log_deviation_A - scale_A_.log() - 0.5 * std::log(2.0 * M_PI);
  return log_A.sum(-1, /*keepdim=*/true);
}

policy::LossPart LogAlphaImpl::loss(const at::Tensor& said_BTY, const policy::Batch& batch) const {
  const at::Tensor log_BTA = batch.label_BTA.maximum(lowest_A_).log();
  const Gaussian gaussian = this->gaussian(said_BTY);
  const at::Tensor z_BTA = (in_units(log_BTA) - gaussian.mean_A) / gaussian.log_deviation_A.exp();
  const at::Tensor error_BT = (0.5 * z_BTA.square() + gaussian.log_deviation_A).mean(-1);
  const at::Tensor weight_BT = batch.label_weight_BT * batch.weight_B1;
  return {"action", (error_BT * weight_BT).sum() / weight_BT.sum().clamp_min(1e-6)};
}

}  // namespace genbid::models
