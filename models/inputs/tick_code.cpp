#include "models/inputs/tick_code.h"

#include <ATen/ATen.h>

#include <cmath>

namespace genbid::models {

at::Tensor tick_code(const at::Tensor& ticks_BT) {
  const at::Tensor frequency_F =
      at::pow(2.0, -at::arange(kTickCode / 2, ticks_BT.options().dtype(at::kFloat))) * (2.0 * M_PI / 4.0);
  const at::Tensor angle_BTF = ticks_BT.to(at::kFloat).unsqueeze(-1) * frequency_F;
  return at::cat({angle_BTF.sin(), angle_BTF.cos()}, -1);
}

}  // namespace genbid::models
