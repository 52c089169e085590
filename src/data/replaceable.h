#pragma once

#include <functional>
#include <string>

namespace genbid::data {

// An output given by name replaces only its like. ConfigError that names `key` if at `path` lies anything but a file
// that `is_one` knows as `kind` ("a trajectory store"), or an empty file.
void check_replaceable(const std::string& key, const std::string& path, const std::string& kind,
                       const std::function<bool(const std::string&)>& is_one);

// Does the same for a file that a run writes into its folder under a name of its own: Error.
void check_replaceable_output(const std::string& path, const std::string& kind,
                              const std::function<bool(const std::string&)>& is_one);
// What may be asked of a file that is there.
bool is_trajectory_store(const std::string& path);
bool is_market_log(const std::string& path);
bool begins_with(const std::string& path, const std::string& text);

void check_replaceable_store(const std::string& key, const std::string& path);
void check_replaceable_market_log(const std::string& key, const std::string& path);

}  // namespace genbid::data
