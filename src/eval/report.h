#pragma once

#include <string>
#include <vector>

#include "eval/evaluation.h"

namespace genbid {

// What an evaluation was made under; printed and saved with every number.
struct EvaluationContext {
  std::string rules;
  std::string population;
  std::vector<int64_t> periods;
  std::vector<int> seats;
  int64_t seed = 0;
};

// result.json (README, "Results"): no thread counts, times or paths in it.
std::string result_json(const Evaluation& evaluation, const EvaluationContext& context);

// A table for a terminal, a line a candidate, expected score first.
std::string result_table(const std::vector<Evaluation>& evaluations, const EvaluationContext& context);

// How far asking for more brings more: evaluations of one policy, each asked for another target return. Rank
// correlations over all their cells of the target with the share of the budget spent, and with the expected
// conversions in par units. Empty for fewer than three.
std::string target_report(const std::string& policy, const std::vector<const Evaluation*>& evaluations,
                          const std::vector<double>& targets);

}  // namespace genbid
