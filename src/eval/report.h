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

}  // namespace genbid
