#pragma once

#include <cstdint>
#include <string>

#include "base/config/config.h"

namespace genbid::runs {

// How days of tapes are played again: all that a store of them depends on, beside the tape and the policy.
struct RelabelSettings {
  PeriodList periods;
  std::string features = "constraint";  // state features to store (bidding/state_features.h)
  // Budgets and CPA limits: those of who sat there, "own", or those of "any" seat of the same period, drawn; times
  // factors drawn from such ranges, evenly in their logarithm.
  std::string campaigns = "own";
  int64_t days_each = 1;  // a day of a seat is played under so many
  RealInterval budget_scale{1.0, 1.0};
  RealInterval cpa_scale{1.0, 1.0};
  // Who plays: "constants", an alpha a day, drawn as `alpha` times the CPA limit; "teacher", who bids its own label at
  // every tick; or a "policy".
  std::string player = "constants";
  RealInterval alpha{0.5, 1.6};
  std::string weights = "ema";  // of the policy
  int64_t seed = 1;             // of all draws

  void keys(ConfigVisitor& v);
  void fields(ConfigVisitor& v) { keys(v); }
};

// `kind: relabel`.
struct RelabelConfig {
  std::string tape;    // a file of response tapes
  std::string output;  // the trajectory store
  std::string policy;  // a run or a checkpoint, where it plays
  RelabelSettings settings;
  int64_t threads = 0;  // 0: one a processor

  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs
