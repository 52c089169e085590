#include "statistics/values.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::statistics {
namespace {

std::vector<double> sorted(const char* where, std::span<const double> values) {
  if (values.empty()) throw Error(std::string(where) + ": found no values, expected at least one");
  std::vector<double> result(values.begin(), values.end());
  std::sort(result.begin(), result.end());
  return result;
}

void check_share(const char* where, bool fits, double share, const char* expected) {
  if (!fits) throw Error(std::string(where) + ": found " + std::to_string(share) + ", expected " + expected);
}

}  // namespace

double quantile(std::span<const double> values, double q) {
  check_share("quantile", q >= 0.0 && q <= 1.0, q, "a share in [0, 1]");
  const std::vector<double> rising = sorted("quantile", values);
  const double place = q * as_double(rising.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, rising.size() - 1);
  return rising[below] + (place - as_double(below)) * (rising[above] - rising[below]);
}

double interquartile_mean(std::span<const double> values) {
  const std::vector<double> rising = sorted("interquartile mean", values);
  const size_t cut = rising.size() / 4;
  double sum = 0.0;
  for (size_t i = cut; i < rising.size() - cut; ++i) sum += rising[i];
  return sum / as_double(rising.size() - 2 * cut);
}

double mean_of_worst(std::span<const double> values, double share) {
  check_share("mean of the worst", share > 0.0 && share <= 1.0, share, "a share in (0, 1]");
  const std::vector<double> rising = sorted("mean of the worst", values);
  const double wanted = share * as_double(rising.size());
  double sum = 0.0;
  for (size_t i = 0; i < rising.size() && as_double(i) < wanted; ++i) {
    sum += std::min(1.0, wanted - as_double(i)) * rising[i];
  }
  return sum / wanted;
}

}  // namespace genbid::statistics
