#pragma once

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/batch.h"

namespace genbid::policy {

// The contract between models and everything else. A policy is a pure function of tensors: raw features, what is
// asked for, noise and its own carried memory in; bid coefficients out. Trainer and evaluator know this class and no
// model by name.
class Policy : public torch::nn::Module {
 public:
  // Computes normalisation constants and puts them into buffers, once, before training.
  virtual void fit(const TrainingColumns& columns) = 0;

  // Ticks of history it reads. Whoever calls cuts and right-pads to exactly this many.
  virtual int64_t window() const = 0;
  // True for a planner of whole days: its rows begin at the period's first tick, so that place t is tick t. Periods
  // must not be longer than window().
  virtual bool whole_period() const { return false; }

  // Training. One step: for each group in this order, losses(group), whose sum is minimised in the group's
  // parameters alone; the next group sees the stepped ones. Groups are disjoint and hold every trainable parameter.
  virtual std::vector<ParameterGroup> parameter_groups() const { return {{"policy", {""}}}; }
  // Losses of a batch for one of the groups. If there are none, the group rests in this step. Random numbers come from
  // `noise` alone.
  virtual std::vector<LossPart> losses(size_t group, const Batch& batch, at::Generator& noise) = 0;
  // Called after all groups have stepped for the `step`-th time, counted from 1, for target networks and the like. What
  // it changes must follow from `step`, parameters and buffers alone, because only these are in checkpoints.
  virtual void after_step(int64_t step) { static_cast<void>(step); }

  // Standard normal numbers that a row of act() reads; 0: act() is deterministic.
  virtual int64_t noise_size() const { return 0; }
  // What act() is handed as carry in a period's first tick: tensors whose first dimension is `rows`.
  virtual std::vector<at::Tensor> initial_carry(int64_t rows) const {
    static_cast<void>(rows);
    return {};
  }
  // Coefficients for the last tick that each row's mask marks. `noise_BN` has noise_size() columns; `carry` is what the
  // tick before returned. Rows are independent: a row's action does not depend on its batch mates. So that act() can be
  // traced, it has no branch on data, does not wait for the device, and has no batch size as a number.
  virtual Action act(const History& history, const Condition& condition, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) = 0;

  // The parts of a Condition that it reads, with the values that it asks for where the caller has no wish.
  virtual Wishes default_wishes() const { return {}; }
};

// What a policy is built for: the sizes of a state and of an action.
struct PolicyShape {
  int64_t num_features = 0;  // S
  int64_t num_actions = 1;   // A
};

using NamedTensors = std::map<std::string, at::Tensor>;

// Parameters that are trained, and their number.
std::vector<at::Tensor> trainable_parameters(const Policy& policy);
int64_t num_parameters(const Policy& policy);

// Trainable parameters by group, in the order of parameter_groups(). Error where the groups do not hold each
// parameter once.
std::vector<NamedTensors> grouped_parameters(const Policy& policy);

}  // namespace genbid::policy
