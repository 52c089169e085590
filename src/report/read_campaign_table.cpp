#include "report/read_campaign_table.h"

#include <algorithm>
#include <limits>
#include <string>

#include "report/json_node.h"

namespace genbid::report {
namespace {

CampaignLine read_line(const JsonNode& row) {
  CampaignLine line;
  line.name = row.text("name");
  line.trainings = static_cast<int64_t>(row.number("trainings"));
  line.res = row.interval("res", "res_low", "res_high");
  line.ggf = row.number("ggf");
  line.gini = row.number("gini");
  line.worst_30 = row.number("worst_30");
  line.worst_10 = row.number("worst_10");
  line.violation_share = row.number("violation_share");
  line.excess = row.number("excess");
  for (const std::string type : {"_budget", "_ppc", "_mixed"}) {
    const auto number = [&](const std::string& key) {
      return row.number_or_none((key + type).c_str()).value_or(std::numeric_limits<double>::quiet_NaN());
    };
    line.types.push_back({number("res"), number("violation_share"), number("excess")});
  }
  line.matching_accuracy = row.number_or_none("matching_accuracy");
  if (!row.has("difference")) return line;
  const JsonNode difference = row.child("difference");
  line.difference = difference.interval("res", "low", "high");
  line.p = difference.number_or_none("p_holm");
  return line;
}

}  // namespace

std::optional<CampaignJudgement> read_campaign_table(const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const JsonNode table(json, path);
  if (!table.has("blocks") || table.list("blocks").empty()) return std::nullopt;
  const JsonNode block(table.list("blocks").front(), path + ": block 0");
  if (!block.has("protocol") || block.text("protocol") != "campaigns") return std::nullopt;
  CampaignJudgement judged;
  judged.reference = block.text("reference");
  judged.conditions = {{"protocol", "campaigns"},
                       {"set", block.text("set")},
                       {"samples", std::to_string(static_cast<int64_t>(block.number("samples")))},
                       {"scenario", block.text("scenario")}};
  size_t number = 0;
  for (const Json& row : block.list("rows")) {
    judged.lines.push_back(read_line({row, block.where() + ": row " + std::to_string(number++)}));
  }
  std::stable_sort(judged.lines.begin(), judged.lines.end(),
                   [](const CampaignLine& a, const CampaignLine& b) { return a.res.mean > b.res.mean; });
  return judged;
}

}  // namespace genbid::report
