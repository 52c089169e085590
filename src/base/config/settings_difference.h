#pragma once

#include <string>

namespace genbid {

// Where two resolved configs (base/config/config.h, print_config) differ first: "market.seed: 2, expected 1"; empty if
// they are equal. Several documents may stand one behind the other. `nothing` stands for a key that one of them lacks.
// Of long values it has what follows on the place where they part.
std::string settings_difference(const std::string& found, const std::string& expected);
// `expected` was kept by a program that may not have known all of today's settings. `lean` is the found config without
// what nobody changed (PrintFor::kComparing): of what stands there neither, `expected` may say nothing.
std::string settings_difference(const std::string& found, const std::string& expected, const std::string& lean);

}  // namespace genbid
