#pragma once

#include <cstdint>

#include "data/tape_store.h"
#include "data/trajectory_store.h"
#include "policy/policy.h"
#include "runs/relabel_config.h"
#include "softmarket/soft_day.h"

namespace genbid::runs {

// A period of a tape as trajectories, and sums over them.
struct RelabelledPeriod {
  data::TrajectoryColumns columns;
  double score = 0.0;    // expected
  double optimum = 0.0;  // of TrajectoryLabels
  int64_t num_over = 0;  // days that paid more than the limit for an expected conversion
};

// Plays the days of one period (softmarket/soft_day.h, budgets that end sharply, drawn conversions) and labels every
// tick. `tape` has that period alone. Trajectory c x seats + s is seat s under its campaign number c, and has that
// number as its advertiser: so those of a seat differ by it, and the first is the seat's own number.
//
// Labels are found on the tape's curves: best_rest and the optimum by oracle/day_plan.h, rest_constant (in the first
// tick best_constant) by softmarket/teacher.h. As in stores of a simulation, ticks that begin without money have none:
// their alphas are 0.
//
// What comes out depends on the settings and the period alone. `policy` is null but for player: policy; `realised` is
// what its returns count. Error for a policy of several coefficients.
RelabelledPeriod relabel_period(data::TapeColumns tape, const RelabelSettings& settings, policy::Policy* policy,
                                bool realised);

}  // namespace genbid::runs
