#include "report/read_table.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/shown.h"

namespace genbid::report {
namespace {

using Json = nlohmann::ordered_json;

// An object of the file, and where it stands, for errors.
class Node {
 public:
  Node(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Error(where_ + ": found " + dumped(json) + ", expected an object");
  }

  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& at(const char* key) const {
    if (!json_.contains(key)) throw Error(where_ + ": found no key '" + key + "', expected a table.json");
    return json_[key];
  }
  const Json& list(const char* key) const {
    if (!at(key).is_array()) fail(key, "a list");
    return at(key);
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) fail(key, "a text");
    return at(key).get<std::string>();
  }
  double number(const char* key) const {
    if (!at(key).is_number()) fail(key, "a number");
    return at(key).get<double>();
  }
  std::optional<double> number_or_none(const char* key) const {
    return has(key) ? std::optional(number(key)) : std::nullopt;
  }
  MeanInterval interval(const char* mean, const char* low, const char* high) const {
    return {number(mean), number_or_none(low), number_or_none(high)};
  }
  Node child(const char* key) const { return {at(key), where_ + ": key '" + key + "'"}; }
  const std::string& where() const { return where_; }

 private:
  static std::string dumped(const Json& json) {
    return shown(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  [[noreturn]] void fail(const char* key, const char* expected) const {
    throw Error(where_ + ": key '" + key + "': found " + dumped(json_[key]) + ", expected " + expected);
  }

  const Json& json_;
  std::string where_;
};

TableLine read_line(const Node& row) {
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
  const Node difference = row.child("difference");
  line.difference = difference.interval("expected_score", "low", "high");
  line.p = difference.number_or_none("p_holm");
  line.improvement = difference.interval("probability_of_improvement", "improvement_low", "improvement_high");
  return line;
}

TableBlock read_block(const Node& node) {
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
    const Node one(row, node.where() + ": row " + std::to_string(number++));
    block.lines.push_back(read_line(one));
    if (one.has("axes") && block.axes.empty()) block.axes = one.text("axes");
  }
  return block;
}

}  // namespace

std::vector<TableBlock> read_table(const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Node table(json, path);
  std::vector<TableBlock> blocks;
  // Those of a platform have other numbers, which charts of scores do not show.
  const auto add = [&](const Node& block) {
    if (!block.has("protocol") || block.text("protocol") != "platform") blocks.push_back(read_block(block));
  };
  if (!table.has("blocks")) {
    add(table);
    return blocks;
  }
  int64_t number = 0;
  for (const Json& block : table.list("blocks")) add(Node(block, path + ": block " + std::to_string(number++)));
  return blocks;
}

}  // namespace genbid::report
