#pragma once

#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "runs/evaluate_candidates.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// An evaluation in a market as its config says, with the text that its scenario's hash is of.
struct MarketPlan {
  eval::EvaluationPlan plan;
  std::string settings;  // play/run_identity.h, scenario_settings
};
MarketPlan market_plan(const EvaluateConfig& config, const std::vector<int64_t>& periods, const Candidates& candidates);

// Where the hindsight of the config's evaluation is kept.
std::string hindsight_folder(const EvaluateConfig& config);

}  // namespace genbid::runs
