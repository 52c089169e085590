#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bidding/outcomes.h"

// What goes into a policy and comes out of it.
//
// B rows, T ticks of the window, S state features, A action coefficients, O outcomes of a day (outcomes.h), C = 2
// constraint values (budget, CPA limit). Rows are right-padded: the mask is 1 on a prefix of the ticks, and causality
// alone hides the rest.

namespace genbid::policy {

// Ticks of days as a bidder sees them, logged or live: the one layout of training, play and export. Everything here is
// known before the tick begins, but for the action of a logged tick. So an actor may read actions of earlier ticks
// alone; at the tick that is being decided it is 0.
struct Ticks {
  at::Tensor states_BTS;     // f32, raw features
  at::Tensor actions_BTA;    // f32, effective alphas: what over-spend dropping left of the bids
  at::Tensor before_BTO;     // f32, what of each outcome has come before the tick; 0 for those that are not additive
  at::Tensor ticks_BT;       // i64, tick in the period
  at::Tensor mask_BT;        // f32, 1 on ticks in which the seat bid: up to the one that spent the budget
  at::Tensor constraint_BC;  // f32
};

// Windows of logged trajectories.
struct Batch {
  Ticks seen;
  at::Tensor next_states_BTS;  // f32, a tick later; the last tick of a trajectory repeats its own
  at::Tensor gained_BTO;       // f32, what the tick brought of each additive outcome; 0 for the others
  at::Tensor goes_on_BT;  // f32, 0 at a day's last tick and where the budget ends: what a critic may not look beyond
  at::Tensor label_BTA;   // f32, what should have been asked for: what was, or what would have been best
  at::Tensor label_weight_BT;  // f32, 0 where there is no label: masked ticks, and those whose end is exhaustion
  at::Tensor outcome_BO;       // f32, what the whole day came to; not a number where that is not known
  at::Tensor weight_B1;        // f32, of the trajectory; 1 on average over the data set
};

// What is still to come of a day: of `whole`, what a day came to or what is asked of it, less what has come before.
at::Tensor to_go_BTO(const Ticks& ticks, const at::Tensor& whole_BO);

struct Action {
  at::Tensor coefficients_BA;          // f32, >= 0: bid = coefficient 0 x p-value + coefficient 1 x p-value^2
  std::vector<at::Tensor> carry = {};  // row by row what the policy wants to see again at the next tick; may be empty
  at::Tensor next_states_BS = {};  // f32, the states it expects at the next tick, raw; undefined: it makes no forecast
  at::Tensor choice_BX = {};       // f32, what it has drawn, where it was to sample (Policy::choice_size)
};

// What a policy draws at random where it samples.
struct ChoiceSize {
  int64_t numbers = 0;  // X of a choice, each drawn by a number of noise; 0: it does not sample
  int64_t links = 1;    // L: draws that follow from each other, such as the levels of a denoising chain
};

struct LossPart {
  std::string name;
  at::Tensor value;  // a mean, so that its scale does not depend on the size of the batch
};

// A step of a training: its number, counted from 0 and the same after a resume, and its own random numbers.
struct Step {
  int64_t index;
  at::Generator& noise;
};

// Parameters that one optimizer steps: all trainable ones whose name starts with one of the prefixes.
struct ParameterGroup {
  std::string name;
  std::vector<std::string> prefixes;
  double rate_scale = 1.0;  // of train.learning_rate
  int64_t every = 1;        // the group steps where (number of the step + 1) % every == 0, and rests otherwise
};

// Training rows that count (mask 1), for fitting normalisation constants. Rows of a trajectory lie together, in order
// of ticks. Of a large data set they are whole trajectories spread over all of it.
struct TrainingColumns {
  at::Tensor states_NS;
  at::Tensor actions_NA;
  at::Tensor labels_NA;  // of the rows that have one alone: other N
  at::Tensor to_go_NO;
  at::Tensor ticks_N;
  at::Tensor constraint_NC;
  at::Tensor outcome_MO;  // of all trajectories
};

}  // namespace genbid::policy
