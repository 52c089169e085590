#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace genbid::data {

// Whether files stay as they are while they are read: who they are, their size, and when they were last changed.
class InputStamps {
 public:
  explicit InputStamps(const std::vector<std::string>& paths);
  // Error that names a file that has changed since.
  void check() const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::array<int64_t, 5>> stamps_;
};

}  // namespace genbid::data
