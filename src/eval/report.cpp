#include "eval/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bidding/score.h"
#include "eval/statistics.h"

namespace genbid {

namespace {

bool in_market(const EvaluationContext& context) { return context.protocol == "market"; }

}  // namespace

std::string result_json(const Evaluation& evaluation, const EvaluationContext& context) {
  const EvaluationMeans mean = means(evaluation);
  nlohmann::ordered_json json = {
      {"name", evaluation.name},
      {"kind", evaluation.kind},
      {"protocol", context.protocol},
      {"rules", context.rules},
      {in_market(context) ? "population" : "log", in_market(context) ? context.population : context.log},
      {"periods", context.periods},
      {"seats", context.seats},
      {"seed", context.seed},
      {"mean",
       {{"expected_score", mean.expected_score},
        {"score", mean.score},
        {"conversions", mean.conversions},
        {"cpa_exceed_share", mean.cpa_exceed_share},
        {"budget_use", mean.budget_use}}},
  };
  auto& cells = json["cells"] = nlohmann::ordered_json::array();
  for (const CellResult& cell : evaluation.cells) {
    cells.push_back({
        {"period", cell.period},
        {"seat", cell.seat},
        {"budget", cell.budget},
        {"cpa_limit", cell.cpa_limit},
        {"expected_score", cell.expected_score},
        {"score", cell.score},
        {"conversions", cell.conversions},
        {"expected_conversions", cell.expected_conversions},
        {"cost", cell.cost},
        {"wins", cell.wins},
        {"last_active_tick", cell.last_active_tick},
    });
  }
  return json.dump(1) + "\n";
}

std::string result_table(const std::vector<Evaluation>& evaluations, const EvaluationContext& context) {
  size_t width = 9;
  for (const Evaluation& evaluation : evaluations) width = std::max(width, evaluation.name.size());
  char line[512];
  std::string table = "protocol " + context.protocol + ", rules " + context.rules + ", ";
  table += in_market(context) ? "population " + context.population : "log " + context.log;
  table += ", " + std::to_string(context.seats.size()) + (in_market(context) ? " seats" : " advertisers") + " x " +
           std::to_string(context.periods.size()) + " periods";
  table += in_market(context) ? ", one seat replaced at a time\n\n" : ", against logged prices\n\n";
  std::snprintf(line, sizeof line, "%-*s %-6s %14s %8s %11s %13s %10s\n", static_cast<int>(width), "candidate", "kind",
                "expected score", "score", "conversions", "over CPA", "budget use");
  table += line;
  for (const Evaluation& evaluation : evaluations) {
    const EvaluationMeans mean = means(evaluation);
    std::snprintf(line, sizeof line, "%-*s %-6s %14.2f %8.2f %11.2f %12.1f%% %9.1f%%\n", static_cast<int>(width),
                  evaluation.name.c_str(), evaluation.kind.c_str(), mean.expected_score, mean.score, mean.conversions,
                  100.0 * mean.cpa_exceed_share, 100.0 * mean.budget_use);
    table += line;
  }
  return table;
}

std::string target_report(const std::string& policy, Target target, const std::vector<const Evaluation*>& evaluations,
                          const std::vector<double>& targets) {
  if (evaluations.size() < 3) return {};
  std::vector<double> asked;
  std::vector<double> earned;
  std::vector<double> won;
  std::vector<double> spent;
  std::vector<double> asked_where_won;
  std::vector<double> cpa_ratio;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    for (const CellResult& cell : evaluations[i]->cells) {
      const double par = cell.budget / cell.cpa_limit;
      asked.push_back(targets[i]);
      earned.push_back(cell.expected_score / par);
      won.push_back(cell.expected_conversions / par);
      spent.push_back(cell.budget_use());
      if (cell.expected_conversions == 0.0) continue;
      asked_where_won.push_back(targets[i]);
      cpa_ratio.push_back(cpa(cell.expected_conversions, cell.cost) / cell.cpa_limit);
    }
  }
  char line[256];
  std::snprintf(
      line, sizeof line,
      "rank correlation with the target %s over %zu cells: return %.3f, expected conversions %.3f, budget use "
      "%.3f, CPA %.3f\n",
      target == Target::kReturn ? "return" : "CPA", asked.size(), rank_correlation(asked, earned),
      rank_correlation(asked, won), rank_correlation(asked, spent), rank_correlation(asked_where_won, cpa_ratio));
  return policy + ", " + std::to_string(evaluations.size()) + " targets: " + line;
}

}  // namespace genbid
