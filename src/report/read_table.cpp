#include "report/read_table.h"

#include <cmath>

#include "report/json_node.h"

namespace genbid::report {
namespace {

TableLine read_line(const JsonNode& row) {
  TableLine line;
  line.name = row.text("name");
  line.kind = row.text("kind");
  line.trainings = static_cast<int64_t>(row.number("trainings"));
  line.expected_score = row.interval("expected_score", "expected_low", "expected_high");
  line.share_of_optimum = row.interval("share_of_optimum", "share_low", "share_high");
  if (row.has("interquartile_share")) {
    line.interquartile_share = row.interval("interquartile_share", "interquartile_low", "interquartile_high");
  }
  line.over_cpa = row.number("expected_cpa_exceed_share");
  line.budget_use = row.number("budget_use");
  line.score = row.number_or_none("score").value_or(std::nan(""));
  line.conversions = row.number_or_none("conversions").value_or(std::nan(""));
  if (!row.has("difference")) return line;
  const JsonNode difference = row.child("difference");
  line.difference = difference.interval("expected_score", "low", "high");
  line.p = difference.number_or_none("p_holm");
  line.improvement = difference.interval("probability_of_improvement", "improvement_low", "improvement_high");
  return line;
}

TableBlock read_block(const JsonNode& node) {
  TableBlock block;
  if (node.has("name")) block.name = node.text("name");
  block.scenario = node.text("scenario");
  block.reference = node.text("reference");
  for (const char* key : {"protocol", "rules", "population", "log", "scenario"}) {
    if (node.has(key)) block.conditions.push_back({key, node.text(key)});
  }
  for (const char* key : {"periods", "seats"}) {
    const Json& value = node.at(key);
    const size_t count = value.is_array() ? value.size() : value.is_number() ? value.get<size_t>() : 0;
    block.conditions.push_back({key, std::to_string(count)});
  }
  size_t number = 0;
  for (const Json& row : node.list("rows")) {
    const JsonNode one(row, node.where() + ": row " + std::to_string(number++));
    block.lines.push_back(read_line(one));
    if (one.has("axes") && block.axes.empty()) block.axes = one.text("axes");
  }
  return block;
}

}  // namespace

std::vector<TableBlock> read_table(const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const JsonNode table(json, path);
  std::vector<TableBlock> blocks;
  // Those of a platform and of campaigns have other numbers, which charts of scores do not show.
  const auto add = [&](const JsonNode& block) {
    const std::string protocol = block.has("protocol") ? block.text("protocol") : "";
    if (protocol != "platform" && protocol != "campaigns") blocks.push_back(read_block(block));
  };
  if (!table.has("blocks")) {
    add(table);
    return blocks;
  }
  int64_t number = 0;
  for (const Json& block : table.list("blocks")) add(JsonNode(block, path + ": block " + std::to_string(number++)));
  return blocks;
}

}  // namespace genbid::report
