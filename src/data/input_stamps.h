#pragma once

#include <string>
#include <vector>

namespace genbid::data {

// Whether files (and objects of a store) stay as they are while they are read: who they are, their size, and when they
// were last changed.
class InputStamps {
 public:
  explicit InputStamps(const std::vector<std::string>& paths);
  // Error that names a file that has changed since.
  void check() const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string> stamps_;
};

}  // namespace genbid::data
