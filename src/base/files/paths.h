#pragma once

#include <filesystem>
#include <string>

namespace genbid {

// Whether something lies there that can be seen; a folder that may not be looked into counts as nothing.
inline bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The path that is no link itself and to which `path` leads, whether something is there or not. What is no link is
// returned as it is. Throws an Error for links that lead in a circle.
std::string behind_links(const std::string& path);

// Whether both name one file, be it there or not, however they are written and whatever links lead to it; two names of
// one file that is there (hard links) count too.
bool is_same_place(const std::string& one, const std::string& other);

}  // namespace genbid
