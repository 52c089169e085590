#pragma once

#include <ATen/ATen.h>

#include "policy/day.h"

namespace genbid::models {

// Smooth L1 on normalised actions, as a mean over the ticks that have a label, by the weight of their trajectories. It
// is linear beyond a tenth of the training set's standard deviation, because logged alphas have a few far outliers that
// a squared error would follow.
inline policy::LossPart action_loss(const at::Tensor& predicted_BTA, const at::Tensor& label_BTA,
                                    const policy::Batch& batch, const char* name = "action") {
  const at::Tensor error_BT = at::smooth_l1_loss(predicted_BTA, label_BTA, at::Reduction::None, 0.1).mean(-1);
  const at::Tensor weight_BT = batch.label_weight_BT * batch.weight_B1;
  return {name, (error_BT * weight_BT).sum() / weight_BT.sum().clamp_min(1e-6)};
}

}  // namespace genbid::models
