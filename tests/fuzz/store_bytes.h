#pragma once

#include <map>
#include <string>

#include "data/trajectory_store.h"
#include "data/trajectory_store_layout.h"

namespace genbid::fuzz {

// The columns as bytes, by name: for comparison.
inline std::map<std::string, std::string> bytes_of(const data::TrajectoryColumns& columns) {
  std::map<std::string, std::string> bytes;
  const auto add = [&](const std::string& name, const auto& values) {
    bytes[name] = std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  data::for_each_trajectory_column(columns, add, true);
  data::for_each_tick_column(columns, add, true);
  return bytes;
}

}  // namespace genbid::fuzz
