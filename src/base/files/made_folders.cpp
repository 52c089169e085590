#include "base/files/made_folders.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/files/paths.h"

namespace genbid {

namespace fs = std::filesystem;

void MadeFolders::will_be(const std::string& folder) {
  for (fs::path path = folder; !path.empty() && !is_there(path.string()); path = path.parent_path()) {
    new_.push_back(path.string());
  }
}

MadeFolders::~MadeFolders() {
  // What lies in a folder has a longer name than the folder.
  std::sort(new_.begin(), new_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& path : new_) ::rmdir(path.c_str());  // fails where there is something in it
}

}  // namespace genbid
