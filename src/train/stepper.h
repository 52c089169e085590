#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "policy/policy.h"
#include "train/ema.h"
#include "train/log_window.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/ranks.h"
#include "train/step_graph.h"
#include "train/train_config.h"

namespace genbid::train {

// One step of a training after another: batch, losses, gradients, optimizers, averages. Within a step the host never
// waits for the device, nothing is copied between them, and no random stream gets a new seed: all that changes from
// step to step (the step's number, its place among those drawn ahead, learning rates, the weight of the average, seeds)
// is put into tensors and generators of the device before it begins. tests/train/pretend_device_test.cpp holds every
// model to it.
class Stepper {
 public:
  // The references must outlive it. With several ranks each computes the gradients of its parts, and all make the same
  // step: sums over ranks are made once for each update, gradients, losses and whether to stop in one.
  // With a recorder, which must outlive it too, the work of steps of a kind is recorded once some of them were made,
  // and replayed from then on; of one rank alone.
  Stepper(const TrainConfig& config, policy::Policy& policy, Objective& objective, Ranks& ranks = one_rank(),
          WorkRecorder* recorder = nullptr);

  // Step number `step`, counted from 0. Steps follow one another; `last` is where a run ends.
  void run(int64_t step, int64_t last);

  // Gives back what was recorded, and its memory.
  void forget_recorded() { recorded_.clear(); }

  // The learning rate of a step, of a group whose rate_scale is 1.
  double rate(int64_t step) const;
  // The first step, counted from 1, whose loss or gradient was not finite; -1: none. Waits for the device.
  int64_t first_bad_step() const;

  // Whether any rank was asked to stop, as all of them heard in the last step.
  bool stop_heard() const { return stop_heard_; }

  LogWindow& window() { return window_; }
  Ema& ema() { return ema_; }
  const Ema& ema() const { return ema_; }
  std::vector<AdamW>& optimizers() { return optimizers_; }

 private:
  bool steps_in(size_t group, int64_t step) const { return (step + 1) % groups_[group].every == 0; }
  std::vector<size_t> due(int64_t step) const;  // groups
  void prepare(int64_t step, int64_t last);
  // All of the step that is the same whatever its number: what changes was put into tensors and generators.
  void work(int64_t step);
  void work_or_replay(int64_t step);
  std::vector<policy::LossPart> losses_of(int64_t step, size_t group, size_t part);
  void update(int64_t step, const std::vector<size_t>& groups);
  void sum_over_ranks(const std::vector<AdamW*>& optimizers, policy::NamedTensors& losses, at::Tensor& total);
  void watch(const at::Tensor& total, const at::Tensor& norm);

  TrainConfig config_;
  policy::Policy& policy_;
  Objective& objective_;
  std::vector<policy::ParameterGroup> groups_;
  std::vector<AdamW> optimizers_;
  Ema ema_;
  LogWindow window_;
  Ranks& ranks_;
  bool stop_heard_ = false;
  // By group, so that none depends on who rests, and by part (Objective::noise_of), so that none depends on who has it.
  std::vector<std::vector<at::Generator>> noise_;
  // By kind of step: groups that are due, then what objective and policy say.
  struct Recorded {
    int64_t made = 0;                // steps that were made one by one
    std::vector<std::string> names;  // what such a step adds to the window
    std::unique_ptr<RecordedWork> work;
  };
  using KindOfStep = std::tuple<std::vector<size_t>, int64_t, int64_t>;
  WorkRecorder* recorder_;
  int64_t memory_ = 0;  // Objective::Kind, of what was recorded
  std::map<KindOfStep, Recorded> recorded_;
  int64_t drawn_begin_ = 0;  // the steps that were drawn ahead
  int64_t drawn_end_ = 0;
  // On the device, made once.
  at::Tensor number_;   // of the step, counted from 1
  at::Tensor place_1_;  // of the step among those drawn
  at::Tensor first_bad_;
};

}  // namespace genbid::train
