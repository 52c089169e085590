#include "eval/result_columns.h"

#include "base/convert.h"

namespace genbid::eval {
namespace {

// A value that rests on draws is left empty where nothing was drawn.
template <typename Row>
ColumnValue realised(const Row& row, double value) {
  return row.drawn ? ColumnValue(value) : ColumnValue();
}

}  // namespace

const std::vector<Column<CellResult>>& cell_columns() {
  using V = ColumnValue;
  using R = const CellResult&;
  static const std::vector<Column<CellResult>> columns = {
      {"period", "", [](R r) -> V { return r.period; }},
      {"seat", "", [](R r) -> V { return r.seat; }},
      {"budget", "money", [](R r) -> V { return r.budget; }},
      {"cpa_limit", "money", [](R r) -> V { return r.cpa_limit; }},
      {"expected_score", "conversions", [](R r) -> V { return r.expected_score; }},
      {"score", "conversions", [](R r) -> V { return realised(r, r.score); }},
      {"conversions", "conversions", [](R r) -> V { return realised(r, r.conversions); }},
      {"expected_conversions", "conversions", [](R r) -> V { return r.expected_conversions; }},
      {"cost", "money", [](R r) -> V { return r.cost; }},
      {"wins", "slots", [](R r) -> V { return r.wins; }},
      {"last_active_tick", "", [](R r) -> V { return to_signed(r.last_active_tick); }},
      {"optimum", "conversions", [](R r) -> V { return r.optimum; }},
      {"regret", "conversions", [](R r) -> V { return r.regret(); }},
      {"market_seed", "", [](R r) -> V { return r.market_seed; }},
      {"policy_seed", "", [](R r) -> V { return r.policy_seed; }},
      {"conversion_variance", "", [](R r) -> V { return realised(r, r.conversion_variance); }},
      {"score_of_expectation", "conversions", [](R r) -> V { return r.score_of_expectation; }},
  };
  return columns;
}

const std::vector<Column<EvaluationMeans>>& mean_columns() {
  using V = ColumnValue;
  using R = const EvaluationMeans&;
  static const std::vector<Column<EvaluationMeans>> columns = {
      {"expected_score", "conversions", [](R r) -> V { return r.expected_score; }},
      {"score", "conversions", [](R r) -> V { return realised(r, r.score); }},
      {"conversions", "conversions", [](R r) -> V { return realised(r, r.conversions); }},
      {"cpa_exceed_share", "share", [](R r) -> V { return realised(r, r.cpa_exceed_share); }},
      {"budget_use", "share", [](R r) -> V { return r.budget_use; }},
      {"optimum", "conversions", [](R r) -> V { return r.optimum; }},
      {"regret", "conversions", [](R r) -> V { return r.regret; }},
      {"share_of_optimum", "share", [](R r) -> V { return r.share_of_optimum; }},
      {"expected_cpa_exceed_share", "share", [](R r) -> V { return r.expected_cpa_exceed_share; }},
      {"score_of_expectation", "conversions", [](R r) -> V { return r.score_of_expectation; }},
      {"interquartile_share", "share", [](R r) -> V { return r.interquartile_share; }},
  };
  return columns;
}

}  // namespace genbid::eval
