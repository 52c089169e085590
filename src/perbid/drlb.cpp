#include "perbid/drlb.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "perbid/cluster_agents.h"
#include "perbid/stacked_layers.h"

namespace genbid::perbid {
namespace {

constexpr double kDoubtful = 0.5;  // share of drawn choices where values are not unimodal

at::Tensor log_factors() {
  std::vector<float> logs;
  for (const double factor : Drlb::kFactors) logs.push_back(as_float(std::log(factor)));
  return at::tensor(logs);
}

at::Tensor moves_of(const at::Tensor& choice_MB) {
  const at::Tensor alpha_MB = log_factors().index_select(0, choice_MB.flatten()).view_as(choice_MB);
  return at::stack({alpha_MB, at::zeros_like(alpha_MB)}, 2);
}

// Whether values rise to one choice and fall behind it.
at::Tensor unimodal_MB(const at::Tensor& values_MBA) {
  const at::Tensor step = values_MBA.diff(1, 2);
  const at::Tensor has_fallen = step.lt(0.0).cumsum(2).gt(0);
  return step.gt(0.0).logical_and(has_fallen).any(2).logical_not();
}

}  // namespace

void DrlbConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 4096});
  v.field("depth", depth, {1, 16});
  v.field("start", start, {"middle", "yesterday"});
  v.field("copy_every", copy_every, {1, 1'000'000});
  v.field("discount", discount, {0.0, 1.0});
  v.field("per_round", per_round, {1, 1 << 20});
  v.field("steps_a_round", steps_a_round, {1, 1 << 20});
  v.field("replay", replay, {1, 100'000'000});
  v.field("random_start", random_start, {0.0, 1.0});
  v.field("epsilon", epsilon, {0.0, 1.0});
  v.field("least_epsilon", least_epsilon, {0.0, 1.0});
  v.field("epsilon_rounds", epsilon_rounds, {1, 1'000'000});
  v.check(least_epsilon <= epsilon, "least_epsilon", "at most epsilon");
}

Drlb::Drlb(const DrlbConfig& config)
    : CampaignAgents(1, 0, start_bid_named(config.start)), copy_every_(config.copy_every) {
  const auto network = [&](const char* name) {
    return register_module(name,
                           std::make_shared<StackedLayers>(1, num_features(), config.width, config.depth, kNumChoices));
  };
  q_ = network("q");
  target_ = network("target");
  reward_ = network("reward");
  target_->copy_from(*q_);
  for (const at::Tensor& parameter : target_->parameters()) parameter.set_requires_grad(false);
}

at::Tensor Drlb::values_MBA(const AgentStates& states) const { return q_->forward(features_MBX(states)); }
at::Tensor Drlb::target_values_MBA(const AgentStates& states) const { return target_->forward(features_MBX(states)); }
at::Tensor Drlb::returns_MBA(const AgentStates& states) const { return reward_->forward(features_MBX(states)); }

at::Tensor Drlb::moves_MB2(const AgentStates& states) const { return moves_of(values_MBA(states).argmax(2)); }

at::Tensor Drlb::explored_MB2(const AgentStates& states, const at::Tensor& moves_MB2, double noise,
                              const at::Generator& generator) const {
  const at::Tensor drawn_MB = at::rand(moves_MB2.sizes().slice(0, 2), generator);
  const at::Tensor choice_MB = at::randint(kNumChoices, drawn_MB.sizes(), generator, at::kLong);
  const at::Tensor doubtful_MB = unimodal_MB(values_MBA(states)).logical_not();
  const at::Tensor share_MB = at::where(doubtful_MB, std::max(noise, kDoubtful), noise);
  return at::where(drawn_MB.lt(share_MB).unsqueeze(2), moves_of(choice_MB), moves_MB2);
}

at::Tensor Drlb::choices_MB(const at::Tensor& moves_MB2) {
  return (moves_MB2.slice(2, 0, 1) - log_factors()).abs().argmin(2);
}

void Drlb::after_step(const policy::Step& step) {
  if (kind_of_step(step.index) == 1) target_->copy_from(*q_);
}

}  // namespace genbid::perbid
