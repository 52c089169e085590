#pragma once

#include <string>
#include <vector>

namespace genbid {

// Folders that a command is about to make for what it will write. In its destructor those that were not there when they
// were named go again as far as they are empty, so that a command that is refused leaves nothing behind. Folders of
// processes that share them are not for it: it might remove one that another process has just made.
class MadeFolders {
 public:
  MadeFolders() = default;
  ~MadeFolders();
  MadeFolders(const MadeFolders&) = delete;
  MadeFolders& operator=(const MadeFolders&) = delete;

  // The folder and those on the way to it. Call it before they are made.
  void will_be(const std::string& folder);

 private:
  std::vector<std::string> new_;
};

}  // namespace genbid
