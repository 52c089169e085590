#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

#include "policy/policy.h"
#include "train/dataset.h"
#include "train/sampler.h"

namespace genbid::train {

// What a step of a training minimises: the trainer knows no data. Windows of logged days are one kind.
class Objective {
 public:
  virtual ~Objective() = default;

  // Draws what step `step` learns from, in one or several parts whose gradients are added up, and says what each part
  // weighs; the weights add up to 1.
  virtual std::vector<double> draw(int64_t step) = 0;
  // The losses of a part for one of the policy's groups, means over the part; none if the group rests.
  virtual std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                               size_t part) = 0;
  virtual c10::Device device() const = 0;
};

// A policy's own losses on windows of logged days.
class LoggedWindows : public Objective {
 public:
  // `parts`: a batch is cut into as many, whose gradients are those of the whole batch but for rounding, in a part of
  // the memory. The data set must outlive it. Error for a planner of whole days that are longer than it plans.
  LoggedWindows(const Dataset& dataset, const policy::Policy& policy, int64_t batch_size, int64_t parts, int64_t seed);

  std::vector<double> draw(int64_t step) override;
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return dataset_.device(); }

 private:
  const Dataset& dataset_;
  WindowSampler sampler_;
  int64_t window_;
  int64_t batch_size_;
  int64_t parts_;
  std::vector<policy::Batch> batches_;  // of the step, by part
};

// Ticks of a training window: a day, or what the policy reads.
int64_t training_ticks(const policy::Policy& policy, const Dataset& dataset);
// Error if the policy plans whole days and these are longer than it plans.
void check_window(const policy::Policy& policy, const Dataset& dataset);

}  // namespace genbid::train
