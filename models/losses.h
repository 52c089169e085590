#pragma once

#include <ATen/ATen.h>

namespace genbid::models {

// Smooth L1 on normalised actions, as a mean over real ticks. It is linear beyond a tenth of the training set's
// standard deviation, because logged alphas have a few far outliers that a squared error would follow.
inline at::Tensor masked_action_loss(const at::Tensor& predicted_BTA, const at::Tensor& target_BTA,
                                     const at::Tensor& mask_BT) {
  const at::Tensor error_BT = at::smooth_l1_loss(predicted_BTA, target_BTA, at::Reduction::None, 0.1).mean(-1);
  return (error_BT * mask_BT).sum() / mask_BT.sum().clamp_min(1.0);
}

}  // namespace genbid::models
