#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bidding/cell_day.h"

namespace genbid::eval {

// One seat of one period, played by the candidate against the population.
struct CellResult {
  int64_t period = 0;
  int64_t seat = 0;
  double budget = 0.0;
  double cpa_limit = 0.0;
  double cost = 0.0;
  // Hindsight is computed and not played: nothing is drawn, and what is realised (conversions, score, variance) says
  // nothing.
  bool drawn = true;
  double conversions = 0.0;
  double expected_conversions = 0.0;  // sum of p-values of exposed impressions
  double conversion_variance = 0.0;   // given what was exposed
  double score = 0.0;
  double expected_score = 0.0;        // the mean of the score, given what was exposed (bidding/score.h)
  double score_of_expectation = 0.0;  // as if what is expected came
  int64_t wins = 0;                   // slots, exposed or not
  int last_active_tick = -1;          // last tick with an exposed impression
  // The highest expected score that was possible, rivals as they played without the candidate: the best alpha per tick
  // (market), or the best choice of impressions at their least winning costs (replay).
  double optimum = 0.0;
  // What was drawn besides the days: the market's conversions and exposures, and the policy's noise.
  int64_t market_seed = 1;
  int64_t policy_seed = 1;

  double regret() const { return optimum - expected_score; }
  double cpa() const;         // money per conversion
  double budget_use() const;  // share of the budget; 0 of none
  bool exceeds_cpa() const;   // by realised conversions
  bool expected_to_exceed_cpa() const;
};

// What one candidate made of one period: a job of an evaluation. Optima are found when jobs are put together.
struct PeriodCells {
  std::vector<CellResult> cells;  // a seat each, as planned
  std::vector<CellDay> days;      // likewise
  // What bidders that remember the periods before have to know for the next one (bidding/bidder.h); else empty.
  std::vector<double> memory = {};
  std::string program = {};  // which one played it, where it was read from a file that says so
};

}  // namespace genbid::eval
