#include "data/input_stamps.h"

#include <sys/stat.h>

#include "base/error.h"
#include "data/table_reader.h"

namespace genbid::data {
namespace {

// A file's stamp; empty for what is no file or is gone, as a pipe has nothing that could change.
std::string stamp(const std::string& path) {
  if (is_remote(path)) return object_stamp(path);
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  std::string text;
  for (const int64_t part :
       {static_cast<int64_t>(about.st_dev), static_cast<int64_t>(about.st_ino), static_cast<int64_t>(about.st_size),
        static_cast<int64_t>(about.st_mtim.tv_sec), static_cast<int64_t>(about.st_mtim.tv_nsec)}) {
    text += std::to_string(part) + ' ';
  }
  return text;
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
