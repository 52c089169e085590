#include "base/files/paths.h"

#include <system_error>

#include "base/error.h"

namespace genbid {

namespace fs = std::filesystem;

std::string behind_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // so many the system follows
  fs::path place = path;
  for (int links = 0;; ++links) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(place, error))) return place.string();
    if (links == kMostLinks) throw Error(path + ": found links that lead in a circle, expected a file or nothing");
    const fs::path target = fs::read_symlink(place, error);
    if (error) throw Error(path + ": cannot follow the link: " + error.message());
    place = place.parent_path() / target;  // an absolute one stands alone
  }
}

bool is_same_place(const std::string& one, const std::string& other) {
  std::error_code ignored;
  if (fs::equivalent(one, other, ignored)) return true;
  // Relative paths are made absolute first: weakly_canonical leaves one as it is if nothing of it is there.
  const auto place = [&](const std::string& path) {
    return fs::weakly_canonical(fs::absolute(behind_links(path), ignored), ignored);
  };
  const fs::path first = place(one);
  return !first.empty() && first == place(other);
}

}  // namespace genbid
