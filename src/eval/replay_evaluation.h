#pragma once

#include <vector>

#include "eval/evaluation.h"
#include "replay/replay.h"

namespace genbid::eval {

// Protocol `replay`: every candidate takes each advertiser of the log in turn and meets its logged prices. Cells by
// period and advertiser, whose number is their seat. Replay flatters: nobody reacts, every win is exposed, and the
// price is that of the last slot; so its numbers stand in no table with those of a market. Empty if a stop was asked
// for.
std::vector<Evaluation> evaluate_in_replay(const replay::ReplayConfig& config, const std::vector<Candidate>& candidates,
                                           Threads& threads);

}  // namespace genbid::eval
