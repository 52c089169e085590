#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// A YAML document as the config reader needs it: every node knows where it was written. YAML::Node would lose doubled
// keys and could not say where an override came from. Only the config reader uses this.

namespace genbid {

struct ConfigNode {
  enum class Type { kNull, kScalar, kList, kMap };

  Type type = Type::kNull;
  std::string key;    // of a mapping's child
  std::string where;  // "FILE:LINE" or "command line: a.b=1", as messages show it; of a mapping's child that of its key
  std::string text;   // of a scalar
  bool quoted = false;
  std::vector<ConfigNode> children;  // a list's elements; a mapping's values in the order of the file

  const ConfigNode* find(std::string_view name) const;
};

// What a node holds, for messages: "'abc'", "a list", "nothing".
std::string describe(const ConfigNode& node);

// `place` names a line (counted from 1); `path` is the dotted key under which the document will lie, for
// messages. Throws ConfigError.
ConfigNode parse_yaml(const std::string& text, const std::function<std::string(int)>& place, const std::string& path);

// Lays `a.b.c=VALUE` over the tree.
void apply_override(ConfigNode& root, const std::string& text);

}  // namespace genbid
