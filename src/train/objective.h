#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/convert.h"
#include "policy/policy.h"
#include "train/dataset.h"
#include "train/sampler.h"

namespace genbid::train {

class Ranks;

// Which of a step's parts are this rank's: every so many-th.
struct Share {
  int64_t rank = 0;
  int64_t ranks = 1;

  bool has(size_t part) const { return to_signed(part) % ranks == rank; }
};

// What a step of a training minimises: the trainer knows no data. Windows of logged days are one kind.
class Objective {
 public:
  virtual ~Objective() = default;

  // Before anything is drawn: of the parts of every step, losses() will be asked for these alone. All ranks draw the
  // same steps, cut into the same parts, so that who has which changes nothing but the order of sums.
  virtual void take_share(const Share& share) { share_ = share; }
  virtual bool is_mine(size_t part) const { return share_.has(part); }

  // Draws what step `first` and those after it learn from, up to `most` steps, and sends it to the device without
  // waiting for it. Returns for how many steps, at least one. What was drawn before is gone.
  virtual int64_t draw(int64_t first, int64_t most) = 0;
  // Gathers what one of these steps learns from. `place_1`: which, i64, 0 for the first, on the device, so that a step
  // is the same work whatever its number.
  virtual void gather(const at::Tensor& place_1) = 0;
  // It comes in parts whose gradients are added up, each with its weight; the weights, f32 scalars on the device, of
  // one kind of data add up to 1. Of a single part nobody asks for it.
  virtual size_t num_parts() const { return 1; }
  virtual at::Tensor weight(size_t part) const = 0;
  // Which of its own kind of data's parts it is: those of one number go on in the same random numbers, whoever has
  // them.
  virtual size_t noise_of(size_t part) const { return part; }
  // True: its losses are those of no group in particular, and so costly that they are computed once a step, with the
  // gradients of all groups that do not rest; these then step side by side.
  virtual bool is_of_all_groups() const { return false; }
  // The losses of a part for one of the policy's groups, means over the part; none if the group rests.
  virtual std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                               size_t part) = 0;
  virtual c10::Device device() const = 0;
  // Steps of one kind are the same work on the device, with the same tensors, whatever their number, so that it can be
  // recorded (train/step_graph.h). Where `memory` changes, tensors of steps before are gone. None: it is not recorded.
  struct Kind {
    int64_t memory = 0;
    int64_t work = 0;
  };
  virtual std::optional<Kind> kind_of_step(int64_t step) const {
    static_cast<void>(step);
    return std::nullopt;
  }
  // What later steps read of earlier ones, beside the policy: checkpoints keep it. The same names and shapes always;
  // whoever goes on with a training copies into them.
  virtual policy::NamedTensors state() const { return {}; }
  // Makes state() whole at every rank: each has what came of its own parts. All ranks call it.
  virtual void collect_state(Ranks& ranks) { static_cast<void>(ranks); }

 private:
  Share share_;
};

// A policy's own losses on windows of logged days.
class LoggedWindows : public Objective {
 public:
  // `parts`: a batch is cut into as many, whose gradients add up to that of the whole batch, each weighing as many
  // ticks as it has, times the weights of their trajectories, in a part of the memory. The data set must outlive it.
  // Error for a planner of whole days that are longer than it plans.
  LoggedWindows(const Dataset& dataset, const policy::Policy& policy, int64_t batch_size, int64_t parts, int64_t seed,
                Starts starts = Starts::kEven);

  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& place_1) override;
  size_t num_parts() const override { return to_size(parts_); }
  at::Tensor weight(size_t part) const override { return weights_[part]; }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return dataset_.device(); }
  std::optional<Kind> kind_of_step(int64_t /*step*/) const override { return Kind(); }
  const WindowSampler& sampler() const { return sampler_; }

 private:
  const Dataset& dataset_;
  WindowSampler sampler_;
  int64_t window_;
  int64_t batch_size_;
  int64_t parts_;
  at::Tensor ahead_KPB_;                // the windows of K steps (Dataset::places), made once
  std::vector<policy::Batch> batches_;  // of the step, by part
  std::vector<at::Tensor> weights_;     // of the step, by part
};

// Ticks of a training window: a day's, or as many as the policy is trained on.
int64_t training_ticks(const policy::Policy& policy, int64_t ticks_of_day);
// Error if the policy plans whole days and these are longer than it plans.
void check_window(const policy::Policy& policy, const Dataset& dataset);

}  // namespace genbid::train
