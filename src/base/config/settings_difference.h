#pragma once

#include <string>

namespace genbid {

// Where two resolved configs (base/config/config.h, print_config) differ first: "market.seed: 2, expected 1"; empty if
// they are equal. `nothing` stands for a key that one of them lacks. Of long values it has what follows on the place
// where they part.
std::string settings_difference(const std::string& found, const std::string& expected);

}  // namespace genbid
