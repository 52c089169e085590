#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "policy/policy.h"
#include "train/dataset.h"
#include "train/ranks.h"

namespace genbid::train {

struct HeldOutPeriod {
  int64_t period = 0;
  double loss = 0.0;          // sum of the policy's losses, mean over real ticks
  double action_error = 0.0;  // mean |acted alpha - label| over ticks that have one, asked for what it had
  // For policies that forecast the next state: the mean absolute error of a feature group (bidding/state_features.h),
  // divided by the error of a forecast that copies the current state. Below 1 it is better than copying. All real ticks
  // that have a next one count, and each feature is measured in units of its own copying error. Constant features are
  // left out.
  std::map<std::string, double> forecast_error;
};

// How a policy does on periods that it was not trained on: its own loss, and how far its actions are from what it is
// taught. For the latter it stands where the logged bidder stood and is asked for what the day of this one
// came to; days are gone through in the order of ticks, with what the policy carries. The policy is in evaluation mode,
// without dropout, and noise, order and size of batches are fixed. The result is empty if a stop was asked for
// (base/stop_signal.h). Ranks share the periods out among them, and all get the whole.
std::vector<HeldOutPeriod> evaluate_held_out(policy::Policy& policy, const Dataset& dataset, Ranks& ranks = one_rank());

// Means over periods, of which each counts alike; its `period` is 0. A forecast's error is the mean over the periods in
// which its group moves.
HeldOutPeriod mean_of_periods(const std::vector<HeldOutPeriod>& periods);

// The action error, by period, of a predictor that always says the mean label that the seat had in the training
// periods.
std::map<int64_t, double> seat_mean_action_error(const Dataset& training, const Dataset& held_out);
// That of a predictor that says the last effective alpha once more, and at a day's first tick the seat's mean label of
// the training periods. A policy that is not better has learned to copy.
std::map<int64_t, double> copying_action_error(const Dataset& training, const Dataset& held_out);

}  // namespace genbid::train
