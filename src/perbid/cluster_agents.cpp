#include "perbid/cluster_agents.h"

#include <ATen/ATen.h>

#include "base/convert.h"
#include "perbid/stacked_layers.h"

namespace genbid::perbid {
namespace {

// Where tanh is flat an actor would stay whatever its critic says later, as it may while the critic knows nothing yet.
constexpr double kFarthest = 2.0;
constexpr double kTooFar = 0.1;

}  // namespace

void AgentsConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 4096});
  v.field("depth", depth, {1, 16});
  v.field("alpha_step", alpha_step, {1e-4, 10.0});
  v.field("beta_step", beta_step, {1e-4, 1.0});
  v.field("start", start, {"middle", "yesterday"});
}

StartBid start_bid_named(const std::string& name) {
  return name == "yesterday" ? StartBid::kYesterday : StartBid::kMiddle;
}

ClusterAgents::ClusterAgents(const AgentsConfig& config, int64_t agents, int64_t profile_width)
    : CampaignAgents(agents, profile_width, start_bid_named(config.start)), config_(config) {
  const int64_t inputs = num_features();
  actor_ = register_module("actor", std::make_shared<StackedLayers>(agents, inputs, config.width, config.depth, 2));
  critic_ =
      register_module("critic", std::make_shared<StackedLayers>(agents, inputs + 2, config.width, config.depth, 1));
}

std::shared_ptr<ClusterAgents> ClusterAgents::copies_of(const at::Tensor& which_K) const {
  auto copies = std::make_shared<ClusterAgents>(config_, which_K.numel(), profile_width());
  copies->start_at(middle_alpha());
  copies->actor_->copy_from(*actor_, which_K);
  copies->critic_->copy_from(*critic_, which_K);
  return copies;
}

at::Tensor ClusterAgents::in_steps(const at::Tensor& moves_MB2) const {
  return at::cat({moves_MB2.slice(2, 0, 1) / config_.alpha_step, moves_MB2.slice(2, 1, 2) / config_.beta_step}, 2);
}

at::Tensor ClusterAgents::from_steps(const at::Tensor& steps_MB2) const {
  return at::cat({steps_MB2.slice(2, 0, 1) * config_.alpha_step, steps_MB2.slice(2, 1, 2) * config_.beta_step}, 2);
}

at::Tensor ClusterAgents::moves_MB2(const AgentStates& states) const {
  return from_steps(at::tanh(actor_->forward(features_MBX(states))));
}

at::Tensor ClusterAgents::explored_MB2(const AgentStates& /*states*/, const at::Tensor& moves_MB2, double noise,
                                       const at::Generator& generator) const {
  return from_steps((in_steps(moves_MB2) + noise * at::randn(moves_MB2.sizes(), generator)).clamp(-1.0, 1.0));
}

at::Tensor ClusterAgents::values_MB(const AgentStates& states, const at::Tensor& moves_MB2) {
  return critic_->forward(at::cat({features_MBX(states), in_steps(moves_MB2)}, 2)).squeeze(2);
}

at::Tensor ClusterAgents::critic_loss(const AgentStates& states, const at::Tensor& moves_MB2,
                                      const at::Tensor& gain_MB) {
  return (values_MB(states, moves_MB2) - gain_MB).square().mean() * as_double(num_agents());
}

at::Tensor ClusterAgents::actor_loss(const AgentStates& states) {
  const at::Tensor said_MB2 = actor_->forward(features_MBX(states));
  const at::Tensor value_MB = values_MB(states, from_steps(at::tanh(said_MB2)));
  const at::Tensor too_far = (said_MB2.abs() - kFarthest).clamp_min(0.0).square().mean();
  return (value_MB.mean().neg() + kTooFar * too_far) * as_double(num_agents());
}

}  // namespace genbid::perbid
