#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// What the golden JSON files of the official simulator's numbers have in common.
namespace genbid::test {

inline nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

// A double as exact C99 hexadecimal text.
inline double from_hex(const nlohmann::json& text) {
  return std::strtod(text.get_ref<const std::string&>().c_str(), nullptr);
}

inline std::vector<double> from_hexes(const nlohmann::json& texts) {
  std::vector<double> values;
  for (const auto& text : texts) values.push_back(from_hex(text));
  return values;
}

}  // namespace genbid::test
