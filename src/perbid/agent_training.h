#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "perbid/agent_play.h"
#include "perbid/cluster_agents.h"
#include "train/objective.h"

namespace genbid::perbid {

// Section `episodes`: how agents of campaigns are trained.
struct EpisodesConfig {
  int64_t agents = 1;            // M
  std::string clusters = "one";  // who has which agent: "one", or at first by "type", "ppc", "random", "campaign"
  bool reassign = false;         // PerBid: campaigns move on to the agent that serves them best
  double threshold = 0.05;       // where it is better by this
  int64_t reassign_every = 20;   // rounds
  int64_t per_round = 96;        // episodes of a round, an equal share of each agent's
  int64_t steps_a_round = 100;   // of the trainer
  int64_t replay = 100'000;      // slots that are remembered of each agent; where actors learn from whole days, the
                                 // whole rounds that these hold
  double noise = 0.5;
  double random_start = 0.5;
  double relabel = 0.0;      // agents that read conditions: how far limits are drawn anew (agent_play.h)
  double type_weight = 0.0;  // 1: campaigns of each type are drawn equally often; 0: as they come

  void fields(ConfigVisitor& v);
};

// Episodes of agents on prepared days, as an objective of the trainer: every `steps_a_round` steps the agents play days
// of their campaigns, exploring, and what they meet goes into their replay memories. Critics then learn from drawn
// slots what a bid that is kept brings (USCB's Monte-Carlo critic: no bootstrap), and actors what their critics like;
// actors that imitate also which moves brought what, those that remember from whole days.
class AgentEpisodes : public train::Objective {
 public:
  AgentEpisodes(const Field& field, ClusterAgents& agents, const EpisodesConfig& config, int64_t batch_size,
                int64_t seed, Threads& threads);

  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& place_1) override;
  at::Tensor weight(size_t /*part*/) const override { return at::Tensor(); }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return c10::Device(c10::kCPU); }
  policy::NamedTensors state() const override;

  // By prepared day: which agent has it; below 0: nobody plays it.
  const at::Tensor& assigned_N() const { return assigned_N_; }
  // How far clusters are types (which limits bind at the optimum): the share of days that are of the most frequent one
  // among their agent's days.
  double share_of_main_types() const;
  // In place of what the config's clusters say; not where campaigns are re-assigned.
  void assign(const at::Tensor& assigned_N) { assigned_N_.copy_(assigned_N); }

 private:
  struct Remembered {
    AgentStates states;
    at::Tensor moves_MB2;
    at::Tensor gain_MB;
  };

  void assign_first();
  void reassign(int64_t round);
  std::string clusters_text() const;
  // By the optimal beta: 0 (be it that nothing binds), 1, between.
  static constexpr size_t kTypes = 3;
  int64_t type_of(int64_t row) const;
  std::array<int64_t, kTypes> types_of(const std::vector<int64_t>& rows) const;
  void play_round(int64_t round);
  int64_t days_each() const;  // days that each agent plays in a round
  std::vector<int64_t> rows_of(int64_t agent) const;
  std::vector<double> weights_of(const std::vector<int64_t>& rows) const;  // by how much each day is drawn
  at::Tensor drawn_rows_MB(const at::Generator& drawn) const;
  at::Tensor places_of_days_MB(const at::Tensor& days_MD) const;
  Remembered remembered(const at::Tensor& places_MB) const;

  Field field_;
  ClusterAgents& agents_;
  EpisodesConfig config_;
  int64_t batch_size_;
  int64_t seed_;
  Threads& threads_;
  at::Tensor start_N_;     // the alphas that days begin with
  at::Tensor assigned_N_;  // i64
  // Replay memories, rings of C slots.
  at::Tensor status_MCS_;
  at::Tensor moves_MC2_;
  at::Tensor gain_MC_;
  at::Tensor shift_MC2_;
  at::Tensor place_MC2_;  // i64: prepared day and slot
  at::Tensor filled_1_;   // i64: slots that were ever put into each
  at::Tensor drawn_KMB_;  // i64: places in the memories, of the steps drawn
  at::Tensor days_KMD_;   // i64: days there, of actors that learn from whole ones
  Remembered critics_;    // what critics and actors of the current step learn from
  Remembered actors_;
};

}  // namespace genbid::perbid
