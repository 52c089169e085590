#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "bidding/score.h"

namespace genbid::test {

// The probabilities of 0, 1, 2 ... conversions of impressions with these p-values, one impression after another.
inline std::vector<double> conversion_probabilities(std::span<const double> pvalues) {
  std::vector<double> probability{1.0};
  for (const double p : pvalues) {
    probability.push_back(0.0);
    for (size_t n = probability.size() - 1; n > 0; --n) {
      probability[n] = probability[n] * (1.0 - p) + probability[n - 1] * p;
    }
    probability[0] *= 1.0 - p;
    while (probability.size() > 60 && probability.back() < 1e-25) probability.pop_back();
  }
  return probability;
}

// The mean of the realised score.
inline double mean_score(std::span<const double> probability, double cost, double cpa_limit) {
  double mean = 0.0;
  for (size_t n = 0; n < probability.size(); ++n) {
    mean += probability[n] * score(static_cast<double>(n), cost, cpa_limit);
  }
  return mean;
}

// The same of Poisson conversions, from logarithms.
inline double poisson_mean_score(double expected, double cost, double cpa_limit) {
  const double spread = 14.0 * std::sqrt(expected) + 60.0;
  double mean = 0.0;
  for (double n = std::max(1.0, std::floor(expected - spread)); n < expected + spread; n += 1.0) {
    mean += std::exp(n * std::log(expected) - expected - std::lgamma(n + 1.0)) * score(n, cost, cpa_limit);
  }
  return mean;
}

}  // namespace genbid::test
