#pragma once

#include <functional>
#include <string>

namespace genbid::data {

// An output given by name replaces only its like. ConfigError that names `key` if at `path` lies anything but a file
// that `is_one` knows as `kind` ("a trajectory store"), or an empty file.
void check_replaceable(const std::string& key, const std::string& path, const std::string& kind,
                       const std::function<bool(const std::string&)>& is_one);

void check_replaceable_store(const std::string& key, const std::string& path);
void check_replaceable_market_log(const std::string& key, const std::string& path);

}  // namespace genbid::data
