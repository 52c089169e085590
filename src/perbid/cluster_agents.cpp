#include "perbid/cluster_agents.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include "base/convert.h"
#include "perbid/perceptron_actor.h"
#include "perbid/stacked_layers.h"

namespace genbid::perbid {
namespace {

// Where tanh is flat an actor would stay whatever its critic says later, as it may while the critic knows nothing yet.
constexpr double kFarthest = 2.0;
constexpr double kTooFar = 0.1;

constexpr double kAskedRes = 1.0;

std::unique_ptr<Actor> make_actor(const AgentsConfig& config, int64_t agents, int64_t inputs) {
  if (config.actor == "transformer")
    return std::make_unique<TransformerActor>(agents, inputs, config.width, config.transformer);
  if (config.actor == "diffusion")
    return std::make_unique<DiffusionActor>(agents, inputs, config.width, config.depth, config.diffusion);
  return std::make_unique<PerceptronActor>(agents, inputs, config.width, config.depth);
}

// All parameters of a network of agents become those of the other's agents which_K.
void copy_agents(torch::nn::Module& to, const torch::nn::Module& from, const at::Tensor& which_K) {
  const torch::NoGradGuard no_grad;
  const auto parameters = from.named_parameters();
  for (auto& parameter : to.named_parameters()) {
    parameter.value().copy_(parameters[parameter.key()].index_select(0, which_K));
  }
}

}  // namespace

void AgentsConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 4096});
  v.field("depth", depth, {1, 16});
  v.field("alpha_step", alpha_step, {1e-4, 10.0});
  v.field("beta_step", beta_step, {1e-4, 1.0});
  v.field("start", start, {"middle", "yesterday"});
  v.field("actor", actor, {"perceptron", "transformer", "diffusion"});
  if (actor == "perceptron") return;
  if (actor == "transformer") {
    v.section("transformer", transformer);
    v.check(width % transformer.heads == 0, "width", "a multiple of transformer.heads");
  } else {
    v.section("diffusion", diffusion);
  }
}

StartBid start_bid_named(const std::string& name) {
  return name == "yesterday" ? StartBid::kYesterday : StartBid::kMiddle;
}

ClusterAgents::ClusterAgents(const AgentsConfig& config, int64_t agents, int64_t profile_width)
    : CampaignAgents(agents, profile_width, start_bid_named(config.start)), config_(config) {
  const int64_t inputs = num_features();
  actor_ = make_actor(config, agents, inputs);
  register_module("actor", actor_->network());
  critic_ =
      register_module("critic", std::make_shared<StackedLayers>(agents, inputs + 2, config.width, config.depth, 1));
}

std::shared_ptr<ClusterAgents> ClusterAgents::copies_of(const at::Tensor& which_K) const {
  auto copies = std::make_shared<ClusterAgents>(config_, which_K.numel(), profile_width());
  copies->start_at(middle_alpha());
  copy_agents(*copies->actor_->network(), *actor_->network(), which_K);
  copy_agents(*copies->critic_, *critic_, which_K);
  return copies;
}

at::Tensor ClusterAgents::in_steps(const at::Tensor& moves_MB2) const {
  return at::cat({moves_MB2.slice(-1, 0, 1) / config_.alpha_step, moves_MB2.slice(-1, 1, 2) / config_.beta_step}, -1);
}

at::Tensor ClusterAgents::from_steps(const at::Tensor& steps_MB2) const {
  return at::cat({steps_MB2.slice(-1, 0, 1) * config_.alpha_step, steps_MB2.slice(-1, 1, 2) * config_.beta_step}, -1);
}

ActorInputs ClusterAgents::inputs_of(const AgentStates& states) const {
  const at::Tensor features = features_MBX(states);
  return {features, at::full_like(features.slice(-1, 0, 1), kAskedRes), states.noise_MBZ, states.slots, states.memory};
}

at::Tensor ClusterAgents::moves_MB2(const AgentStates& states) const {
  return from_steps(at::tanh(actor_->said_MB2(inputs_of(states))));
}

at::Tensor ClusterAgents::explored_MB2(const AgentStates& /*states*/, const at::Tensor& moves_MB2, double noise,
                                       const at::Generator& generator) const {
  return from_steps((in_steps(moves_MB2) + noise * at::randn(moves_MB2.sizes(), generator)).clamp(-1.0, 1.0));
}

at::Tensor ClusterAgents::values_MB(const AgentStates& states, const at::Tensor& moves_MB2) {
  return critic_->forward(at::cat({features_MBX(states), in_steps(moves_MB2)}, -1)).squeeze(-1);
}

at::Tensor ClusterAgents::critic_loss(const AgentStates& states, const at::Tensor& moves_MB2,
                                      const at::Tensor& gain_MB) {
  return (values_MB(states, moves_MB2) - gain_MB).square().mean() * as_double(num_agents());
}

std::vector<policy::LossPart> ClusterAgents::actor_losses(AgentStates states, const at::Tensor& moves_MB2,
                                                          const at::Tensor& gain_MB, const at::Generator& generator) {
  const auto count = as_double(num_agents());
  if (draws_a_move() > 0) states.noise_MBZ = at::randn({gain_MB.size(0), gain_MB.size(1), draws_a_move()}, generator);
  const Actor::Lesson lesson =
      actor_->lesson(inputs_of(states), {in_steps(moves_MB2), gain_MB.unsqueeze(-1)}, generator);
  const at::Tensor value_MB = values_MB(states, from_steps(at::tanh(lesson.said_MB2)));
  const at::Tensor too_far = (lesson.said_MB2.abs() - kFarthest).clamp_min(0.0).square().mean();
  const at::Tensor actor = (value_MB.mean().neg() + kTooFar * too_far) * count;
  if (!lesson.imitation.defined()) return {{"actor", actor}};
  const ActorLosses counts = config_.actor == "transformer" ? config_.transformer.losses : config_.diffusion.losses;
  return {{"actor", actor * counts.value}, {"imitation", lesson.imitation * (counts.imitation * count)}};
}

}  // namespace genbid::perbid
