#include "data/input_stamps.h"

#include <sys/stat.h>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::data {
namespace {

// A file's stamp; all 0 for what is no file or is gone, as a pipe has nothing that could change.
std::array<int64_t, 5> stamp(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  return {static_cast<int64_t>(about.st_dev), static_cast<int64_t>(about.st_ino), about.st_size, about.st_mtim.tv_sec,
          about.st_mtim.tv_nsec};
}

}  // namespace

InputStamps::InputStamps(const std::vector<std::string>& paths) : paths_(paths) {
  for (const std::string& path : paths_) stamps_.push_back(stamp(path));
}

void InputStamps::check() const {
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (stamp(paths_[i]) == stamps_[i]) continue;
    throw Error(paths_[i] + ": changed while it was read; expected a file that nobody writes to");
  }
}

}  // namespace genbid::data
