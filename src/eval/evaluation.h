#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/threads.h"
#include "market/bidder.h"
#include "market/market.h"
#include "play/population.h"
#include "policy/batch.h"

namespace genbid {

// Who is judged. The bidder is not owned.
struct Candidate {
  std::string name;
  std::string kind;  // "policy" or "rule"
  Bidder* bidder = nullptr;
  Wishes asked = {};  // for what a policy was asked
};

// One seat of one period, played by the candidate against the population.
struct CellResult {
  int64_t period = 0;
  int seat = 0;
  double budget = 0.0;
  double cpa_limit = 0.0;
  double cost = 0.0;
  double conversions = 0.0;
  double expected_conversions = 0.0;  // sum of p-values of exposed impressions
  double score = 0.0;
  double expected_score = 0.0;
  int64_t wins = 0;           // slots, exposed or not
  int last_active_tick = -1;  // last tick with an exposed impression

  double cpa() const;         // money per conversion
  double budget_use() const;  // share of the budget
  bool exceeds_cpa() const;   // by realised conversions
};

struct Evaluation {
  std::string name;
  std::string kind;
  std::vector<CellResult> cells;  // by period as listed, then seat
  Wishes asked = {};
};

// Means over cells.
struct EvaluationMeans {
  double expected_score = 0.0;
  double score = 0.0;
  double conversions = 0.0;
  double cpa_exceed_share = 0.0;
  double budget_use = 0.0;
};
EvaluationMeans means(const Evaluation& evaluation);

struct EvaluationPlan {
  MarketConfig market;
  Population population;
  std::vector<int64_t> periods;
  std::vector<int> seats;  // of the market, replaced one at a time
};

// Protocol `market`: every candidate takes each seat of each period, the others are the population. All
// candidates meet the same traffic and the same draws, so their differences are paired. Equal results for any
// number of threads. Empty if a stop was asked for.
std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads);

}  // namespace genbid
