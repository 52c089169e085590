#include "eval/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/summary.h"

namespace genbid::eval {
namespace {

const EvaluationContext kContext = {"corrected", "rules48", {22, 23}, {0, 1}, 1};

Evaluation one_cell() {
  CellResult cell;
  cell.period = 22;
  cell.seat = 1;
  cell.budget = 100.0;
  cell.cpa_limit = 10.0;
  cell.cost = 50.0;
  cell.expected_score = 1.25;
  cell.optimum = 5.0;
  return {"candidate", "policy", {cell}};
}

std::string table_of(const std::vector<Evaluation>& evaluations) {
  std::vector<Contender> contenders;
  for (const Evaluation& one : evaluations) contenders.push_back({one.name, one.kind, {{std::nullopt, one.cells}}});
  return table_text({kContext, summarise(contenders, usual_reference(contenders))}, 80);
}

TEST(Report, ResultHasTheFixedKeys) {
  const auto json = nlohmann::ordered_json::parse(result_json(one_cell(), kContext));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"name", "kind", "protocol", "rules", "population", "periods", "seats",
                                            "seed", "mean", "selection", "by_period", "cells"}));
  EXPECT_EQ(json["protocol"], "market");
  EXPECT_EQ(json["mean"]["expected_score"], 1.25);
  EXPECT_EQ(json["mean"]["budget_use"], 0.5);
  EXPECT_EQ(json["mean"]["optimum"], 5.0);
  EXPECT_EQ(json["mean"]["regret"], 3.75);
  EXPECT_EQ(json["mean"]["share_of_optimum"], 0.25);
  EXPECT_EQ(json["mean"]["interquartile_share"], 0.25);
  EXPECT_EQ(json["cells"][0]["optimum"], 5.0);
  EXPECT_EQ(json["cells"][0]["regret"], 3.75);
  EXPECT_EQ(json["cells"][0]["seat"], 1);
}

TEST(Report, ACellWithoutBudgetOrOptimumHasNumbers) {
  Evaluation evaluation = one_cell();
  CellResult& cell = evaluation.cells[0];
  cell.budget = cell.cost = cell.optimum = cell.expected_score = 0.0;
  const std::string text = result_json(evaluation, kContext);
  EXPECT_EQ(text.find("null"), std::string::npos) << text;
  const auto json = nlohmann::ordered_json::parse(text);
  EXPECT_EQ(json["mean"]["budget_use"], 0.0);
  EXPECT_EQ(json["mean"]["share_of_optimum"], 0.0);
  const std::string table = table_of({evaluation});
  EXPECT_EQ(table.find("nan"), std::string::npos) << table;
}

// Nothing is drawn in hindsight: what would be realised is not there.
TEST(Report, HindsightHasNoRealisedNumbers) {
  Evaluation evaluation = one_cell();
  evaluation.cells[0].drawn = false;
  evaluation.cells[0].expected_conversions = 2.0;  // CPA 25 over the limit of 10
  const auto json = nlohmann::ordered_json::parse(result_json(evaluation, kContext));
  for (const char* key : {"score", "conversions"}) {
    EXPECT_TRUE(json["cells"][0][key].is_null()) << key;
    EXPECT_TRUE(json["mean"][key].is_null()) << key;
  }
  EXPECT_TRUE(json["mean"]["cpa_exceed_share"].is_null());
  EXPECT_TRUE(json["cells"][0]["conversion_variance"].is_null());
  EXPECT_EQ(json["mean"]["expected_score"], 1.25);
  EXPECT_EQ(json["mean"]["expected_cpa_exceed_share"], 1.0);
  const std::string table = table_of({evaluation});
  EXPECT_NE(table.find("1.25      25.0 %   100.0 %      50.0 %      -  25.0 %\n"), std::string::npos) << table;
}

TEST(Report, ANameOfAnyBytesIsWritten) {
  Evaluation evaluation = one_cell();
  evaluation.name = "run\xff";
  EXPECT_EQ(nlohmann::json::parse(result_json(evaluation, kContext))["name"], "run\uFFFD");
}

TEST(Report, ResultSaysWhatWasAskedFor) {
  Evaluation evaluation = one_cell();
  evaluation.asked[Outcome::kCpa] = 0.75;
  const auto json = nlohmann::ordered_json::parse(result_json(evaluation, kContext));
  EXPECT_EQ(json["asked"].dump(), R"({"target_cpa":0.75})");
}

TEST(Report, TableSaysProtocolRulesAndPopulation) {
  const std::string table = table_of({one_cell()});
  EXPECT_EQ(table.find("protocol market, rules corrected, population rules48, 2 seats x 2 periods"), 0U);
  EXPECT_NE(table.find("candidate"), std::string::npos);
}

}  // namespace
}  // namespace genbid::eval
