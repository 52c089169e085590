#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

// What goes into a policy and comes out of it.
//
// B rows, T ticks of the window, S state features, A action coefficients, C = 2 constraint values (budget, CPA
// limit). Rows are right-padded: the mask is 1 on a prefix of the ticks, and causality alone hides the rest.
//
// Returns are scores in par units: score / (budget / CPA limit). A seat that spends its budget at exactly its CPA
// limit has return 1, so one target means the same to a campaign of 2,000 and one of 4,850.

namespace genbid::policy {

// Windows of logged trajectories.
struct Batch {
  at::Tensor states_BTS;        // f32, raw features
  at::Tensor next_states_BTS;   // f32, a tick later; the last tick of a trajectory repeats its own
  at::Tensor actions_BTA;       // f32, effective alphas
  at::Tensor returns_to_go_BT;  // f32, return of the whole period less what was earned before the tick
  at::Tensor ticks_BT;          // i64, tick in the period
  at::Tensor mask_BT;           // f32, 1 on ticks in which the seat bid: up to the one that spent the budget
  at::Tensor constraint_BC;     // f32
  // f32, cost per conversion won in the whole period, over the CPA limit; at most 10, and 1 where nothing was spent
  at::Tensor cpa_ratio_B1;
};

// What a seat knows now: its last T ticks. The current tick is the last one that the mask marks, and its action is 0.
struct History {
  at::Tensor states_BTS;
  at::Tensor actions_BTA;
  at::Tensor earned_BT;  // f32, return earned before the tick
  at::Tensor ticks_BT;
  at::Tensor mask_BT;
};

// What the policy is asked for, over the whole period.
struct Condition {
  at::Tensor target_return_B1;  // f32
  at::Tensor target_cpa_B1;     // f32, cost per conversion as a share of the CPA limit
  at::Tensor constraint_BC;
};

// The same as two numbers. One that is empty is one that the policy does not read.
struct Wishes {
  std::optional<double> target_return = {};
  std::optional<double> target_cpa = {};
};

struct Action {
  at::Tensor coefficients_BA;          // f32, >= 0: bid = coefficient 0 x p-value
  std::vector<at::Tensor> carry = {};  // row by row what the policy wants to see again at the next tick; may be empty
  at::Tensor next_states_BS = {};  // f32, the states it expects at the next tick, raw; undefined: it makes no forecast
};

struct LossPart {
  std::string name;
  at::Tensor value;  // a mean, so that its scale does not depend on the size of the batch
};

// Parameters that one optimizer steps: all trainable ones whose name starts with one of the prefixes.
struct ParameterGroup {
  std::string name;
  std::vector<std::string> prefixes;
  double rate_scale = 1.0;  // of train.learning_rate
};

// Every training row that counts (mask 1), for fitting normalisation constants. Rows of a trajectory lie together, in
// order of ticks.
struct TrainingColumns {
  at::Tensor states_NS;
  at::Tensor actions_NA;
  at::Tensor returns_to_go_N;
  at::Tensor ticks_N;
  at::Tensor returns_M;     // of whole trajectories
  at::Tensor cpa_ratios_M;  // as Batch::cpa_ratio_B1
};

}  // namespace genbid::policy
