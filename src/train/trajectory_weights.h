#pragma once

#include <string>
#include <vector>

#include "train/dataset.h"

namespace genbid::train {

// How much a trajectory counts in the losses that weigh actions (models/losses.h). Of each there are ticks and outcomes
// (bidding/outcomes.h), so a weight is a function of these:
//   uniform           1
//   length            the number of ticks that count
//   return            exp(z / temperature), z the return, in par, less its mean, over its standard deviation. That is
//                     reward-weighted regression (Peters and Schaal, "Reinforcement learning by reward-weighted
//                     regression for operational space control", ICML 2007) with its temperature in standard deviations
//   share_of_optimum  the same of the score as a share of the hindsight optimum
//   advantage         the same of the return less the mean return of the seat in its store. That is advantage-weighted
//                     regression (Peng et al., "Advantage-Weighted Regression", arXiv:1910.00177, algorithm 1) with
//                     whole days as actions and a seat's mean as the value of its first state
// Before the mean of all trajectories is made 1, exponentials above `limit` are lowered to it, as the latter's authors
// do (at 20), since one day would else outweigh all others.
enum class Weighing { kUniform, kLength, kReturn, kShareOfOptimum, kAdvantage };
const std::vector<std::string>& weighing_names();  // the names listed above
Weighing parse_weighing(const std::string& name);  // must be one of these names
// Whether a temperature and a limit mean anything to it.
bool is_exponential(Weighing weighing);

// One a trajectory, 1 on average. Where all outcomes are equal, all are 1. Error where the optimum of a day is asked
// for and not known.
std::vector<double> trajectory_weights(const Dataset& training, Weighing weighing, double temperature, double limit);

}  // namespace genbid::train
