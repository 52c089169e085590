#pragma once

#include <string>

namespace genbid {

// `~/x` in the home folder; ConfigError naming `where` for another user's (`~bob/x`), for `~` alone, and where no home
// folder is known. Every path that a person types goes through it: shells leave `--output=~/x` and `'~/x'` as they are.
std::string expand_home(const std::string& path, const std::string& where);

}  // namespace genbid
