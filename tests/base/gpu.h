#pragma once

#include <filesystem>
#include <string>

namespace genbid::test {

// Whether the machine shows an NVIDIA GPU. Where it does, a GPU that cannot be used is a failure and no reason to skip.
inline bool shows_a_gpu() {
  for (int n = 0; n < 16; ++n) {
    if (std::filesystem::exists("/dev/nvidia" + std::to_string(n))) return true;
  }
  return false;
}

}  // namespace genbid::test
