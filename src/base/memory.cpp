#include "base/memory.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

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

std::string bytes_text(double bytes) {
  char text[32];
  const bool large = bytes >= 1e9;
  std::snprintf(text, sizeof text, large ? "%.2f GB" : "%.1f MB", bytes * (large ? 1e-9 : 1e-6));
  return text;
}

double left_of_control_groups(const std::string& groups, const std::string& root) {
  double left = kUnknown;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const size_t kind = line.find(':');
    const size_t path = kind == std::string::npos ? kind : line.find(':', kind + 1);
    if (path == std::string::npos) continue;
    const std::string controllers = line.substr(kind + 1, path - kind - 1);
    const bool v1 = controllers.find("memory") != std::string::npos;
    if (!v1 && !controllers.empty()) continue;  // of something else; version 2 has one group for all
    const std::string base = root + (v1 ? "/memory" : "");
    // A container may name its group as the machine outside sees it: then only the top is there.
    std::string group = line.substr(path + 1);
    while (true) {
      while (group.ends_with('/')) group.pop_back();
      const std::string memory = base + group + "/memory.";
      const std::string total = v1 ? "total_" : "";
      const double of_files =
          number_in(memory + "stat", total + "inactive_file") + number_in(memory + "stat", total + "active_file");
      const double limit =
          v1 ? number_in(memory + "limit_in_bytes") : std::min(number_in(memory + "max"), number_in(memory + "high"));
      left = std::min(left, left_of(limit, number_in(memory + (v1 ? "usage_in_bytes" : "current")), of_files));
      if (group.empty()) break;
      group.resize(group.find_last_of('/') == std::string::npos ? 0 : group.find_last_of('/'));
    }
  }
  return left;
}

double available_memory() {
  std::ifstream file("/proc/self/cgroup");
  const std::string groups{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return std::min(1024.0 * number_in("/proc/meminfo", "MemAvailable:"),
                  left_of_control_groups(groups, "/sys/fs/cgroup"));
}

}  // namespace genbid
