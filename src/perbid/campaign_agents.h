#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

#include "perbid/episode_network.h"
#include "perbid/prepared_days.h"

// M agents, B states of each, S numbers of a state, H of a profile. The states of a single agent may come without their
// first dimension.

namespace genbid::perbid {

// Bids of many campaigns at once: for each of M agents, B of them.
struct AgentStates {
  at::Tensor status_MBS;   // campaigns::CampaignStatus
  at::Tensor profile_MBH;  // undefined where agents have none
  at::Tensor start_MB;     // the alphas that days began with
  at::Tensor noise_MBZ{};  // standard normals that moves are made of; undefined where agents draw none
  int64_t slots = 1;       // B are so many slots of each of some days, one after the other; 1: the next slot of B days
  std::vector<at::Tensor>* memory = nullptr;  // what agents remember of these days (first_memory()), which they change
};

// The bid that a day begins with: the same for all campaigns, or a campaign's own that was best on the day before,
// where that is known (USCB's online form, and where M-PID begins). Networks read alpha relative to it.
enum class StartBid { kMiddle, kYesterday };

// Agents that move (log alpha, beta) before each slot of a campaign's day.
class CampaignAgents : public EpisodeNetwork {
 public:
  CampaignAgents(int64_t agents, int64_t profile_width, StartBid start);

  int64_t num_agents() const { return agents_; }
  int64_t profile_width() const { return profile_width_; }
  // The alpha that days begin with, beta being 0.5, unless they begin with a bid of their own: that of the middle
  // training day.
  void start_at(double alpha) { start_alpha_.fill_(alpha); }
  double middle_alpha() const { return start_alpha_.item<double>(); }
  // The bid that one of the days begins with; of all of them the alphas (N).
  campaigns::ClickBid start_of(const PreparedDays& days, int64_t i) const;
  at::Tensor start_N(const PreparedDays& days) const;

  // M B 2: how far (log alpha, beta) move before the next slot of B days.
  virtual at::Tensor moves_MB2(const AgentStates& states) const = 0;
  virtual int64_t draws_a_move() const { return 0; }  // Z
  // What agents remember before the first slot of so many days, all agents' together.
  virtual std::vector<at::Tensor> first_memory(int64_t /*days*/) const { return {}; }
  // How they move when they explore; `noise` is how much they do.
  virtual at::Tensor explored_MB2(const AgentStates& states, const at::Tensor& moves_MB2, double noise,
                                  const at::Generator& generator) const = 0;
  // The bids after moves; alpha from 1e-6 to 1e6, beta from 0 to 1.
  static at::Tensor moved_MB2(const AgentStates& states, const at::Tensor& moves_MB2);

 protected:
  int64_t num_features() const;
  // What networks read, in the range of small numbers.
  at::Tensor features_MBX(const AgentStates& states) const;

 private:
  int64_t agents_;
  int64_t profile_width_;
  StartBid start_;
  at::Tensor start_alpha_;
};

}  // namespace genbid::perbid
