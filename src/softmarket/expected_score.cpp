#include "softmarket/expected_score.h"

#include <ATen/ATen.h>

namespace genbid::softmarket {

at::Tensor expected_score(const at::Tensor& expected_conversions, const at::Tensor& cost, const at::Tensor& cpa_limit) {
  // Below one needed conversion each counts in full. There the formula divides by this 1, and its result is not used.
  const at::Tensor needed = (cost.to(at::kDouble) / cpa_limit.to(at::kDouble)).clamp_min(1.0);
  const at::Tensor all = expected_conversions.to(at::kDouble);
  const at::Tensor mean = all.clamp_min(1e-12);  // its logarithm is taken
  const at::Tensor first = needed.detach().ceil();
  const auto below = [&](double j) {
    const at::Tensor count = first - j;
    return at::special_gammaincc(count.clamp_min(1.0), mean) * count.ge(1.0);
  };
  const at::Tensor once = mean * below(1.0);
  const at::Tensor cubes = at::pow(mean, 3) * below(3.0) + 3.0 * at::square(mean) * below(2.0) + once;
  const at::Tensor score = mean - once + cubes / at::square(needed);
  return at::where(needed.detach().le(1.0), all, score).to(expected_conversions.scalar_type());
}

}  // namespace genbid::softmarket
