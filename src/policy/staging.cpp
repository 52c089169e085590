#include "policy/staging.h"

#include <ATen/ATen.h>

#include <array>

namespace genbid::policy {

StagedTick staged(const Ticks& history, const at::Tensor& noise_BN, c10::Device device) {
  // Numbers of ticks are small, so that float32 holds them exactly.
  const std::array<at::Tensor, 7> parts = {history.states_BTS,
                                           history.actions_BTA,
                                           history.before_BTO,
                                           history.mask_BT,
                                           history.constraint_BC,
                                           history.ticks_BT.to(at::kFloat),
                                           noise_BN};
  int64_t numbers = 0;
  for (const at::Tensor& part : parts) numbers += part.numel();
  // LibTorch gives pinned memory back only after the copy.
  const at::Tensor here = at::empty({numbers}, at::TensorOptions(at::kFloat).pinned_memory(!device.is_cpu()));
  int64_t begin = 0;
  for (const at::Tensor& part : parts) {
    here.slice(0, begin, begin + part.numel()).view(part.sizes()).copy_(part);
    begin += part.numel();
  }
  const at::Tensor there = here.to(device, /*non_blocking=*/true);
  begin = 0;
  const auto next = [&](const at::Tensor& part) {
    const at::Tensor view = there.slice(0, begin, begin + part.numel()).view(part.sizes());
    begin += part.numel();
    return view;
  };
  StagedTick tick;
  tick.history.states_BTS = next(parts[0]);
  tick.history.actions_BTA = next(parts[1]);
  tick.history.before_BTO = next(parts[2]);
  tick.history.mask_BT = next(parts[3]);
  tick.history.constraint_BC = next(parts[4]);
  tick.history.ticks_BT = next(parts[5]).to(at::kLong);
  tick.noise_BN = next(parts[6]);
  return tick;
}

}  // namespace genbid::policy
