#include "base/config/config_json.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace genbid {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
bool parse(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, value);
  return fault == std::errc() && rest == end;
}

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~") return nullptr;
  int64_t whole = 0;
  if (parse(text, whole)) return whole;
  double real = 0.0;
  if (parse(text, real)) return real;
  return text;
}

Json convert(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& item : node) list.push_back(convert(item));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  Json object = Json::object();
  for (const auto& item : node) object[item.first.Scalar()] = convert(item.second);
  return object;
}

}  // namespace

nlohmann::ordered_json config_json(const std::string& yaml) {
  try {
    return convert(YAML::Load(yaml));
  } catch (const YAML::Exception& fault) {
    throw Error(std::string("config: not YAML: ") + fault.what());
  }
}

}  // namespace genbid
