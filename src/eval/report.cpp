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

namespace genbid::eval {
namespace {

using Json = nlohmann::ordered_json;

// The means of each period, which intervals are made of.
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

// The keys that tell who was judged and under what; `Judged` is an evaluation of any protocol.
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
  // A result names only the wishes that the candidate reads.
  for (const auto& [outcome, value] : evaluation.asked) json["asked"][wish_option(outcome)] = value;
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

}  // namespace genbid::eval
