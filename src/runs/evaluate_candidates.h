#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "eval/evaluation.h"
#include "play/hindsight.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// Candidates with all that they need to stay alive.
struct Candidates {
  std::unique_ptr<play::HindsightBook> book = std::make_unique<play::HindsightBook>();
  std::vector<std::unique_ptr<Bidder>> bidders;
  std::vector<eval::Candidate> list;  // a policy that draws stands there once for each of policy_seeds
};

// Makes the candidates of a list for the market or the log of `config`. Error for a policy that cannot play its days,
// or has learned from or was tuned on one of `periods` (unless allow_seen_periods), and for two of one name.
Candidates make_candidates(const std::vector<CandidateConfig>& list, const EvaluateConfig& config,
                           const std::vector<int64_t>& periods, Threads& threads);

// Whether an evaluation calls something of its own so in its folder: no candidate may.
bool is_evaluation_name(const std::string& folder);
// A name as a folder's.
std::string folder_name(const std::string& name);

}  // namespace genbid::runs
