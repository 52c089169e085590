#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "bidding/state_features.h"
#include "policy/policy.h"
#include "softmarket/tapes.h"

// B cells, C = 2 constraint values (budget, CPA limit), T ticks, S features, O outcomes, X numbers of a choice.

namespace genbid::softmarket {

// Days to be played: a day of a seat each, under any budget and CPA limit.
struct Cells {
  at::Tensor day_B;          // i64, of the tapes
  at::Tensor constraint_BC;  // f32
  // f32, what is asked of each by outcome, not a number where nothing is; undefined: the caller asks all for the same.
  at::Tensor asked_BO = {};
};

struct DayOptions {
  FeatureSet feature_set = FeatureSet::kConstraint;
  // What a bidder sees of conversions: drawn ones (Poisson), as in live play, or expected ones.
  bool drawn_conversions = true;
  bool realised_reward = false;  // earned returns count what it sees
  // Width of the rounded corner where the money of a tick ends, as a share of what the tick would have cost: the share
  // that is bought is a soft minimum of 1 and money / cost. 0: a sharp one.
  double softness = 0.02;
  // A policy that samples draws its alphas, in place of what it does by itself.
  bool sampled = false;
  // Cells that lie together in groups of as many meet the same draws of conversions: of a row of arrivals, the first,
  // as many as come up to the expected number. So they differ by what was bid alone.
  int64_t group = 1;
};

// What became of them, f32.
struct Day {
  at::Tensor score_B;         // expected: softmarket/expected_score.h
  at::Tensor value_B;         // p-values of exposed impressions
  at::Tensor cost_B;          // money
  at::Tensor alphas_BT;       // asked
  at::Tensor actions_BT;      // what was left of them: effective alphas
  at::Tensor states_BTS;      // as they were seen
  at::Tensor before_BTO;      // what had come of outcomes (policy/day.h, Ticks)
  at::Tensor costs_BT;        // money, by tick
  at::Tensor values_BT;       // p-values of exposed impressions, by tick
  at::Tensor conversions_BT;  // that it saw, by tick: drawn ones, or what stands for them
  at::Tensor choices_BTX;     // where they were sampled
};

// The same wishes for every cell, as act() reads them.
at::Tensor same_wishes_BO(const Wishes& wishes, const at::Tensor& constraint_BC);
// What is asked of each cell, and where nothing is the other number.
at::Tensor asked_or_BO(const Cells& cells, const at::Tensor& other_BO);

// Plays whole days: what the policy asks for at a tick buys what the tape says, money permitting, and makes what it
// sees at the next. Gradients of the score reach the policy's parameters through all ticks, through bids and through
// what earlier bids did to what is seen, where the caller's mode records them. Rivals do not react.
//
// `wishes`: what is asked of every day whose cell does not ask for something else, as the policy's own wishes() say it
// or others; reading those waits for the device, so it is the caller's business. Random numbers (conversions, and the
// noise that the policy reads) come from `noise`. An alpha that is not a number makes a score that is none. Error for a
// policy of several coefficients: a tape knows bids of alpha x p-value alone.
Day play_day(policy::Policy& policy, const Wishes& wishes, const Tapes& tapes, const Cells& cells,
             const DayOptions& options, at::Generator& noise);

}  // namespace genbid::softmarket
