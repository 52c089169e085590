#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "policy/policy.h"
#include "train/dataset.h"

namespace genbid::train {

struct HeldOutPeriod {
  int64_t period = 0;
  double loss = 0.0;          // sum of the policy's losses, mean over real ticks
  double action_error = 0.0;  // mean |acted alpha - logged alpha| over real ticks, asked for what it had
  // For policies that forecast the next state: the mean absolute error of a feature group (bidding/state_features.h)
  // over that of copying the state at hand, over all real ticks with a next one; each feature counts in units of its
  // own copying error. Below 1: better than copying. Constant features are left out.
  std::map<std::string, double> forecast_error;
};

// The policy on periods it was not trained on: its own loss, and how far its actions are from the logged ones when
// it stands where the logged bidder stood, asked for the return and the CPA that this one had; days are gone through in
// the order of ticks, with what the policy carries. Evaluation mode, no dropout; noise, order and size of batches are
// fixed. Empty if a stop was asked for (base/stop_signal.h).
std::vector<HeldOutPeriod> evaluate_held_out(policy::Policy& policy, const Dataset& dataset);

// Means over periods, each counting alike (period: 0); a forecast's over the periods in which its group moves.
HeldOutPeriod mean_of_periods(const std::vector<HeldOutPeriod>& periods);

// The same error, by period, for predicting at every tick the mean alpha that the seat had in the training periods.
std::map<int64_t, double> seat_mean_action_error(const Dataset& training, const Dataset& held_out);

}  // namespace genbid::train
