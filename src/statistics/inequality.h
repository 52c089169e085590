#pragma once

#include <span>
#include <vector>

// How unequally a sum is shared. Values are 0 or more, in any order; no values, and values below 0 or not finite, are
// an Error.

namespace genbid::statistics {

// sum over i, j of |x_i - x_j| / (2 n^2 mean): 0 for equal values, (n - 1) / n where one has everything. 0 for one
// value and where all are 0.
double gini(std::span<const double> values);

// Generalised Gini: sum of w_i x_(i) with x_(1) the lowest, the worst-off counting most (Weymark, Mathematical Social
// Sciences 1, 1981). As many weights as values, none rising (Error).
double generalised_gini(std::span<const double> values, std::span<const double> weights);
// The weights of the Gini index, (2 (n - i) + 1) / n^2 for i = 1..n, whose sum is 1: with them the above is
// mean x (1 - gini).
std::vector<double> gini_weights(size_t n);

// Lorenz curve: the poorest `people` (a share) have the share `sum` of all. n + 1 points from (0, 0) to (1, 1); the
// line of equality where all values are 0.
struct LorenzPoint {
  double people = 0.0;
  double sum = 0.0;
};
std::vector<LorenzPoint> lorenz_curve(std::span<const double> values);

}  // namespace genbid::statistics
