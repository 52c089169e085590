#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

// N rows, B rows of a batch, T ticks, S features.

namespace genbid::models::diffbid {

// How far states move within a number of ticks. A state one tick ahead differs from the current one by a hundredth of
// what a state at the end of the day does. In units of the usual change at its distance, every tick ahead counts alike,
// and a network that knows nothing says "as usual", which is better than "no change". A feature that always changes
// alike is exact.
class ChangeScaleImpl : public torch::nn::Module {
 public:
  ChangeScaleImpl(int64_t ticks, int64_t num_features);

  // Mean and standard deviation of s_{t+d} - s_t for each distance d. Rows of a trajectory lie together, in order of
  // ticks; at most the first kRows are read.
  void fit(const at::Tensor& states_NS, const at::Tensor& ticks_N);

  // `ahead_BT`: ticks from the current one, negative for the past (taken as 0). `now_B1S`: the current state.
  at::Tensor standardize(const at::Tensor& states_BTS, const at::Tensor& now_B1S, const at::Tensor& ahead_BT) const;
  at::Tensor restore(const at::Tensor& changes_BTS, const at::Tensor& now_B1S, const at::Tensor& ahead_BT) const;

 private:
  static constexpr int64_t kRows = 1'000'000;

  at::Tensor mean_TS_;
  at::Tensor scale_TS_;  // 0 where nothing varies
};
TORCH_MODULE(ChangeScale);

}  // namespace genbid::models::diffbid
