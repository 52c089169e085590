#include "models/grm/curves.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace genbid::models::grm {
namespace {

constexpr double kLeastRise = 1e-6;  // of s between a bid of zero and the height

at::Tensor at_zero(const Curves& curves) { return at::sigmoid(curves.slope * std::log(kLeastLevel) + curves.shift); }

at::Tensor at_level(const Curves& curves, const at::Tensor& level) {
  return at::sigmoid(curves.slope * (level + kLeastLevel).log() + curves.shift);
}

}  // namespace

Curves curves_of(const at::Tensor& said) {
  const std::vector<at::Tensor> parts = said.chunk(3, -1);
  return {at::softplus(parts[0]), at::softplus(parts[1]), parts[2]};
}

at::Tensor brought(const Curves& curves, const at::Tensor& level) {
  const at::Tensor least = at_zero(curves);
  return curves.height * (at_level(curves, level) - least) / (1.0 - least).clamp_min(kLeastRise);
}

at::Tensor brought_more(const Curves& curves, const at::Tensor& level) {
  const at::Tensor here = at_level(curves, level);
  const at::Tensor rise = here * (1.0 - here) * curves.slope * level / (level + kLeastLevel);
  return curves.height * rise / (1.0 - at_zero(curves)).clamp_min(kLeastRise);
}

}  // namespace genbid::models::grm
