#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace genbid {

// YAML as print_config writes it, as JSON: plain words are booleans, numbers, null or strings, as YAML reads them;
// quoted ones are strings. Error for text that is not YAML.
nlohmann::ordered_json config_json(const std::string& yaml);

}  // namespace genbid
