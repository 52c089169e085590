#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "perbid/actor.h"
#include "perbid/campaign_agents.h"
#include "perbid/diffusion_actor.h"
#include "perbid/transformer_actor.h"

// M agents, B states of each, H numbers of a profile.

namespace genbid::perbid {

class StackedLayers;

struct AgentsConfig {
  int64_t width = 64;
  int64_t depth = 3;                 // hidden layers of perceptrons
  double alpha_step = 0.3;           // the most that the logarithm of alpha moves before a slot
  double beta_step = 0.2;            // and beta
  std::string start = "middle";      // or "yesterday" (StartBid)
  std::string actor = "perceptron";  // or "transformer", "diffusion"
  TransformerActorConfig transformer = {};
  DiffusionActorConfig diffusion = {};

  void fields(ConfigVisitor& v);
};

// Actors and critics of M clusters (USCB, KDD 2021: one; PerBid, KDD 2023), side by side. An actor moves (log alpha,
// beta) before each slot; one that knows wishes is asked for a Res of 1, which is the optimum. A critic says how good
// the day will have been if the moved bid is kept to the end.
class ClusterAgents : public CampaignAgents {
 public:
  ClusterAgents(const AgentsConfig& config, int64_t agents, int64_t profile_width);

  // Copies of some of the agents, i64, that learn on by themselves; the same agent may be there several times.
  std::shared_ptr<ClusterAgents> copies_of(const at::Tensor& which_K) const;

  at::Tensor moves_MB2(const AgentStates& states) const override;
  int64_t draws_a_move() const override { return actor_->noise_size(); }
  std::vector<at::Tensor> first_memory(int64_t days) const override { return actor_->first_memory(days); }
  int64_t days_a_step() const { return actor_->days_a_step(); }
  // Gaussian noise, in units of the most that a move can be; no move is longer than that.
  at::Tensor explored_MB2(const AgentStates& states, const at::Tensor& moves_MB2, double noise,
                          const at::Generator& generator) const override;
  // How far critics are from what moves brought (M B), squared; a sum over agents, so that none learns more slowly
  // for there being others.
  at::Tensor critic_loss(const AgentStates& states, const at::Tensor& moves_MB2, const at::Tensor& gain_MB);
  // What critics say of actors' moves, to be made small; and of actors that imitate how far they are from moves that
  // were made.
  std::vector<policy::LossPart> actor_losses(AgentStates states, const at::Tensor& moves_MB2, const at::Tensor& gain_MB,
                                             const at::Generator& generator);

  std::vector<policy::ParameterGroup> parameter_groups() const override {
    return {{"critic", {"critic."}}, {"actor", {"actor."}}};
  }

 private:
  ActorInputs inputs_of(const AgentStates& states) const;
  // M B: Q of moves.
  at::Tensor values_MB(const AgentStates& states, const at::Tensor& moves_MB2);
  at::Tensor in_steps(const at::Tensor& moves_MB2) const;
  at::Tensor from_steps(const at::Tensor& steps_MB2) const;

  AgentsConfig config_;
  std::unique_ptr<Actor> actor_;
  std::shared_ptr<StackedLayers> critic_;
};

// The config's word for it.
StartBid start_bid_named(const std::string& name);

}  // namespace genbid::perbid
