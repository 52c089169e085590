#pragma once

#include <string>

#include "bidders/planner_knowledge.h"
#include "data/tape_store.h"

namespace genbid::play {

// Fits what the bidder `planner` knows from response tapes. Error where there are no days, or where a tape has nothing
// to learn from: no impression, or no bid that wins.
//
// Curves: at each tick and level, the mean over the tape's days of seats that have an alpha of their grid there, each
// weighed by the value it was offered (for costs by its impressions); then the nearest that rise with the level. Days:
// `max_days` of them, evenly. What stays: the correlation of logarithms at two ticks over all days, where it is beyond
// what chance makes of so few periods (three standard deviations), else 0; of prices, the mean correlation by distance.
bidders::PlannerKnowledge fit_planner(const data::TapeColumns& tape, const std::string& name, int64_t max_days = 256);

}  // namespace genbid::play
