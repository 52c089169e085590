#include "report/comparison.h"

#include <gtest/gtest.h>

#include "report/read_table.h"
#include "report/well_formed.h"

namespace genbid::report {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A block as eval/summary writes it: a reference, one that is compared with it, and what is known in hindsight.
const std::string kTable = R"({"scenario": "abc", "protocol": "market", "rules": "corrected", "population": "rules48",
 "periods": [22, 23, 24], "seats": 48, "reference": "pid", "rows": [
 {"name": "pid", "kind": "rule", "trainings": 0, "axes": "3 periods", "expected_score": 20.5, "expected_low": 19,
  "expected_high": 22, "score": 21, "conversions": 25, "expected_cpa_exceed_share": 0.25, "budget_use": 0.9,
  "share_of_optimum": 0.5, "share_low": 0.4, "share_high": 0.6, "interquartile_share": 0.45,
  "interquartile_low": 0.375, "interquartile_high": 0.525},
 {"name": "mine", "kind": "policy", "trainings": 3, "axes": "3 periods x 3 training seeds", "expected_score": 22,
  "expected_low": null, "expected_high": null, "score": 23, "conversions": 26, "expected_cpa_exceed_share": 0.125,
  "budget_use": 0.8, "share_of_optimum": 0.6, "share_low": null, "share_high": null,
  "difference": {"to": "pid", "axes": "", "expected_score": 1.5, "low": 0.5, "high": 2.5, "p": 0.01, "p_holm": 0.02,
   "probability_of_improvement": 0.75, "improvement_low": 0.6, "improvement_high": 0.9}},
 {"name": "best", "kind": "hindsight", "trainings": 0, "axes": "", "expected_score": 40, "expected_low": 39,
  "expected_high": 41, "score": null, "conversions": null, "expected_cpa_exceed_share": 0, "budget_use": 1,
  "share_of_optimum": 1, "share_low": 1, "share_high": 1}]})";

TEST(Comparison, ThePagesTableIsThatOfTheFile) {
  const std::vector<TableBlock> blocks = read_table(kTable, "table.json");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].scenario, "abc");
  EXPECT_EQ(blocks[0].lines[0].interquartile_share->high, 0.525);
  const Table table = lines_table(best_first(blocks[0]), 10);
  using Row = std::vector<std::string>;
  EXPECT_EQ(table.head, (Row{"candidate", "trainings", "expected score", "of optimum", "difference", "p", "better in",
                             "IQM", "over CPA", "budget use", "score", "conversions"}));
  ASSERT_EQ(table.rows.size(), 3U);
  const std::string none = "–";
  EXPECT_EQ(table.rows[0], (Row{"best", none, "40.00 (39.00 to 41.00)", "100.0 %", none, none, none, none, "0.0 %",
                                "100.0 %", none, none}));
  EXPECT_EQ(table.rows[1], (Row{"mine", "3", "22.00", "60.0 %", "+1.50 (+0.50 to +2.50)", "0.020", "75.0 %", none,
                                "12.5 %", "80.0 %", "23.00", "26.00"}));
  EXPECT_EQ(table.rows[2], (Row{"pid", none, "20.50 (19.00 to 22.00)", "50.0 %", none, none, none, "45.0 %", "25.0 %",
                                "90.0 %", "21.00", "25.00"}));
  EXPECT_EQ(lines_table(best_first(blocks[0]), 1).rows.size(), 1U);
  EXPECT_TRUE(has(lines_note(blocks[0]), "from pid in the same cells"));
  EXPECT_TRUE(has(lines_note(blocks[0]), "IQM: mean of the middle half"));
}

TEST(Comparison, DifferencesAreARowEach) {
  const TableBlock block = read_table(kTable, "table.json").front();
  const RowChart chart = difference_chart({{&block.lines[0], 0}, {&block.lines[1], 1}}, block.reference, "x");
  ASSERT_EQ(chart.rows.size(), 1U);
  EXPECT_EQ(chart.rows[0].name, "mine");
  EXPECT_EQ(chart.rows[0].value, 1.5);
  EXPECT_EQ(chart.rows[0].low, 0.5);
  EXPECT_EQ(chart.rows[0].value_text, "+1.500 (+0.500 to +2.500), p 0.020");
  EXPECT_LT(chart.x_low, 0.0);
  EXPECT_GT(chart.x_high, 2.5);
}

// An interval of two periods may be a hundred times as wide as those of others.
TEST(Comparison, AnIntervalThatDwarfsTheOthersIsCutAtTheChartsEdge) {
  TableBlock block = read_table(kTable, "table.json").front();
  block.lines[0].difference = {1.0, -4.0, 6.0};
  block.lines[1].difference = {1.0, -100.0, 102.0};
  const RowChart chart = difference_chart({{&block.lines[0], 0}, {&block.lines[1], 1}}, block.reference, "x");
  EXPECT_EQ(chart.rows[0].low, -4.0);
  EXPECT_EQ(chart.rows[0].high, 6.0);
  EXPECT_EQ(chart.rows[1].low, chart.x_low);
  EXPECT_EQ(chart.rows[1].high, chart.x_high);
  EXPECT_NEAR(chart.x_high, 18.0 + 0.03 * 36.0, 1e-9);
}

TEST(Comparison, APlotIsOneSvgFileThatNeedsNothingElse) {
  const TableBlock block = read_table(kTable, "table.json").front();
  TableBlock alone = block;
  alone.name = "tight & dear";
  alone.lines.resize(1);
  const std::string svg = differences_svg("mine <1>", {block, alone});
  EXPECT_EQ(test::WellFormed::fault(svg), "");
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(has(svg, "Difference from pid"));
  EXPECT_TRUE(has(svg, "tight &amp; dear: Expected score"));  // nobody to compare with
  for (const char* part : {"href", "url(", "@import", "<script"}) EXPECT_FALSE(has(svg, part)) << part;
}

std::string error_of(const std::string& text) {
  try {
    read_table(text, "t.json");
  } catch (const std::exception& why) {
    return why.what();
  }
  return {};
}

TEST(Comparison, ATableThatCannotBeReadIsNamed) {
  EXPECT_EQ(error_of("{\"scenario\": \"ab"), "t.json: damaged: no JSON, expected a table.json");
  EXPECT_TRUE(has(error_of("[]"), "t.json: found [], expected an object"));
  EXPECT_TRUE(has(error_of("{}"), "t.json: found no key 'scenario', expected a table.json"));
  std::string wrong = kTable;
  wrong.replace(wrong.find("0.25"), 4, "\"x\"");
  EXPECT_TRUE(has(error_of(wrong), "row 0: key 'expected_cpa_exceed_share': found \"x\", expected a number"))
      << error_of(wrong);
}

}  // namespace
}  // namespace genbid::report
