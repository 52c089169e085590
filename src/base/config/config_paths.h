#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/config/config.h"

namespace genbid {

// The key of a path in its config ("market.population", "seats[2].table"), and the path, which may be changed.
using PathFound = std::function<void(const std::string& key, std::string& path)>;

std::unique_ptr<ConfigVisitor> make_path_visitor(const PathFound& found);

// Every file or folder that a config names (ConfigVisitor::path), in the order of its fields.
template <typename T>
void for_each_path(T& config, const PathFound& found) {
  config.fields(*make_path_visitor(found));
}

}  // namespace genbid
