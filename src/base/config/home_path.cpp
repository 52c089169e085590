#include "base/config/home_path.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/shown.h"

namespace genbid {

std::string expand_home(const std::string& path, const std::string& where) {
  if (!path.starts_with('~')) return path;
  const auto fail = [&](const std::string& expected) {
    throw ConfigError(where + ": found '" + shown(path) + "', expected " + expected);
  };
  if (!path.starts_with("~/")) fail("a path; ~/ stands for the home folder, ./~ for a name that begins with ~");
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const passwd* user = ::getpwuid(::getuid());
    home = user != nullptr ? user->pw_dir : nullptr;
  }
  if (home == nullptr || *home == '\0') fail("a path from /, since no home folder is known");
  return home + path.substr(1);
}

}  // namespace genbid
