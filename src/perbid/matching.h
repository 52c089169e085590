#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "perbid/agent_play.h"

// Which agent serves a campaign today, by how each would have done for it on the days before (PerBid, section 4.4).

namespace genbid::perbid {

// The days before those of N judged ones.
struct MatchingDays {
  int64_t num_judged = 0;       // N
  PreparedDays days;            // all days before, a campaign's last one first
  std::vector<int64_t> judged;  // for each day before: which judged day it comes before
  std::vector<double> weight;   // and how much it counts: 1 for the last day, half as much for each earlier one
  at::Tensor profiles_NTH;      // undefined where agents have none
};

// Of each judged day the `days_back` days from that on which lies `first` days before it, as far as they are known;
// `read` says what agents read of them.
MatchingDays days_to_match(const campaigns::Samples& samples, const std::vector<DayPlace>& judged, int64_t first,
                           int64_t days_back, const std::function<at::Tensor(const PreparedDays&)>& read,
                           Threads& threads);

struct Matching {
  at::Tensor agent_N;         // i64; of a campaign without days before, the default one
  int64_t default_agent = 0;  // the best in the mean of all others
  at::Tensor res_NM;          // f64, the weighted mean of each agent, 0 where no day before is known
  at::Tensor known_N;         // bool, whether one is
};
// `res_DM`: Res of each agent on the days before, of which only whom they come before and how much they count is read.
Matching match_agents(const MatchingDays& days, const at::Tensor& res_DM);

// The agent of each of any number of judged days; days before are made and played piece by piece. `done`, if any, is
// told how many judged days are ready.
Matching match_in_pieces(CampaignAgents& agents, const campaigns::Samples& samples, const std::vector<DayPlace>& judged,
                         int64_t first, int64_t days_back, const std::function<at::Tensor(const PreparedDays&)>& read,
                         Threads& threads, const std::function<void(int64_t)>& done = {});

// Error where none of the judged days has as many before it as matching looks at, and a line of the log where some have
// fewer; both begin with `key`. Returns how many have some, but fewer.
int64_t check_days_back(const campaigns::Samples& samples, const std::vector<DayPlace>& judged, int64_t first,
                        int64_t days_back, const std::string& key);

}  // namespace genbid::perbid
