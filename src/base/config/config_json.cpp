#include "base/config/config_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/config/config_tree.h"
#include "base/config/config_value.h"

namespace genbid {
namespace {

using Json = nlohmann::ordered_json;

Json scalar(const ConfigNode& node) {
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  if (const auto number = parse_integer(node.text); number && std::to_string(*number) == node.text) return *number;
  if (const auto number = parse_real(node.text); number && std::isfinite(*number)) return *number;
  return node.text;
}

Json json_of(const ConfigNode& node) {
  switch (node.type) {
    case ConfigNode::Type::kNull:
      return nullptr;
    case ConfigNode::Type::kScalar:
      return node.text == "null" && !node.quoted ? Json(nullptr) : scalar(node);
    case ConfigNode::Type::kList: {
      Json list = Json::array();
      for (const ConfigNode& child : node.children) list.push_back(json_of(child));
      return list;
    }
    case ConfigNode::Type::kMap:
      break;
  }
  Json map = Json::object();
  for (const ConfigNode& child : node.children) map[child.key] = json_of(child);
  return map;
}

}  // namespace

std::string config_json(const std::string& resolved_yaml) {
  const ConfigNode root = parse_yaml(
      resolved_yaml, [](int line) { return "resolved config:" + std::to_string(line); }, "");
  return json_of(root).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace genbid
