#pragma once

#include <filesystem>
#include <string>

namespace genbid {

// Whether something lies there that can be seen; a folder that may not be looked into counts as nothing.
inline bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace genbid
