#pragma once

#include <cstdint>
#include <vector>

#include "base/config/config.h"
#include "perbid/agent_play.h"
#include "perbid/cluster_agents.h"
#include "perbid/matching.h"

namespace genbid::perbid {

// PerBid, section 5.4: campaigns whose agent did badly on the day before get a copy of it that learns on, on that day
// alone, and bids for them today.
struct AdaptationConfig {
  int64_t episodes = 0;  // of each such campaign; 0: none learns on
  double below = 0.85;   // Res on the day before
  int64_t steps = 20;    // of learning after each episode
  double learning_rate = 3e-4;
  double noise = 0.3;  // of moves; less than in training, which begins with agents that know nothing
  int64_t seed = 1;

  void fields(ConfigVisitor& v);
};

struct AdaptedDays {
  std::vector<int64_t> rows;               // which of the judged days have a copy
  std::vector<campaigns::ClickSums> sums;  // and what it made of them
};

// `agent_N`: who bids on the judged days. `res_DM`: Res of each agent on the days before. What a copy learns depends on
// the others that learn beside it through the random numbers of its episodes, which are drawn by its place among them.
// Error where a loss is not finite.
AdaptedDays adapt_and_play(const ClusterAgents& agents, const Field& judged, const MatchingDays& before,
                           const at::Tensor& res_DM, const at::Tensor& agent_N, const AdaptationConfig& config,
                           Threads& threads);

}  // namespace genbid::perbid
