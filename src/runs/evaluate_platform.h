#pragma once

#include <optional>
#include <vector>

#include "base/threads.h"
#include "eval/platform_evaluation.h"
#include "eval/platform_summary.h"
#include "eval/report.h"
#include "runs/evaluate_candidates.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// Who has the other seats under protocol platform; none where nobody does. A policy that draws has the first of
// policy_seeds. Throws what make_candidates() throws.
Candidates platform_opponent(const EvaluateConfig& config, Threads& threads);

// An evaluation under protocol platform.
struct PlatformJudged {
  std::vector<eval::PlatformEvaluation> evaluations;  // as the candidates are listed
  eval::EvaluationContext context;
};
// Plays every candidate, one after another, in one market for each of its seeds. Empty if a stop was asked for.
std::optional<PlatformJudged> judge_platform(const EvaluateConfig& config, const Candidates& candidates,
                                             const Candidates& opponent, Threads& threads);

// The table of what was judged; `reference` as the config says.
eval::PlatformTable platform_table(const std::vector<eval::PlatformEvaluation>& evaluations,
                                   const eval::EvaluationContext& context, const std::string& reference);

}  // namespace genbid::runs
