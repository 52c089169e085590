#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <string>
#include <vector>

#include "nn/normalizer.h"
#include "policy/policy.h"

// B rows, T ticks, O outcomes of a day (bidding/outcomes.h), W of them that are wished for.

namespace genbid::models {

// For configs: whether these are names of outcomes, each once at most; and what else to say.
bool are_outcomes(const std::vector<std::string>& names);
const std::string& expected_wishes();

// What a policy is asked for as a network reads it: at every tick what is still to go of each wish, in units of how the
// training days differed at that tick, and kept within what they had to go there. Towards the end of a day little is to
// go of anything, so that in units of the whole day late wishes would be all alike. A wish that cannot be fulfilled
// would otherwise grow, from tick to tick, into something that no day of the data has shown.
class WishInputImpl : public torch::nn::Module {
 public:
  // `quantile`: where the caller has no wish, this quantile of what the training days came to. The CPA that is asked
  // for then is `cpa`, a share of the limit.
  WishInputImpl(const std::vector<std::string>& wishes, double quantile, double cpa);

  void fit(const policy::TrainingColumns& columns);
  int64_t size() const { return static_cast<int64_t>(wishes_.size()); }               // W
  at::Tensor forward(const policy::Ticks& ticks, const at::Tensor& wishes_BO) const;  // B T W
  Wishes defaults() const;

 private:
  static constexpr int64_t kTicks = 96;  // later ones have the range of the last

  std::vector<Outcome> wishes_;
  double quantile_;
  double cpa_;
  nn::Normalizer scale_{nullptr};
  at::Tensor columns_W_;  // of O
  at::Tensor mean_KW_;    // by tick, of what is normalised
  at::Tensor deviation_KW_;
  at::Tensor lowest_KW_;  // by tick, of the result
  at::Tensor highest_KW_;
  at::Tensor default_W_;
};
TORCH_MODULE(WishInput);

}  // namespace genbid::models
