#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "base/config/config.h"
#include "nn/normalizer.h"
#include "policy/policy.h"

namespace genbid::models {

struct BehaviorCloningConfig {
  int64_t width = 256;  // of the hidden layers
  int64_t depth = 2;    // hidden layers

  void fields(ConfigVisitor& v);
};

// Predicts the logged action from the current state alone. The smallest policy; the one to copy.
class BehaviorCloning : public policy::Policy {
 public:
  BehaviorCloning(const BehaviorCloningConfig& config, const policy::PolicyShape& shape);

  void fit(const policy::TrainingColumns& columns) override;
  int64_t window() const override { return 1; }
  std::vector<policy::LossPart> losses(size_t group, const policy::Batch& batch, at::Generator& noise) override;
  policy::Action act(const policy::History& history, const policy::Condition& condition, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;

 private:
  nn::Normalizer states_{nullptr};
  nn::Normalizer actions_{nullptr};
  torch::nn::Sequential network_{nullptr};
};

}  // namespace genbid::models
