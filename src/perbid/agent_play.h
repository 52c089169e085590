#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/threads.h"
#include "campaigns/samples.h"
#include "perbid/campaign_agents.h"
#include "perbid/prepared_days.h"

// M agents play B days each; N prepared days, T slots, S numbers of a status, H of a profile.

namespace genbid::perbid {

// Days for agents to play.
struct Field {
  const campaigns::Samples& samples;
  const PreparedDays& days;
  at::Tensor profiles_NTH;  // what agents read of the campaign before each slot; undefined where they read nothing
};

// What conditioned agents read in place of a profile (N T 2, the same in every slot): campaigns::tightness() by the day
// before; 0 where none is known.
at::Tensor conditions_NT2(const PreparedDays& days);

inline constexpr double kWorstGain = -1.0;  // agents hear of no Res below it

// The random numbers of one purpose and one round or step of a training.
at::Generator drawn_by(int64_t seed, const char* purpose, int64_t index);

struct Exploration {
  double noise = 0.5;         // of moves, in what the agents count it (CampaignAgents::explored_MB2)
  double random_start = 0.5;  // share of days that begin with a drawn bid
  // Conditioned agents: limits are drawn anew for every day, each by a factor from e^-relabel to e^relabel, and its
  // optimum with them (HALO, arXiv 2508.03267, relabels logged days).
  double relabel = 0.0;
  at::Generator generator;
  bool draws_beta = true;  // of a drawn bid; false: alpha alone, beta stays what the day begins with
};

// What was met while playing, for critics: each slot of each day.
struct Met {
  at::Tensor status_TMBS;
  at::Tensor moves_TMB2;
  at::Tensor gain_TMB;   // Res if the moved bid had been kept to the end of the day
  at::Tensor shift_MB2;  // of conditions: logarithms of the factors of limits; 0 where no day before is known
};

struct Played {
  std::vector<campaigns::ClickSums> sums;  // of each of M x B days
  at::Tensor res_MB;                       // f64
  std::optional<Met> met;
};

// `rows_MB`: which of the prepared days each agent plays. With `exploration` it explores and remembers.
Played play_days(CampaignAgents& agents, const Field& field, const at::Tensor& rows_MB, Threads& threads,
                 const Exploration* exploration = nullptr);

// Every agent on each of these days, in pieces, so that memory does not grow with their number.
struct PlayedByAll {
  at::Tensor res_NM;                       // f64
  std::vector<campaigns::ClickSums> sums;  // of each of N x M days
};
PlayedByAll play_all(CampaignAgents& agents, const Field& field, Threads& threads);
// As play_all(), but Res alone; nothing where a stop was asked for.
std::optional<at::Tensor> res_unless_stopped_NM(CampaignAgents& agents, const Field& field, Threads& threads);

}  // namespace genbid::perbid
