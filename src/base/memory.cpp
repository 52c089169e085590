#include "base/memory.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>

namespace genbid {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// Reads a number from a file whose lines are a name and a number each; without a name, from a file that is one word.
double number_in(const std::string& path, const std::string& name = {}) {
  std::ifstream file(path);
  std::string word;
  while (!name.empty() && file >> word) {
    if (word == name) break;
  }
  double number = 0.0;
  return file >> number ? number : kUnknown;  // "max" is no number
}

// What is left of a control group's limit. The pages of files that the group holds count as free, because the kernel
// gives them back when memory is short.
double left_of(double limit, double used, double of_files) {
  if (!std::isfinite(limit) || !std::isfinite(used)) return kUnknown;
  return std::max(0.0, limit - used + (std::isfinite(of_files) ? of_files : 0.0));
}

}  // namespace

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes * 1e-9);
  return text;
}

double available_memory() {
  const std::string v2 = "/sys/fs/cgroup/memory.";
  const std::string v1 = "/sys/fs/cgroup/memory/memory.";
  return std::min({1024.0 * number_in("/proc/meminfo", "MemAvailable:"),
                   left_of(number_in(v2 + "max"), number_in(v2 + "current"), number_in(v2 + "stat", "inactive_file")),
                   left_of(number_in(v1 + "limit_in_bytes"), number_in(v1 + "usage_in_bytes"),
                           number_in(v1 + "stat", "total_inactive_file"))});
}

}  // namespace genbid
