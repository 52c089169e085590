#include "train/stepper.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <c10/util/Exception.h>

#include <cassert>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/random/random.h"
#include "base/stop_signal.h"
#include "train/autocast.h"
#include "train/device.h"
#include "train/schedule.h"

namespace genbid::train {

Stepper::Stepper(const TrainConfig& config, policy::Policy& policy, Objective& objective, Ranks& ranks,
                 WorkRecorder* recorder)
    : config_(config),
      policy_(policy),
      objective_(objective),
      groups_(policy.parameter_groups()),
      ema_(policy::trainable_parameters(policy), config.ema_decay),
      ranks_(ranks),
      recorder_(recorder) {
  assert(recorder == nullptr || ranks.alone());
  objective.take_share({ranks.rank(), ranks.size()});
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(policy)) {
    optimizers_.emplace_back(parameters,
                             AdamWOptions{.weight_decay = config.weight_decay, .clip_norm = config.clip_norm});
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    std::vector<at::Generator>& parts = noise_.emplace_back();
    for (size_t part = 0; part < objective.num_parts(); ++part) {
      while (parts.size() <= objective.noise_of(part)) parts.push_back(generator_on(objective.device(), 0));
    }
  }
  const at::TensorOptions options = at::TensorOptions(at::kLong).device(objective.device());
  number_ = at::zeros({}, options);
  place_1_ = at::zeros({1}, options);
  first_bad_ = at::full({}, -1, options);
}

double Stepper::rate(int64_t step) const {
  return config_.learning_rate * schedule_share(step, config_.warmup_steps, config_.steps, config_.final_rate_share);
}

std::vector<size_t> Stepper::due(int64_t step) const {
  std::vector<size_t> groups;
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (steps_in(g, step)) groups.push_back(g);
  }
  return groups;
}

void Stepper::run(int64_t step, int64_t last) {
  if (recorder_ == nullptr) {
    prepare(step, last);
    work(step);
    return;
  }
  recorder_->on_its_stream([&] {
    prepare(step, last);
    work_or_replay(step);
  });
}

void Stepper::work_or_replay(int64_t step) {
  const std::optional<Objective::Kind> known = objective_.kind_of_step(step);
  if (!known) {
    work(step);
    return;
  }
  const Objective::Kind& kind = *known;
  if (kind.memory != memory_) forget_recorded();
  memory_ = kind.memory;
  Recorded& recorded = recorded_[{due(step), kind.work, policy_.kind_of_step(step)}];
  if (recorded.work == nullptr && recorded.made < config_.graphs.after) {
    recorded.names.clear();
    window_.note_in(&recorded.names);
    work(step);
    window_.note_in(nullptr);
    ++recorded.made;
    return;
  }
  window_.count_by_itself(false);
  if (recorded.work == nullptr) {
    std::vector<at::Generator> generators;
    for (const auto& parts : noise_) generators.insert(generators.end(), parts.begin(), parts.end());
    try {
      recorded.work = recorder_->record(generators, [this, step] { work(step); });
    } catch (const c10::Error& error) {
      throw Error("step " + std::to_string(step + 1) + ": its work cannot be recorded as a CUDA graph (" +
                  std::string(error.what_without_backtrace()) +
                  "); expected it to fit into the device's memory beside " +
                  "what is there, or train.graphs.on: false, which a run may go on with");
    }
  }
  recorded.work->replay();
  window_.count_by_itself(true);
  window_.count(recorded.names);
}

void Stepper::work(int64_t step) {
  objective_.gather(place_1_);
  const std::vector<size_t> groups = due(step);
  if (!objective_.is_of_all_groups()) {
    for (const size_t group : groups) update(step, {group});
  } else if (!groups.empty()) {
    update(step, groups);
  }
  policy_.after_step({step, noise_.back().front()});
  ema_.update();
}

