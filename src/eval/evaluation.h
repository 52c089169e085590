#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "bidding/bidder.h"
#include "market/market.h"
#include "play/hindsight.h"
#include "play/population.h"
#include "policy/batch.h"

namespace genbid::eval {

// What is not played but computed: the best of a kind that a seat could have done (oracle/optima.h).
enum class HindsightChoice { kPerTick, kConstant, kConstantKept, kSlots };
const std::vector<std::string>& hindsight_choices();  // "per_tick", "constant", "constant_kept", "slots"
HindsightChoice parse_hindsight_choice(std::string_view name);

// Who is judged. The bidder is not owned; one of kind "hindsight" reads the plan's book, or is none and a choice.
struct Candidate {
  std::string name;
  std::string kind;  // "policy", "rule" or "hindsight"
  Bidder* bidder = nullptr;
  policy::Wishes asked = {};  // for what a policy was asked
  HindsightChoice choice = HindsightChoice::kPerTick;
};

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

  double regret() const { return optimum - expected_score; }
  double cpa() const;         // money per conversion
  double budget_use() const;  // share of the budget; 0 of none
  bool exceeds_cpa() const;   // by realised conversions
  bool expected_to_exceed_cpa() const;
};

struct Evaluation {
  std::string name;
  std::string kind;
  std::vector<CellResult> cells;  // by period as listed, then seat
  policy::Wishes asked = {};
};

// Means over cells.
struct EvaluationMeans {
  bool drawn = true;  // false: score, conversions and cpa_exceed_share say nothing
  double expected_score = 0.0;
  double score_of_expectation = 0.0;
  double score = 0.0;
  double conversions = 0.0;
  double cpa_exceed_share = 0.0;
  double expected_cpa_exceed_share = 0.0;
  double budget_use = 0.0;
  double optimum = 0.0;
  double regret = 0.0;
  double share_of_optimum = 0.0;  // sum of expected scores over sum of optima; 0 where nothing could be had
};
EvaluationMeans means(const Evaluation& evaluation);

struct EvaluationPlan {
  market::MarketConfig market;
  play::Population population;
  std::vector<int64_t> periods;
  std::vector<int> seats;  // replaced one at a time
  // What candidates of kind hindsight read; null if there is no such bidder. Its plans are made where `with_plans`.
  play::HindsightBook* book = nullptr;
  bool with_plans = false;
};

// Protocol `market`: every candidate takes each seat of each period, the others are the population. All
// candidates meet the same traffic and the same draws, so their differences are paired. Before that each period is
// played once by the population alone, for the hindsight optimum of every judged seat. Equal results for any number of
// threads. Empty if a stop was asked for.
std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads);

}  // namespace genbid::eval
