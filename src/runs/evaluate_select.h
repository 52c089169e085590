#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/threads.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// What a selection came to, for a result: JSON with what was tried, each one's mean expected score on the tuning
// periods, how many market evaluations (cells) it cost, and which was taken.
struct Selection {
  CandidateConfig chosen;  // with the options of the best, and no selection
  std::string record;
};

// Plays everything that a candidate's `select` is over on its tuning periods, in the market of the evaluation, and
// takes the one with the highest mean expected score; of equal ones the first. Jobs are kept in the evaluation's
// folder, so that it goes on as the evaluation does. Where the candidate is a run, selection.json in its folder says
// what was chosen. Nothing if a stop was asked for.
std::optional<Selection> select_candidate(const CandidateConfig& candidate, const EvaluateConfig& config,
                                          Threads& threads);

}  // namespace genbid::runs
