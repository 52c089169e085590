#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/threads.h"
#include "campaigns/m_pid.h"
#include "perbid/outcomes.h"
#include "perbid/prepared_days.h"

// How campaigns bid that have learned nothing.

namespace genbid::perbid {

// "yesterday": the best bid of the day before, kept all day; where none is known, the limit for every click.
// "limit": the limit for every click. "m_pid": M-PID, from the bid of "yesterday"; where none is known, from `start`.
const std::vector<std::string>& rule_names();

struct Rule {
  std::string name = "yesterday";
  campaigns::MPidConfig m_pid;
  campaigns::ClickBid start;  // of M-PID
};

// Plays a rule on each of the prepared days.
std::vector<Outcome> play_rule(const campaigns::Samples& samples, const PreparedDays& days, const Rule& rule,
                               Threads& threads);

// Of `tries` settings of M-PID, the one with the highest mean Res on these days. The usual settings are tried first,
// the others are drawn around them by `seed`.
campaigns::MPidConfig tune_m_pid(const campaigns::Samples& samples, const PreparedDays& days,
                                 const campaigns::ClickBid& start, int64_t tries, int64_t seed, Threads& threads);

}  // namespace genbid::perbid
