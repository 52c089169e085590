#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/shard.h"
#include "eval/evaluation.h"
#include "replay/replay.h"

namespace genbid::eval {

struct ReplayPlan {
  replay::ReplayConfig config;
  const JobStore* store = nullptr;  // where jobs are kept and found; null: nowhere
  std::string scenario = {};        // a hash of the log and all of the config but periods and advertisers
  Shard shard = {};
};

// Protocol `replay`: every candidate takes each advertiser of the log in turn and meets its logged prices. Cells by
// period and advertiser, whose number is their seat. Replay flatters: nobody reacts, every win is exposed, and the
// price is that of the last slot; so its numbers stand in no table with those of a market.
//
// Jobs are those of a market (eval/evaluation.h): a candidate's period each, and a period's optima, which stand under
// `slots`. Those that are in the store are not played again, and what is played is in it as soon as the log's period
// ends. No job depends on another, since no bidder remembers a replayed period. Empty if a stop was asked for.
std::optional<JobsDone> replay_jobs(const ReplayPlan& plan, const std::vector<Candidate>& candidates, Threads& threads);
// The same of all jobs, kept nowhere; empty if a stop was asked for.
std::vector<Evaluation> evaluate_in_replay(const replay::ReplayConfig& config, const std::vector<Candidate>& candidates,
                                           Threads& threads);

}  // namespace genbid::eval
