#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "policy/day.h"

// B rows, N numbers of noise.

namespace genbid::policy {

// What a policy reads of a tick, where it acts.
struct StagedTick {
  Ticks history;
  at::Tensor noise_BN;
};

// Sends the history of a tick and its noise, which lie on the host in any strides, to a device: side by side in pinned
// memory, hence in one copy that nobody waits for.
StagedTick staged(const Ticks& history, const at::Tensor& noise_BN, c10::Device device);

}  // namespace genbid::policy