void Stepper::prepare(int64_t step, int64_t last) {
  const torch::NoGradGuard no_grad;
  if (step < drawn_begin_ || step >= drawn_end_) {
    drawn_begin_ = step;
    drawn_end_ = step + objective_.draw(step, last - step);
  }
  number_.fill_(step + 1);
  place_1_.fill_(step - drawn_begin_);
  ema_.prepare(step);
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (steps_in(g, step)) optimizers_[g].set_rate(rate(step) * groups_[g].rate_scale);
    // Of groups that rest too: the hook behind the step may draw.
    const std::string stream = "train.noise." + groups_[g].name;
    for (size_t part = 0; part < noise_[g].size(); ++part) {
      noise_[g][part].set_current_seed(derive_seed(static_cast<uint64_t>(config_.seed),
                                                   part == 0 ? stream : stream + "." + std::to_string(part),
                                                   static_cast<uint64_t>(step)));
    }
  }
}

// The gradients of the parts of a batch add up to that of the whole, and those of ranks to that of all parts. Groups
// that are updated together have the losses of the first of them.
void Stepper::update(int64_t step, const std::vector<size_t>& groups) {
  std::vector<AdamW*> optimizers;
  for (const size_t group : groups) optimizers.push_back(&optimizers_[group]);
  policy::NamedTensors losses;
  at::Tensor total;
  const auto add = [](at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum + value : value; };
  for (size_t part = 0; part < objective_.num_parts(); ++part) {
    if (!objective_.is_mine(part)) continue;
    at::Tensor loss;
    for (const policy::LossPart& one : losses_of(step, groups.front(), part)) {
      const at::Tensor value = objective_.num_parts() == 1 ? one.value : one.value * objective_.weight(part);
      add(loss, value);
      add(losses[one.name], value.detach());
    }
    if (!loss.defined()) continue;  // the group rests
    AdamW::backward(loss, total.defined(), optimizers);
    add(total, loss.detach());
  }
  if (!total.defined()) return;
  if (!ranks_.alone()) sum_over_ranks(optimizers, losses, total);
  for (const size_t group : groups) {
    const at::Tensor norm = optimizers_[group].step();
    watch(total, norm);
    window_.add(groups_.size() > 1 ? groups_[group].name : "", losses, total, norm);
    losses.clear();  // they count once
    total = at::zeros_like(total);
  }
}

// A group rests at all ranks or at none, and every rank has parts of each kind, so that all have the same list.
void Stepper::sum_over_ranks(const std::vector<AdamW*>& optimizers, policy::NamedTensors& losses, at::Tensor& total) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> all;
  for (const AdamW* const one : optimizers) one->append_gradients(all);
  for (const auto& [name, value] : losses) all.push_back(value.view({1}));
  all.push_back(total.view({1}));
  all.push_back(at::full({1}, stop_signal::requested() ? 1.0 : 0.0, total.options()));
  const at::Tensor flat = at::cat(all);
  ranks_.sum(flat);
  int64_t place = 0;
  for (AdamW* const one : optimizers) place = one->take_gradients(flat, place);
  for (auto& [name, value] : losses) value = flat[place++];
  total = flat[place++];
  stop_heard_ = flat[place].item<float>() > 0.0F;
}

std::vector<policy::LossPart> Stepper::losses_of(int64_t step, size_t group, size_t part) {
  const Autocast autocast(objective_.device().type(), config_.precision == "bfloat16");
  return objective_.losses({step, noise_[group][objective_.noise_of(part)]}, policy_, group, part);
}

// Marks the first step whose loss or gradient is not finite.
void Stepper::watch(const at::Tensor& total, const at::Tensor& norm) {
  const torch::NoGradGuard no_grad;
  const at::Tensor bad = at::isfinite(total + norm).logical_not().logical_and(first_bad_.lt(0));
  first_bad_.copy_(at::where(bad, number_, first_bad_));
}

int64_t Stepper::first_bad_step() const { return first_bad_.item<int64_t>(); }

}  // namespace genbid::train
