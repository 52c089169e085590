#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "app/command.h"
#include "base/config/config.h"
#include "base/error.h"

// All fields of a config with their ranges, found as a person would find them: the resolved config has every key, and a
// value that no field can have (no number, and no word of a choice) is refused with a message that says what is
// expected. So a field that a struct gains is covered at once, even one that only a verb's source file knows.

namespace genbid::test {

struct ConfigField {
  enum class Kind { kInteger, kReal, kChoice, kSwitch, kOther };

  std::string path;  // section.key, or for the options of the one element of a list: list[].key
  Kind kind = Kind::kOther;

  double low = 0.0, high = 0.0;
  std::vector<std::string> values;  // as they are typed: lowest and highest, or all choices

  std::string key() const { return path.substr(path.find_last_of('.') + 1); }
};

inline void list_paths(const YAML::Node& node, const std::string& path, std::vector<std::string>& paths) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      list_paths(entry.second, path.empty() ? key : path + "." + key, paths);
    }
  } else if (node.IsSequence() && node.size() == 1 && node[0].IsMap()) {
    list_paths(node[0], path + "[]", paths);
  } else {
    paths.push_back(path);
  }
}

// `path=value` in the form that the command line has for it; `base` is laid into the element of a list, such as
// `policy: pacing`.
inline std::string override_of(const std::string& path, const std::string& value, const std::string& element) {
  const size_t list = path.find("[].");
  if (list == std::string::npos) return path + "=" + value;
  return path.substr(0, list) + "={" + element + ", " + path.substr(list + 3) + ": " + value + "}";
}

inline void read_expected(const std::string& message, ConfigField& field) {
  const size_t at = message.rfind("expected ");
  if (at == std::string::npos) return;
  const std::string expected = message.substr(at + std::string_view("expected ").size());
  const bool integer = expected.starts_with("an integer");
  if (integer || expected.starts_with("a number")) {
    field.kind = integer ? ConfigField::Kind::kInteger : ConfigField::Kind::kReal;
    field.low = integer ? static_cast<double>(std::numeric_limits<int64_t>::min()) : -1e308;
    field.high = integer ? static_cast<double>(std::numeric_limits<int64_t>::max()) : 1e308;
    std::string low = integer ? std::to_string(std::numeric_limits<int64_t>::min()) : "-1e308";
    std::string high = integer ? std::to_string(std::numeric_limits<int64_t>::max()) : "1e308";
    if (const size_t open = expected.find('['); open != std::string::npos) {
      const size_t comma = expected.find(", ", open);
      low = expected.substr(open + 1, comma - open - 1);
      high = expected.substr(comma + 2, expected.find(']', comma) - comma - 2);
    } else if (const size_t least = expected.find("at least "); least != std::string::npos) {
      low = expected.substr(least + std::string_view("at least ").size());
    } else if (const size_t most = expected.find("at most "); most != std::string::npos) {
      high = expected.substr(most + std::string_view("at most ").size());
    }
    field.low = std::stod(low);
    field.high = std::stod(high);
    field.values = {low, high};
  } else if (expected.starts_with("one of ")) {
    field.kind = ConfigField::Kind::kChoice;
    std::string rest = expected.substr(std::string_view("one of ").size());
    while (!rest.empty()) {
      const size_t comma = rest.find(", ");
      field.values.push_back(rest.substr(0, comma));
      rest = comma == std::string::npos ? "" : rest.substr(comma + 2);
    }
  } else if (expected.starts_with("true or false")) {
    field.kind = ConfigField::Kind::kSwitch;
    field.values = {"true", "false"};
  }
}

// Fields whose values are the user's own words (names, paths, periods) are left out.
inline std::vector<ConfigField> config_fields(const app::Command& command, const std::string& file,
                                              const std::vector<std::string>& overrides, const std::string& element) {
  std::vector<std::string> paths;
  list_paths(YAML::Load(command.resolve(ConfigFile::load(file, overrides))), "", paths);
  std::vector<ConfigField> fields;
  for (const std::string& path : paths) {
    ConfigField field;
    field.path = path;
    for (const char* impossible : {"\"?\"", "[-1e309, 1]"}) {
      std::vector<std::string> more = overrides;
      more.push_back(override_of(path, impossible, element));
      try {
        command.resolve(ConfigFile::load(file, more));
      } catch (const ConfigError& e) {
        if (std::string(e.what()).find(field.key()) != std::string::npos) read_expected(e.what(), field);
      }
      if (field.kind != ConfigField::Kind::kOther) break;
    }
    if (field.kind != ConfigField::Kind::kOther) fields.push_back(field);
  }
  return fields;
}

}  // namespace genbid::test
