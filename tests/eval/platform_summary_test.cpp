#include "eval/platform_summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "eval/report.h"
#include "eval/result_columns.h"

namespace genbid::eval {
namespace {

EvaluationContext context() {
  EvaluationContext made = {"corrected", "rules48", {22, 23, 24}, {0, 1}, 1};
  made.protocol = "platform";
  made.scenario = "0123456789abcdef";
  made.settings = "platform: {mix: heterogeneous}\n";
  made.mix = "heterogeneous";
  made.opponent = "pid";
  return made;
}

// Two seats over three periods; the second is the opponent's.
PlatformEvaluation judged(const std::string& name, const std::vector<double>& costs) {
  PlatformEvaluation made{name, "rule"};
  int64_t period = 22;
  for (const double cost : costs) {
    for (const auto group : {PlatformGroup::kCandidate, PlatformGroup::kOpponent}) {
      PlatformCell cell;
      cell.group = group;
      cell.result.period = period;
      cell.result.seat = group == PlatformGroup::kOpponent ? 1 : 0;
      cell.result.budget = 1000.0;
      cell.result.cpa_limit = 100.0;
      cell.result.cost = cost;
      cell.result.conversions = 2.0;
      cell.result.expected_score = group == PlatformGroup::kOpponent ? 1.0 : 0.01 * cost;
      cell.result.optimum = 9.0;
      cell.num_exposed = 10;
      cell.least_cost = 1.0;
      made.cells.push_back(cell);
    }
    ++period;
  }
  return made;
}

PlatformContender contender(const PlatformEvaluation& one) {
  return {one.name, one.kind, {{std::nullopt, platform_parts(one.cells)}}};
}

PlatformTable table() {
  const std::vector<PlatformContender> all = {contender(judged("calm", {100.0, 200.0, 300.0})),
                                              contender(judged("bold", {150.0, 260.0, 340.0}))};
  return {context(), summarise_platform(all, usual_reference(all))};
}

TEST(PlatformSummary, IntervalsAndDifferencesAreOverPeriods) {
  const PlatformSummary summary = table().summary;
  ASSERT_EQ(summary.reference, "calm");
  ASSERT_EQ(summary.rows.size(), 6U);  // all, candidate, opponent of each
  const PlatformRow& calm = summary.rows[0];
  EXPECT_EQ(calm.label(), "calm");
  EXPECT_EQ(summary.rows[2].label(), "calm: opponent");
  EXPECT_TRUE(calm.differences.empty());
  EXPECT_EQ(calm.metrics[0].value, 400.0);  // revenue: 200, 400, 600 of two seats
  ASSERT_TRUE(calm.metrics[0].interval);
  // t(2 degrees of freedom) 4.3027 x 200 / sqrt(3)
  EXPECT_NEAR(calm.metrics[0].interval->high - 400.0, 496.83, 0.01);
  const PlatformRow& bold = summary.rows[3];
  ASSERT_EQ(bold.differences.size(), compared_metrics().size());
  EXPECT_EQ(compared_metrics()[1], "revenue");
  const statistics::Estimate& revenue = bold.differences[1].estimate;
  EXPECT_NEAR(revenue.value, 100.0, 1e-9);  // 100, 120, 80: much less than periods differ
  EXPECT_NEAR(revenue.interval->high - revenue.value, 49.68, 0.01);
  EXPECT_LT(*revenue.p_value, *bold.differences[1].adjusted_p);
  // The opponent's seats are compared with the opponent's: its score is the same beside both.
  EXPECT_EQ(summary.rows[5].group, "opponent");
  EXPECT_EQ(summary.rows[5].differences[0].estimate.value, 0.0);
  EXPECT_NEAR(summary.rows[4].differences[0].estimate.value, 0.5, 1e-9);
}

TEST(PlatformSummary, OnePeriodHasNoIntervals) {
  const std::vector<PlatformContender> all = {contender(judged("calm", {100.0})), contender(judged("bold", {150.0}))};
  const PlatformTable one = {context(), summarise_platform(all, "calm")};
  EXPECT_FALSE(one.summary.rows[0].metrics[0].interval);
  EXPECT_EQ(one.summary.rows[3].differences[1].estimate.value, 100.0);
  const std::string text = table_text(one, 80);
  EXPECT_NE(text.find("One period: no intervals"), std::string::npos) << text;
  EXPECT_EQ(text.find("±"), std::string::npos) << text;
}

TEST(PlatformSummary, TheTableKeepsWithin80Columns) {
  const std::string text = table_text(table(), 80);
  for (const char* part : {"protocol platform heterogeneous", "every second one the candidate's", "those of pid",
                           "bold: opponent", "less calm", "p by Holm", "Gini"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    EXPECT_LE(columns, 80) << line;
  }
  const std::string page = table_markdown(table());
  EXPECT_NE(page.find("| bold: candidate | 2.50 ± "), std::string::npos) << page;
}

TEST(PlatformSummary, JsonHasEveryMetricWithItsInterval) {
  const auto json = table_json(table());
  EXPECT_EQ(json["platform"]["opponent"], "pid");
  ASSERT_EQ(json["rows"].size(), 6U);
  for (const auto& column : platform_columns()) {
    EXPECT_TRUE(json["rows"][0]["metrics"][column.name]["low"].is_number()) << column.name;
  }
  EXPECT_FALSE(json["rows"][0].contains("difference"));
  EXPECT_TRUE(json["rows"][3]["difference"]["gini"]["p_holm"].is_number());
}

TEST(PlatformSummary, AResultHasMetricsByGroupAndPeriodAndAllCells) {
  PlatformEvaluation evaluation = judged("calm", {100.0, 200.0});
  auto json = nlohmann::ordered_json::parse(result_json(evaluation, context()));
  EXPECT_EQ(json["platform"], (nlohmann::ordered_json{{"mix", "heterogeneous"}, {"opponent", "pid"}}));
  EXPECT_EQ(json["metrics"].size(), platform_columns().size());
  EXPECT_EQ(json["metrics"]["revenue"], 300.0);
  EXPECT_EQ(json["metrics_by_group"]["opponent"]["revenue"], 150.0);
  ASSERT_EQ(json["metrics_by_period"].size(), 6U);
  EXPECT_EQ(json["metrics_by_period"][1]["group"], "all");
  EXPECT_EQ(json["metrics_by_period"][1]["period"], 23);
  EXPECT_EQ(json["metrics_by_period"][1]["revenue"], 400.0);
  ASSERT_EQ(json["cells"].size(), 4U);
  EXPECT_EQ(json["cells"][1].size(), cell_columns().size() + 1);
  EXPECT_EQ(json["cells"][1]["group"], "opponent");
  EXPECT_EQ(json["cells"][1]["optimum"], 9.0);
  EXPECT_TRUE(is_result_json(json.dump()));
  evaluation.with_optimum = false;
  json = nlohmann::ordered_json::parse(result_json(evaluation, context()));
  EXPECT_TRUE(json["cells"][1]["optimum"].is_null());
  EXPECT_TRUE(json["cells"][1]["regret"].is_null());
}

}  // namespace
}  // namespace genbid::eval
