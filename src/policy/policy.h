#pragma once

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/batch.h"

namespace genbid {

// The contract between models and everything else. A policy is a pure function of tensors: raw features, what is
// asked for, noise and its own carried memory in; bid coefficients out. Trainer, evaluator and exporter know this
// class and no model by name.
class Policy : public torch::nn::Module {
 public:
  // Normalisation constants into buffers, once, before training.
  virtual void fit(const TrainingColumns& columns) = 0;

  // Ticks of history it reads. Whoever calls cuts and right-pads to exactly this many.
  virtual int64_t window() const = 0;

  // Training losses of a batch; the trainer minimises their sum. Random numbers (dropout) come from `noise`
  // alone, and only in training mode.
  virtual std::vector<LossPart> losses(const Batch& batch, at::Generator& noise) = 0;

  // Coefficients for the last tick that each row's mask marks. Rows are independent: a row's action does not
  // depend on its batch mates. No branch on data, no host wait.
  virtual Action act(const History& history, const Condition& condition) = 0;

  // What to ask for where the caller has no wish of its own, in par units (batch.h). None: the policy does not read
  // a target return.
  virtual std::optional<double> default_target_return() const = 0;
};

// What a policy is built for: the sizes of a state and of an action.
struct PolicyShape {
  int64_t num_features = 0;  // S
  int64_t num_actions = 1;   // A
};

// Parameters that are trained, and their number.
std::vector<at::Tensor> trainable_parameters(const Policy& policy);
int64_t num_parameters(const Policy& policy);

}  // namespace genbid
