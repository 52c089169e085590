#pragma once

#include <cstdint>
#include <vector>

#include "base/config/config.h"
#include "perbid/episode_network.h"

// M agents, B states of each, S numbers of a state, H of a profile.

namespace genbid::perbid {

struct AgentsConfig {
  int64_t width = 64;
  int64_t depth = 3;        // hidden layers
  double alpha_step = 0.3;  // the most that the logarithm of alpha moves before a slot
  double beta_step = 0.2;   // and beta

  void fields(ConfigVisitor& v);
};

// Bids of many campaigns at once: for each of M agents, B of them.
struct AgentStates {
  at::Tensor status_MBS;   // campaigns::CampaignStatus
  at::Tensor profile_MBH;  // undefined where agents have none
};

// Actors and critics of M clusters (USCB, KDD 2021: one; PerBid, KDD 2023), side by side: the weights of all in one
// tensor a layer, so that a step of all costs little more than one of a single agent. An actor moves (log alpha, beta)
// before each slot. A critic says how good the day will have been if the moved bid is kept to the end.
class ClusterAgents : public EpisodeNetwork {
 public:
  ClusterAgents(const AgentsConfig& config, int64_t agents, int64_t profile_width);

  int64_t num_agents() const { return agents_; }
  int64_t profile_width() const { return profile_width_; }
  // The alpha that days begin with, beta being 0.5: that of the middle training day.
  void start_at(double alpha) { start_alpha_.fill_(alpha); }
  double start_alpha() const { return start_alpha_.item<double>(); }

  // M B 2: how far (log alpha, beta) move.
  at::Tensor moves_MB2(const AgentStates& states) const;
  // Moves with noise on them, which is in units of the most that a move can be, and none longer than that.
  at::Tensor explored_MB2(const at::Tensor& moves_MB2, const at::Tensor& noise_MB2) const;
  // How far critics are from what moves brought (M B), squared; a sum over agents, so that none learns more slowly
  // for there being others.
  at::Tensor critic_loss(const AgentStates& states, const at::Tensor& moves_MB2, const at::Tensor& gain_MB);
  // What critics say of actors' moves, to be made small.
  at::Tensor actor_loss(const AgentStates& states);
  // The bids after moves; alpha from 1e-6 to 1e6, beta from 0 to 1.
  static at::Tensor moved_MB2(const AgentStates& states, const at::Tensor& moves_MB2);

  std::vector<policy::ParameterGroup> parameter_groups() const override {
    return {{"critic", {"critic."}}, {"actor", {"actor."}}};
  }

 private:
  struct Layers;
  at::Tensor features_MBX(const AgentStates& states) const;
  // M B: Q of moves.
  at::Tensor values_MB(const AgentStates& states, const at::Tensor& moves_MB2);
  at::Tensor in_steps(const at::Tensor& moves_MB2) const;
  at::Tensor from_steps(const at::Tensor& steps_MB2) const;

  AgentsConfig config_;
  int64_t agents_;
  int64_t profile_width_;
  at::Tensor start_alpha_;
  std::shared_ptr<Layers> actor_;
  std::shared_ptr<Layers> critic_;
};

}  // namespace genbid::perbid
