#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <string>
#include <vector>

#include "policy/policy.h"

// B rows, T ticks, S features.

namespace genbid::models {

// What a policy may know of its own past bids. A bidder's next bid is much like its last one, so a policy that reads
// its own learns to repeat it, whatever it is asked for and whatever happens (de Haan et al., "Causal Confusion in
// Imitation Learning", NeurIPS 2019). `hide`: neither features that tell of bids nor past actions. `drop`: in training,
// half of the windows are without them, at random.
enum class OwnBidsMode { kShow, kHide, kDrop };
const std::vector<std::string>& own_bids_modes();  // "show", "hide", "drop"

class OwnBidsImpl : public torch::nn::Module {
 public:
  OwnBidsImpl(const std::string& mode, const policy::PolicyShape& shape);

  bool hidden() const { return mode_ == OwnBidsMode::kHide; }
  // 1 for the rows that see their own bids. `noise`: of a training step; null in play.
  at::Tensor shown_B11(const at::Tensor& states_BTS, at::Generator* noise) const;
  // Normalised states without what must not be seen.
  at::Tensor states(const at::Tensor& states_BTS, const at::Tensor& shown_B11) const;

 private:
  OwnBidsMode mode_;
  at::Tensor others_S_;  // 0 where a feature tells of bids; a buffer where some are not shown
};
TORCH_MODULE(OwnBids);

}  // namespace genbid::models
