#include "eval/report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "base/config/config.h"
#include "base/config/config_json.h"
#include "bidding/score.h"
#include "eval/result_columns.h"
#include "eval/table_parts.h"
#include "statistics/rank_correlation.h"

namespace genbid::eval {
namespace {

using Json = nlohmann::ordered_json;

// What intervals are made of.
Json means_by_period(const Evaluation& evaluation) {
  std::map<int64_t, Evaluation> periods;
  for (const CellResult& cell : evaluation.cells) periods[cell.period].cells.push_back(cell);
  Json list = Json::array();
  for (const auto& [period, of_period] : periods) {
    Json one = {{"period", period}};
    one.update(columns_json(mean_columns(), means(of_period)));
    list.push_back(std::move(one));
  }
  return list;
}

// Under what somebody was judged; `Judged` is an evaluation of any protocol.
template <typename Judged>
Json heading(const Judged& evaluation, const EvaluationContext& context) {
  return {{"name", evaluation.name},
          {"kind", evaluation.kind},
          {"protocol", context.protocol},
          {"rules", context.rules},
          {context.in_replay() ? "log" : "population", context.in_replay() ? context.log : context.population},
          {"periods", context.periods},
          {"seats", context.seats},
          {"seed", context.seed}};
}

template <typename Judged>
void add_origin(Json& json, const Judged& evaluation, const std::string& selection, const EvaluationContext& context) {
  if (!context.market_seeds.empty()) json["market_seeds"] = context.market_seeds;
  if (!context.program.empty()) json["program"] = context.program;
  if (!evaluation.record.empty()) json["candidate"] = Json::parse(evaluation.record);
  json["selection"] = selection.empty() ? Json{{"market_evaluations", 0}} : Json::parse(selection);
  if (!context.scenario.empty()) {
    json["scenario"] = {{"hash", context.scenario}, {"settings", Json::parse(config_json(context.settings))}};
  }
  if (context.budget) json["campaign"]["budget"] = *context.budget;
  if (context.cpa_limit) json["campaign"]["cpa_limit"] = *context.cpa_limit;
  // A result says only what the candidate reads.
  if (evaluation.asked.target_return) json["asked"]["target_return"] = *evaluation.asked.target_return;
  if (evaluation.asked.target_cpa) json["asked"]["target_cpa"] = *evaluation.asked.target_cpa;
}

// Names come from paths, whose bytes may be anything.
std::string text_of(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json platform_cell(const PlatformCell& cell, bool with_optimum) {
  Json json = columns_json(cell_columns(), cell.result);
  if (!with_optimum) json["optimum"] = json["regret"] = nullptr;
  json["group"] = platform_group_name(cell.group);
  return json;
}

}  // namespace

std::string result_json(const Evaluation& evaluation, const EvaluationContext& context) {
  Json json = heading(evaluation, context);
  json["mean"] = columns_json(mean_columns(), means(evaluation));
  add_origin(json, evaluation, evaluation.selection, context);
  json["by_period"] = means_by_period(evaluation);
  Json& cells = json["cells"] = Json::array();
  for (const CellResult& cell : evaluation.cells) cells.push_back(columns_json(cell_columns(), cell));
  return text_of(json);
}

std::string result_json(const PlatformEvaluation& evaluation, const EvaluationContext& context) {
  const std::vector<PlatformPart> parts = platform_parts(evaluation.cells);
  Json json = heading(evaluation, context);
  json["platform"] = {{"mix", context.mix}};
  if (!context.opponent.empty()) json["platform"]["opponent"] = context.opponent;
  json["metrics"] = columns_json(platform_columns(), platform_metrics(parts.front().periods));
  for (size_t i = 1; i < parts.size(); ++i) {
    json["metrics_by_group"][parts[i].group] = columns_json(platform_columns(), platform_metrics(parts[i].periods));
  }
  add_origin(json, evaluation, "", context);
  Json& periods = json["metrics_by_period"] = Json::array();
  for (const PlatformPart& part : parts) {
    for (const PlatformPeriod& one : part.periods) {
      Json of_period = {{"group", part.group},
                        {"period", one.period},
                        {"market_seed", one.market_seed},
                        {"policy_seed", one.policy_seed}};
      of_period.update(columns_json(platform_columns(), one.metrics));
      periods.push_back(std::move(of_period));
    }
  }
  Json& cells = json["cells"] = Json::array();
  for (const PlatformCell& cell : evaluation.cells) cells.push_back(platform_cell(cell, evaluation.with_optimum));
  return text_of(json);
}

bool is_result_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("name") && json.contains("protocol") && json.contains("cells");
}

namespace {

// What came of a target in every cell of every run; cells in one order in all of them.
struct Outcomes {
  std::vector<double> asked;
  std::vector<double> came;
  std::vector<size_t> cell;  // whose number it is

  void add(double target, size_t number, double value) {
    asked.push_back(target);
    cell.push_back(number);
    came.push_back(value);
  }

  double correlation() const { return statistics::rank_correlation(asked, came); }

  // Mean over cells of each cell's own correlation: without what makes one seat's day richer than another's.
  double correlation_within_cells() const {
    std::map<size_t, std::pair<std::vector<double>, std::vector<double>>> by_cell;
    for (size_t i = 0; i < asked.size(); ++i) {
      by_cell[cell[i]].first.push_back(asked[i]);
      by_cell[cell[i]].second.push_back(came[i]);
    }
    double sum = 0.0;
    for (const auto& [number, one] : by_cell) sum += statistics::rank_correlation(one.first, one.second);
    return sum / static_cast<double>(std::max<size_t>(by_cell.size(), 1));
  }
};

}  // namespace

std::string target_report(const std::string& policy, Target target, const std::vector<const Evaluation*>& evaluations,
                          const std::vector<double>& targets) {
  if (evaluations.size() < 3) return {};
  Outcomes earned, won, spent, paid;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    for (size_t c = 0; c < evaluations[i]->cells.size(); ++c) {
      const CellResult& cell = evaluations[i]->cells[c];
      const double par = cell.budget / cell.cpa_limit;
      earned.add(targets[i], c, par > 0.0 ? cell.expected_score / par : 0.0);
      won.add(targets[i], c, par > 0.0 ? cell.expected_conversions / par : 0.0);
      spent.add(targets[i], c, cell.budget_use());
      if (cell.expected_conversions == 0.0) continue;
      paid.add(targets[i], c, cpa(cell.expected_conversions, cell.cost) / cell.cpa_limit);
    }
  }
  const auto line = [&](const std::string& scope, const auto& correlation) {
    char text[200];
    std::snprintf(text, sizeof text, "  %-14s return %6.3f  expected conversions %6.3f  budget use %6.3f  CPA %6.3f\n",
                  scope.c_str(), correlation(earned), correlation(won), correlation(spent), correlation(paid));
    return std::string(text);
  };
  return policy + ", rank correlation of " + std::to_string(evaluations.size()) + " target " +
         (target == Target::kReturn ? "returns" : "CPAs") + " with\n" +
         line("over " + std::to_string(earned.asked.size()) + " cells",
              [](const Outcomes& one) { return one.correlation(); }) +
         line("within a seat", [](const Outcomes& one) { return one.correlation_within_cells(); });
}

}  // namespace genbid::eval
