#include "market/memory_need.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include "base/error.h"
#include "bidding/advertiser.h"

namespace genbid {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// The number behind a name in a file of such lines; or the file's only word, where no name is given.
double number_in(const std::string& path, const std::string& name = {}) {
  std::ifstream file(path);
  std::string word;
  while (!name.empty() && file >> word) {
    if (word == name) break;
  }
  double number = 0.0;
  return file >> number ? number : kUnknown;  // "max" is no number
}

// What is left of a group's limit; what it holds of files can be given back.
double left_of(double limit, double used, double of_files) {
  if (!std::isfinite(limit) || !std::isfinite(used)) return kUnknown;
  return std::max(0.0, limit - used + (std::isfinite(of_files) ? of_files : 0.0));
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes * 1e-9);
  return text;
}

}  // namespace

double traffic_bytes_per_impression(int num_seats) { return (num_seats + kNumSlots) * 4.0 + 1.0; }
double kept_bytes_per_impression(int num_seats) { return num_seats * 35.0 + 8.0; }

double available_memory() {
  const std::string v2 = "/sys/fs/cgroup/memory.";
  const std::string v1 = "/sys/fs/cgroup/memory/memory.";
  return std::min({1024.0 * number_in("/proc/meminfo", "MemAvailable:"),
                   left_of(number_in(v2 + "max"), number_in(v2 + "current"), number_in(v2 + "stat", "inactive_file")),
                   left_of(number_in(v1 + "limit_in_bytes"), number_in(v1 + "usage_in_bytes"),
                           number_in(v1 + "stat", "total_inactive_file"))});
}

void check_memory(const char* what, int64_t impressions, double needed, double available) {
  if (needed <= available) return;
  throw Error("market.impressions: found " + std::to_string(impressions) + ", for which " + what + " takes " +
              gigabytes(needed) + " of memory; expected at most the " + gigabytes(available) + " that are available");
}

}  // namespace genbid
