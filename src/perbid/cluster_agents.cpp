#include "perbid/cluster_agents.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/convert.h"
#include "campaigns/episode.h"

namespace genbid::perbid {
namespace {

constexpr double kMostRatio = 3.0;  // a network reads no higher ones
// Where tanh is flat an actor would stay whatever its critic says later, as it may while the critic knows nothing yet.
constexpr double kFarthest = 2.0;
constexpr double kTooFar = 0.1;
constexpr double kLeastAlpha = 1e-6;
constexpr double kMostAlpha = 1e6;

}  // namespace

// Linear layers of M networks.
struct ClusterAgents::Layers : torch::nn::Module {
  Layers(int64_t networks, int64_t inputs, int64_t width, int64_t depth, int64_t outputs) {
    for (int64_t i = 0; i <= depth; ++i) {
      const int64_t from = i == 0 ? inputs : width;
      const int64_t to = i == depth ? outputs : width;
      const double range = (i == depth ? 0.1 : 1.0) / std::sqrt(as_double(from));
      const std::string name = std::to_string(i);
      weights.push_back(register_parameter("weight" + name, at::empty({networks, from, to}).uniform_(-range, range)));
      biases.push_back(register_parameter("bias" + name, at::zeros({networks, 1, to})));
    }
  }
  at::Tensor forward(at::Tensor x_MBX) const {
    for (size_t i = 0; i < weights.size(); ++i) {
      if (i > 0) x_MBX = at::silu(x_MBX);
      x_MBX = at::baddbmm(biases[i], x_MBX, weights[i]);
    }
    return x_MBX;
  }
  std::vector<at::Tensor> weights, biases;
};

void AgentsConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 4096});
  v.field("depth", depth, {1, 16});
  v.field("alpha_step", alpha_step, {1e-4, 10.0});
  v.field("beta_step", beta_step, {1e-4, 1.0});
}

ClusterAgents::ClusterAgents(const AgentsConfig& config, int64_t agents, int64_t profile_width)
    : config_(config),
      agents_(agents),
      profile_width_(profile_width),
      start_alpha_(register_buffer("start_alpha", at::ones({}))) {
  const int64_t inputs = campaigns::kStatusSize + profile_width;
  actor_ = register_module("actor", std::make_shared<Layers>(agents, inputs, config.width, config.depth, 2));
  critic_ = register_module("critic", std::make_shared<Layers>(agents, inputs + 2, config.width, config.depth, 1));
}

at::Tensor ClusterAgents::features_MBX(const AgentStates& states) const {
  const at::Tensor& status = states.status_MBS;
  std::vector<at::Tensor> parts{status.slice(2, 0, 2) * 2.0 - 1.0, status.slice(2, 2, 5).clamp(0.0, kMostRatio) - 1.0,
                                (status.slice(2, 5, 6).clamp(kLeastAlpha, kMostAlpha) / start_alpha_).log(),
                                status.slice(2, 6, 7) * 2.0 - 1.0};
  if (profile_width_ > 0) parts.push_back(states.profile_MBH);
  return at::cat(parts, 2);
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

at::Tensor ClusterAgents::explored_MB2(const at::Tensor& moves_MB2, const at::Tensor& noise_MB2) const {
  return from_steps((in_steps(moves_MB2) + noise_MB2).clamp(-1.0, 1.0));
}

at::Tensor ClusterAgents::values_MB(const AgentStates& states, const at::Tensor& moves_MB2) {
  return critic_->forward(at::cat({features_MBX(states), in_steps(moves_MB2)}, 2)).squeeze(2);
}

at::Tensor ClusterAgents::critic_loss(const AgentStates& states, const at::Tensor& moves_MB2,
                                      const at::Tensor& gain_MB) {
  return (values_MB(states, moves_MB2) - gain_MB).square().mean() * as_double(agents_);
}

at::Tensor ClusterAgents::actor_loss(const AgentStates& states) {
  const at::Tensor said_MB2 = actor_->forward(features_MBX(states));
  const at::Tensor value_MB = values_MB(states, from_steps(at::tanh(said_MB2)));
  const at::Tensor too_far = (said_MB2.abs() - kFarthest).clamp_min(0.0).square().mean();
  return (value_MB.mean().neg() + kTooFar * too_far) * as_double(agents_);
}

at::Tensor ClusterAgents::moved_MB2(const AgentStates& states, const at::Tensor& moves_MB2) {
  const at::Tensor alpha = states.status_MBS.slice(2, 5, 6) * moves_MB2.slice(2, 0, 1).exp();
  const at::Tensor beta = states.status_MBS.slice(2, 6, 7) + moves_MB2.slice(2, 1, 2);
  return at::cat({alpha.clamp(kLeastAlpha, kMostAlpha), beta.clamp(0.0, 1.0)}, 2);
}

}  // namespace genbid::perbid
