#include "statistics/inequality.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::statistics {
namespace {

std::vector<double> sorted(const char* where, std::span<const double> values) {
  if (values.empty()) throw Error(std::string(where) + ": found no values, expected at least one");
  for (const double value : values) {
    if (std::isfinite(value) && value >= 0.0) continue;
    throw Error(std::string(where) + ": found value " + std::to_string(value) +
                ", expected finite values of 0 or more");
  }
  std::vector<double> result(values.begin(), values.end());
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace

double gini(std::span<const double> values) {
  const std::vector<double> rising = sorted("Gini", values);
  const auto n = as_double(rising.size());
  double weighted = 0.0;
  double sum = 0.0;
  for (size_t i = 0; i < rising.size(); ++i) {
    // The i-th lowest (from 0) is the higher one of i pairs and the lower one of n - 1 - i.
    weighted += (2.0 * as_double(i) + 1.0 - n) * rising[i];
    sum += rising[i];
  }
  return sum > 0.0 ? std::max(0.0, weighted / (n * sum)) : 0.0;
}

double generalised_gini(std::span<const double> values, std::span<const double> weights) {
  const std::vector<double> rising = sorted("generalised Gini", values);
  if (weights.size() != rising.size() || !std::is_sorted(weights.rbegin(), weights.rend())) {
    throw Error("generalised Gini: found " + std::to_string(weights.size()) + " weights for " +
                std::to_string(rising.size()) + " values, expected as many, none above the one before it");
  }
  return std::inner_product(rising.begin(), rising.end(), weights.begin(), 0.0);
}

std::vector<double> gini_weights(size_t n) {
  std::vector<double> weights;
  const auto squared = as_double(n) * as_double(n);
  for (size_t i = 1; i <= n; ++i) weights.push_back(as_double(2 * (n - i) + 1) / squared);
  return weights;
}

std::vector<LorenzPoint> lorenz_curve(std::span<const double> values) {
  const std::vector<double> rising = sorted("Lorenz curve", values);
  const auto n = as_double(rising.size());
  const double total = std::accumulate(rising.begin(), rising.end(), 0.0);
  std::vector<LorenzPoint> curve = {{0.0, 0.0}};
  double sum = 0.0;
  for (size_t i = 0; i < rising.size(); ++i) {
    sum += rising[i];
    const double people = as_double(i + 1) / n;
    curve.push_back({people, total > 0.0 ? sum / total : people});
  }
  return curve;
}

}  // namespace genbid::statistics
