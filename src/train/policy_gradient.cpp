#include "train/policy_gradient.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "bidding/outcomes.h"
#include "train/ranks.h"

namespace genbid::train {
namespace {

// exp(x) - 1, but a straight line beyond 5: a link of a thousand numbers may become so much less likely within a step
// that the exponential has no end, and its slope still says where back is.
at::Tensor tame_expm1(const at::Tensor& x) {
  constexpr double kCurved = 5.0;
  return at::expm1(x.clamp_max(kCurved)) + std::exp(kCurved) * (x - kCurved).clamp_min(0.0);
}

}  // namespace

void PolicyGradientConfig::fields(ConfigVisitor& v) {
  v.field("group_size", group_size, {2, 1 << 16});
  v.field("divide_by", divide_by, {"group", "batch", "none"});
  v.field("reuse", reuse, {1, 1 << 16});
  v.field("clip", clip, {1e-6, 1e6});
  v.field("kl_weight", kl_weight, {0.0, 1e6});
}

at::Tensor advantages_B(const at::Tensor& rewards_B, int64_t group_size, const std::string& divide_by) {
  constexpr double kLeast = 1e-6;  // groups of equal rewards have no advantages
  const at::Tensor rewards_NG = rewards_B.view({-1, group_size});
  const at::Tensor apart_NG = rewards_NG - rewards_NG.mean(1, /*keepdim=*/true);
  if (divide_by == "none") return apart_NG.flatten();
  const at::Tensor variance = divide_by == "group" ? apart_NG.square().mean(1, true) : apart_NG.square().mean();
  return (apart_NG / variance.sqrt().clamp_min(kLeast)).flatten();
}

at::Tensor clipped_gain_BTL(const at::Tensor& log_ratio_BTL, const at::Tensor& advantage_B, double clip) {
  const at::Tensor advantage_B11 = advantage_B.view({-1, 1, 1});
  const at::Tensor ratio_BTL = 1.0 + tame_expm1(log_ratio_BTL);
  return at::minimum(ratio_BTL * advantage_B11, ratio_BTL.clamp(1.0 - clip, 1.0 + clip) * advantage_B11);
}

at::Tensor divergence_BTL(const at::Tensor& log_density_BTL, const at::Tensor& reference_BTL) {
  const at::Tensor log_ratio_BTL = reference_BTL - log_density_BTL;
  return tame_expm1(log_ratio_BTL) - log_ratio_BTL;
}

PolicyGradient::PolicyGradient(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days,
                               std::vector<int64_t> chosen, const TapeDaysOptions& options,
                               const PolicyGradientConfig& config, const policy::Policy& policy, int64_t cells,
                               int64_t parts, int64_t seed)
    : TapeDays(tapes, days, std::move(chosen), options, cells, parts, seed), config_(config) {
  const auto [numbers, links] = policy.choice_size();
  if (numbers == 0) throw Error("policy_gradient: found a policy that does not sample, expected one that does");
  const int64_t ticks = tapes.ticks();
  const auto num_features = std::ssize(feature_names(options.day.feature_set));
  const at::TensorOptions real = at::TensorOptions(at::kFloat).device(device());
  for (size_t part = 0; part < num_parts(); ++part) {
    const int64_t rows = cells_in(part) * config.group_size;
    Samples samples;
    samples.states_BTS = at::zeros({rows, ticks, num_features}, real);
    samples.actions_BT = at::zeros({rows, ticks}, real);
    samples.before_BTO = at::zeros({rows, ticks, kNumOutcomes}, real);
    samples.constraint_BC = at::zeros({rows, 2}, real);
    samples.choices_BTX = at::zeros({rows, ticks, numbers}, real);
    samples.drawn_BTL = at::zeros({rows, ticks, links}, real);
    samples.start_BTL = at::zeros({rows, ticks, links}, real);
    samples.advantage_B = at::zeros({rows}, real);
    samples.mean_score = at::zeros({}, real);
    samples_.push_back(samples);
  }
}

policy::NamedTensors PolicyGradient::state() const {
  policy::NamedTensors tensors;
  for (size_t part = 0; config_.reuse > 1 && part < num_parts(); ++part) tensors.merge(state_of(part));
  return tensors;
}

policy::NamedTensors PolicyGradient::state_of(size_t part) const {
  policy::NamedTensors tensors;
  const Samples& samples = samples_[part];
  const std::string name = "samples" + std::to_string(part) + ".";
  tensors[name + "states"] = samples.states_BTS;
  tensors[name + "actions"] = samples.actions_BT;
  tensors[name + "before"] = samples.before_BTO;
  tensors[name + "constraint"] = samples.constraint_BC;
  tensors[name + "choices"] = samples.choices_BTX;
  tensors[name + "drawn"] = samples.drawn_BTL;
  tensors[name + "start"] = samples.start_BTL;
  tensors[name + "advantage"] = samples.advantage_B;
  tensors[name + "score"] = samples.mean_score;
  return tensors;
}

void PolicyGradient::collect_state(Ranks& ranks) {
  if (config_.reuse == 1) return;
  for (size_t part = 0; part < num_parts(); ++part) {
    for (const auto& [name, tensor] : state_of(part)) {
      if (!is_mine(part)) tensor.zero_();
      ranks.sum(tensor);
    }
  }
}

void PolicyGradient::gather(const at::Tensor& place_1) {
  TapeDays::gather(place_1);
  played_.assign(num_parts(), false);
}

void PolicyGradient::play(Samples& samples, policy::Policy& policy, size_t part, at::Generator& noise) const {
  const torch::NoGradGuard no_grad;
  softmarket::DayOptions options = this->options().day;
  options.softness = 0.0;
  options.sampled = true;
  options.group = config_.group_size;
  softmarket::Cells cells = cells_of_part(part);
  cells.day_B = cells.day_B.repeat_interleave(config_.group_size, 0);
  cells.constraint_BC = cells.constraint_BC.repeat_interleave(config_.group_size, 0);
  const softmarket::Day day = softmarket::play_day(policy, wishes(), tapes(), cells, options, noise);
  samples.states_BTS.copy_(day.states_BTS);
  samples.actions_BT.copy_(day.actions_BT);
  samples.before_BTO.copy_(day.before_BTO);
  samples.constraint_BC.copy_(cells.constraint_BC);
  samples.choices_BTX.copy_(day.choices_BTX);
  at::Tensor reward_B = earned_B(cells, day) / mean_par();
  samples.mean_score.copy_(reward_B.mean());
  const double for_cost = this->options().cost_penalty;
  if (for_cost > 0.0) reward_B = reward_B - day.cost_B / cells.constraint_BC.select(1, 1) * (for_cost / mean_par());
  const double for_cpa = this->options().cpa_penalty;
  if (for_cpa > 0.0) reward_B = reward_B - excess_B(cells, day) * (for_cpa / mean_par());
  samples.advantage_B.copy_(advantages_B(reward_B, config_.group_size, config_.divide_by));
  if (start_ != nullptr) samples.start_BTL.copy_(log_densities_BTL(*start_, samples));
}

at::Tensor PolicyGradient::log_densities_BTL(policy::Policy& policy, const Samples& samples) const {
  const int64_t rows = samples.actions_BT.size(0);
  const int64_t ticks = samples.actions_BT.size(1);
  policy::Ticks days;
  days.states_BTS = samples.states_BTS;
  days.actions_BTA = samples.actions_BT.unsqueeze(2);
  days.before_BTO = samples.before_BTO;
  days.ticks_BT = at::arange(ticks, at::TensorOptions(at::kLong).device(device())).expand({rows, ticks});
  days.mask_BT = at::ones_like(samples.actions_BT);
  days.constraint_BC = samples.constraint_BC;
  return policy.log_densities_BTL(days, softmarket::same_wishes_BO(wishes(), samples.constraint_BC),
                                  samples.choices_BTX);
}

std::vector<policy::LossPart> PolicyGradient::losses(const policy::Step& step, policy::Policy& policy, size_t /*group*/,
                                                     size_t part) {
  Samples& samples = samples_[part];
  const bool plays = plays_at(step.index) && !played_[part];
  if (plays) play(samples, policy, part, step.noise);
  played_[part] = true;
  const at::Tensor log_density_BTL = log_densities_BTL(policy, samples);
  if (plays) samples.drawn_BTL.copy_(log_density_BTL.detach());

  const at::Tensor money_BT = samples.states_BTS.select(2, kFeatureBudgetLeft) * samples.constraint_BC.slice(1, 0, 1);
  const at::Tensor live_BT1 = money_BT.ge(kMinRemainingBudget).to(at::kFloat).unsqueeze(2);
  const auto mean = [&](const at::Tensor& of_BTL) { return (of_BTL * live_BT1).sum() / as_double(money_BT.numel()); };
  const at::Tensor gain_BTL = clipped_gain_BTL(log_density_BTL - samples.drawn_BTL, samples.advantage_B, config_.clip);
  // The score is there to be read; it has no gradient.
  std::vector<policy::LossPart> parts = {{"market", -samples.mean_score}, {"policy_gradient", -mean(gain_BTL)}};
  if (start_ != nullptr && config_.kl_weight > 0.0) {
    parts.push_back({"divergence", config_.kl_weight * mean(divergence_BTL(log_density_BTL, samples.start_BTL))});
  }
  return parts;
}

}  // namespace genbid::train
