#pragma once

#include <string>

namespace genbid {

// A config that print_config() printed, as JSON: the same keys in the same order, two spaces a level. Numbers, true,
// false and null are JSON's; what JSON has no number for (.inf) and lists of periods (7..20) are strings.
std::string config_json(const std::string& resolved_yaml);

}  // namespace genbid
