#pragma once

#include <vector>

#include "policy/policy.h"

namespace genbid::perbid {

// A network that is taught by episodes of campaigns' days (agent_training.h, profile_training.h): it has the parameters
// and checkpoints of a policy, but neither learns from logged ticks nor bids in the market of seats, and says so.
class EpisodeNetwork : public policy::Policy {
 public:
  void fit(const policy::TrainingColumns& columns) final;
  int64_t window() const final { return 1; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t group, const policy::Batch& batch) final;
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator& noise) final;
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) final;
};

}  // namespace genbid::perbid
