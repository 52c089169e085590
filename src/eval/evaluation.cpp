#include "eval/evaluation.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/score.h"
#include "statistics/values.h"

namespace genbid::eval {
const std::vector<std::string>& hindsight_choices() {
  static const std::vector<std::string> names = {"per_tick", "constant", "constant_kept", "slots"};
  return names;
}

HindsightChoice parse_hindsight_choice(std::string_view name) {
  const auto& names = hindsight_choices();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error("choice: found '" + std::string(name) + "', expected per_tick, constant, constant_kept or slots");
  }
  return static_cast<HindsightChoice>(found - names.begin());
}

double CellResult::cpa() const { return genbid::cpa(conversions, cost); }
double CellResult::budget_use() const { return budget > 0.0 ? cost / budget : 0.0; }
bool CellResult::exceeds_cpa() const { return cpa() > cpa_limit; }
// An optimum that keeps the limit lies on it but for rounding.
bool CellResult::expected_to_exceed_cpa() const {
  return genbid::cpa(expected_conversions, cost) > cpa_limit * (1.0 + 1e-9);
}

EvaluationMeans means(const Evaluation& evaluation) {
  EvaluationMeans sum;
  std::vector<double> shares;
  for (const CellResult& cell : evaluation.cells) {
    sum.drawn = sum.drawn && cell.drawn;
    sum.expected_score += cell.expected_score;
    sum.score_of_expectation += cell.score_of_expectation;
    sum.score += cell.score;
    sum.conversions += cell.conversions;
    sum.cpa_exceed_share += cell.exceeds_cpa() ? 1.0 : 0.0;
    sum.expected_cpa_exceed_share += cell.expected_to_exceed_cpa() ? 1.0 : 0.0;
    sum.budget_use += cell.budget_use();
    sum.optimum += cell.optimum;
    sum.regret += cell.regret();
    if (cell.optimum > 0.0) shares.push_back(cell.expected_score / cell.optimum);
  }
  if (!shares.empty()) sum.interquartile_share = statistics::interquartile_mean(shares);
  if (sum.optimum > 0.0) sum.share_of_optimum = sum.expected_score / sum.optimum;
  const auto n = as_double(std::max<size_t>(evaluation.cells.size(), 1));
  for (double* mean :
       {&sum.expected_score, &sum.score_of_expectation, &sum.score, &sum.conversions, &sum.cpa_exceed_share,
        &sum.expected_cpa_exceed_share, &sum.budget_use, &sum.optimum, &sum.regret}) {
    *mean /= n;
  }
  return sum;
}

}  // namespace genbid::eval
