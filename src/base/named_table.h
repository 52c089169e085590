#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/shown.h"

// A table of kinds: an array of structs that have a `name`.

namespace genbid {

// In the order of the table.
template <typename Table>
std::vector<std::string> names_in(const Table& table) {
  std::vector<std::string> names;
  for (const auto& one : table) names.emplace_back(one.name);
  return names;
}

// The line of the table that has this name. Error, which says `what` it is, for a name that none has.
template <typename Table>
const auto& find_named(const Table& table, std::string_view name, const std::string& what) {
  for (const auto& one : table) {
    if (one.name == name) return one;
  }
  throw Error(what + ": found '" + shown(name) + "', expected one of " + listed(names_in(table)));
}

}  // namespace genbid
