#include "runs/result_file.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

double real_or_none(const Json& cell, const char* key) {
  const auto found = cell.find(key);
  return found == cell.end() || found->is_null() ? 0.0 : found->get<double>();
}

eval::CellResult cell_of(const Json& json) {
  eval::CellResult cell;
  cell.period = json.at("period");
  cell.seat = json.at("seat");
  cell.budget = json.at("budget");
  cell.cpa_limit = json.at("cpa_limit");
  cell.cost = json.at("cost");
  cell.drawn = !json.at("score").is_null();
  cell.conversions = real_or_none(json, "conversions");
  cell.conversion_variance = real_or_none(json, "conversion_variance");
  cell.score_of_expectation = json.at("score_of_expectation");
  cell.expected_conversions = json.at("expected_conversions");
  cell.score = real_or_none(json, "score");
  cell.expected_score = json.at("expected_score");
  cell.wins = json.at("wins");
  cell.last_active_tick = json.at("last_active_tick");
  cell.optimum = json.at("optimum");
  cell.market_seed = json.value("market_seed", int64_t{1});
  cell.policy_seed = json.value("policy_seed", int64_t{1});
  return cell;
}

// Periods of a part stand together.
std::vector<eval::PlatformPart> platform_parts_of(const Json& periods) {
  const auto& columns = eval::platform_columns();
  std::vector<eval::PlatformPart> parts;
  for (const Json& json : periods) {
    const std::string group = json.at("group");
    if (parts.empty() || parts.back().group != group) parts.push_back({group, {}});
    eval::PlatformPeriod& one = parts.back().periods.emplace_back();
    one.period = json.at("period");
    one.market_seed = json.at("market_seed");
    one.policy_seed = json.at("policy_seed");
    for (size_t i = 0; i < columns.size(); ++i) {
      eval::set_platform_value(one.metrics, i, json.at(columns[i].name).get<double>());
    }
  }
  return parts;
}

}  // namespace

ResultFile read_result(const std::string& path) {
  const std::string text = read_file(path);
  if (!eval::is_result_json(text)) {
    throw Error(path + ": found a file that is not an evaluation's result, expected result.json of genbid evaluate");
  }
  try {
    const Json json = Json::parse(text);
    ResultFile file;
    file.evaluation.name = json.at("name");
    file.evaluation.kind = json.at("kind");
    if (json.contains("candidate")) file.evaluation.record = json["candidate"].dump();
    if (json.contains("selection")) file.evaluation.selection = json["selection"].dump();
    file.context.protocol = json.at("protocol");
    if (file.context.on_platform()) {
      file.context.mix = json.at("platform").at("mix");
      file.context.opponent = json["platform"].value("opponent", "");
      file.platform = platform_parts_of(json.at("metrics_by_period"));
    } else {
      for (const Json& cell : json.at("cells")) file.evaluation.cells.push_back(cell_of(cell));
    }
    file.context.rules = json.at("rules");
    file.context.population = json.value("population", "");
    file.context.log = json.value("log", "");
    file.context.periods = json.at("periods").get<std::vector<int64_t>>();
    file.context.seats = json.at("seats").get<std::vector<int64_t>>();
    file.context.seed = json.at("seed");
    file.context.market_seeds = json.value("market_seeds", std::vector<int64_t>());
    if (json.contains("scenario")) {
      file.context.scenario = json["scenario"].at("hash");
      file.context.settings = json["scenario"].at("settings").dump();
    }
    return file;
  } catch (const nlohmann::json::exception& fault) {
    throw Error(path + ": damaged: " + fault.what());
  }
}

}  // namespace genbid::runs
