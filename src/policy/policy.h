#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/day.h"

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
  // Where it is handed a carry it may read fewer: the last ones of window(), again right-padded to as many.
  virtual int64_t window_with_carry() const { return window(); }
  // Ticks of the windows that it is trained on, which may be others than it reads when it acts.
  virtual int64_t training_window() const { return window(); }
  // True for a planner of whole days: its rows begin at the period's first tick, so that place t is tick t. Periods
  // must not be longer than window().
  virtual bool whole_period() const { return false; }
  // True: it is trained on whole days, whatever it reads when it acts.
  virtual bool trains_on_days() const { return whole_period(); }

  // Training. One step: for each group that does not rest, in this order, losses(step, group, batch), whose sum is
  // minimised in the group's parameters alone; the next group sees the stepped ones. Groups are disjoint and hold every
  // trainable parameter.
  virtual std::vector<ParameterGroup> parameter_groups() const { return {{"policy", {""}}}; }
  // Losses of a batch for one of the groups. Random numbers come from the step alone. If there are none, the group
  // rests: better said by `every` where it follows from the step's number.
  virtual std::vector<LossPart> losses(const Step& step, size_t group, const Batch& batch) = 0;
  // Losses of days that it does not learn from, in evaluation mode and without gradients. Nothing of the policy
  // changes. `noise` is the same at every call.
  virtual std::vector<LossPart> held_out_losses(const Batch& batch, at::Generator& noise) = 0;
  // Called after all groups have stepped, for target networks and the like. What it changes must follow from the step's
  // number, parameters and buffers alone, because only these are in checkpoints.
  virtual void after_step(const Step& step) { static_cast<void>(step); }
  // Steps of one kind are the same work, whatever their number, so that a device may be given it as a whole
  // (train/step_graph.h). A policy whose losses() or after_step() do other work at some steps than at others says of
  // which kind a step is.
  virtual int64_t kind_of_step(int64_t index) const {
    static_cast<void>(index);
    return 0;
  }

  // Standard normal numbers that a row of act() reads; 0: act() is deterministic.
  virtual int64_t noise_size() const { return 0; }
  // What act() is handed as carry in a period's first tick: tensors whose first dimension is `rows`.
  virtual std::vector<at::Tensor> initial_carry(int64_t rows) const {
    static_cast<void>(rows);
    return {};
  }
  // True: what it carries follows from the history, so act() may be handed no carry at all (an empty list), reads the
  // history again and says the same, but for rounding.
  virtual bool carry_follows_from_history() const { return false; }
  // Coefficients for the last tick that each row's mask marks. `wishes_BO`: what is asked of the whole day, a column an
  // outcome; those that it does not read may hold anything. `noise_BN` has noise_size() columns; `carry` is what the
  // tick before returned. Rows are independent: a row's action does not depend on its batch mates. So that act() can be
  // traced, it has no branch on data, does not wait for the device, and has no batch size as a number.
  virtual Action act(const Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) = 0;
  // Of a policy that samples. act() may then be handed noise of as many columns as a choice has numbers, in place of
  // noise_size(): it draws a choice by it, does what follows from that, and returns the choice.
  virtual ChoiceSize choice_size() const { return {}; }
  // B T L: the logarithm of the density of each link of the choices that were drawn at the ticks of whole days, given
  // what it had seen by then and the links before; the sum is the choice's. Gradients pass through it. `days`: as they
  // went, every tick marked. It draws nothing, as act() does not (no dropout). Error of a policy that does not sample.
  virtual at::Tensor log_densities_BTL(const Ticks& days, const at::Tensor& wishes_BO, const at::Tensor& choices_BTX);
  // True: act() computes gradients itself (guidance by a return model, say), so it is called where LibTorch records.
  virtual bool act_needs_gradients() const { return false; }

  // The outcomes that it reads, each with what it asks for where the caller has no wish.
  virtual Wishes wishes() const { return {}; }
};

// What a policy is built for: the sizes of a state and of an action, and places in the state.
struct PolicyShape {
  int64_t num_features = 0;            // S
  int64_t num_actions = 1;             // A
  std::vector<int64_t> own_bids = {};  // places of features that describe its own bids
  std::vector<int64_t> offered = {};   // mean p-value and number of impressions of the tick: conversions on offer
  std::vector<int64_t> market = {};    // of features that its bids, money and limits hardly move: time, prices, traffic
};
// For states of these features (bidding/state_features.h).
PolicyShape shape_for(const std::vector<std::string>& features);

using NamedTensors = std::map<std::string, at::Tensor>;

// Parameters that are trained, and their number.
std::vector<at::Tensor> trainable_parameters(const Policy& policy);
int64_t num_parameters(const Policy& policy);

// Trainable parameters by group, in the order of parameter_groups(). Error where the groups do not hold each
// parameter once.
std::vector<NamedTensors> grouped_parameters(const Policy& policy);

}  // namespace genbid::policy
