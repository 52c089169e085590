#pragma once

#include <ATen/core/Tensor.h>

namespace genbid::softmarket {

// bidding/score.h's expected_score of Poisson conversions, which tensors can be differentiated through: the mean of
// n min(1, (n L / C)^2) over Poisson numbers n with mean V. With N = C / L, k the least whole number from N on, and
// P(j) = P(n < k - j) = Q(k - j, V), the upper regularised incomplete gamma function,
//
//   E = V - V P(1) + (V^3 P(3) + 3 V^2 P(2) + V P(1)) / N^2
//
// which is exact. All have one shape; computed in float64, the result has the type of the expected conversions. Where N
// passes a whole number the score has no jump, but its slope in C has one, of twice the probability of that number.
at::Tensor expected_score(const at::Tensor& expected_conversions, const at::Tensor& cost, const at::Tensor& cpa_limit);

}  // namespace genbid::softmarket
