#include "report/campaign_section.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "report/page.h"
#include "report/read_campaign_table.h"
#include "report/read_table.h"
#include "report/sample_input.h"
#include "report/well_formed.h"

namespace genbid::report {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// As runs/campaign_summary writes it, without its bootstrap.
const std::string kTable = R"({"blocks": [{"name": "", "protocol": "campaigns", "set": "test", "samples": 483,
 "scenario": "abc", "program": "genbid", "reference": "yesterday", "rows": [
 {"name": "yesterday", "kind": "rule", "trainings": 0, "axes": "483 campaigns", "res": 0.8, "ggf": 0.7, "gini": 0.125,
  "worst_30": 0.5, "worst_10": 0.25, "violation_share": 0.15, "excess": 0.0625, "res_low": 0.75, "res_high": 0.85,
  "intervals": {}, "res_budget": 0.9, "res_mixed": 0.6},
 {"name": "mine", "kind": "policy", "trainings": 3, "axes": "483 campaigns x 3 training seeds", "res": 0.9,
  "ggf": 0.875, "gini": 0.03125, "worst_30": 0.8, "worst_10": 0.75, "violation_share": 0.05, "excess": 0.01,
  "res_low": null, "res_high": null, "intervals": {}, "res_budget": 0.95, "res_ppc": 0.9, "res_mixed": 0.85,
  "violation_share_budget": 0.125, "excess_budget": 0.02, "violation_share_mixed": 0.5, "excess_mixed": 0.25,
  "matching_accuracy": 0.65,
  "difference": {"to": "yesterday", "res": 0.1, "low": 0.08, "high": 0.12, "p_holm": 0.0001, "intervals": {}}}]}]})";

TEST(CampaignSection, ThePagesTableIsThatOfTheFile) {
  const std::optional<CampaignJudgement> judged = read_campaign_table(kTable, "table.json");
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->reference, "yesterday");
  const Table table = campaign_table(*judged, 10);
  using Row = std::vector<std::string>;
  const std::string none = "–";
  ASSERT_EQ(table.rows.size(), 2U);  // the better one first
  EXPECT_EQ(table.rows[0], (Row{"mine", "3", "0.900", "+0.100 (+0.080 to +0.120)", "< 0.001", "0.875", "0.031", "0.800",
                                "0.750", "5.0 %", "1.0 %"}));
  EXPECT_EQ(table.rows[1], (Row{"yesterday", none, "0.800 (0.750 to 0.850)", none, none, "0.700", "0.125", "0.500",
                                "0.250", "15.0 %", "6.2 %"}));
  const Table types = campaign_types_table(*judged, 10);
  EXPECT_EQ(types.rows[0], (Row{"mine", "0.950", "0.900", "0.850", "12.5 %, 2.0 %", none, "50.0 %, 25.0 %", "65.0 %"}));
  EXPECT_EQ(types.rows[1], (Row{"yesterday", "0.900", none, "0.600", none, none, none, none}));
  for (const Row& row : types.rows) EXPECT_EQ(row.size(), types.head.size());
  for (const Row& row : table.rows) EXPECT_EQ(row.size(), table.head.size());
  EXPECT_EQ(campaign_table(*judged, 1).rows.size(), 1U);
  EXPECT_EQ(campaign_types_table(*judged, 1).rows.size(), 1U);
}

TEST(CampaignSection, TablesOfSeatsAndOfCampaignsAreToldApart) {
  EXPECT_TRUE(read_table(kTable, "table.json").empty());
  EXPECT_FALSE(read_campaign_table(R"({"scenario": "abc"})", "table.json"));
  EXPECT_FALSE(read_campaign_table(R"({"blocks": [{"protocol": "market"}]})", "table.json"));
}

TEST(CampaignSection, ATableWithoutAKeyIsRefusedByPlaceAndKey) {
  std::string text = kTable;
  text.replace(text.find("\"gini\""), 6, "\"hini\"");
  try {
    read_campaign_table(text, "DIR/table.json");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), "DIR/table.json: block 0: row 0: found no key 'gini', expected a table.json");
  }
}

TEST(CampaignSection, APageHasItsTableAndFourCharts) {
  ReportInput input;
  input.title = "Evaluation";
  input.campaigns = test::sample_campaigns(12);
  const std::string page = page_html(input);
  EXPECT_EQ(test::WellFormed::fault(page), "");
  for (const char* id : {"campaigns-res", "campaigns-differences", "campaigns-tail", "campaigns-lorenz"}) {
    EXPECT_TRUE(has(page, id)) << id;
  }
  EXPECT_TRUE(has(page, "Judged: campaigns"));
  EXPECT_TRUE(has(page, "Charts show the 10 best of 12 candidates."));
}

TEST(CampaignSection, WithoutOutcomesThereIsATableAlone) {
  ReportInput input;
  input.campaigns = read_campaign_table(kTable, "table.json");
  const std::string page = page_html(input);
  EXPECT_TRUE(has(page, "campaigns-differences"));
  EXPECT_FALSE(has(page, "campaigns-tail"));
  EXPECT_FALSE(has(page, "How Res is spread"));
}

}  // namespace
}  // namespace genbid::report
