#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shard.h"
#include "base/threads.h"
#include "bidding/bidder.h"
#include "eval/cell.h"
#include "eval/job_store.h"
#include "market/market.h"
#include "play/hindsight.h"
#include "play/population.h"
#include "bidding/outcomes.h"

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
  Wishes asked = {};  // for what a policy was asked
  HindsightChoice choice = HindsightChoice::kPerTick;
  bool reads_plans = false;    // of the book: how the rest of the day is best played from any tick on
  int64_t policy_seed = 1;     // of its noise
  std::string identity = {};   // a hash of all that decides what it does, for jobs that are kept
  std::string folder = {};     // its name as a folder's
  std::string record = {};     // JSON: what a result says about it; may be empty
  std::string selection = {};  // JSON: which market evaluations chose it; empty: none did
};

struct Evaluation {
  std::string name;
  std::string kind;
  std::vector<CellResult> cells;  // by period as listed, then seat
  Wishes asked = {};
  std::string record = {};     // as the candidate's
  std::string selection = {};  // JSON: which market evaluations chose it; empty: none did
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
  double share_of_optimum = 0.0;     // sum of expected scores over sum of optima; 0 where nothing could be had
  double interquartile_share = 0.0;  // mean of the middle half of the cells' own shares of the optimum
};
EvaluationMeans means(const Evaluation& evaluation);

struct EvaluationPlan {
  market::MarketConfig market;
  play::Population population;
  std::vector<int64_t> periods;
  std::vector<int> seats;                  // replaced one at a time
  std::vector<int64_t> market_seeds = {};  // each a market of its own, in place of market.seed; empty: that one
  // What candidates of kind hindsight read; null if there is no such bidder.
  play::HindsightBook* book = nullptr;
  // Where jobs are kept and found; null: nowhere.
  const JobStore* store = nullptr;
  std::string scenario = {};  // a hash of all of the above but periods, seats and seeds, for jobs that are kept
  Shard shard = {};
};

// Protocol `market`: every candidate takes each seat of each period, the others are the population. All candidates meet
// the same traffic and the same draws, so their differences are paired. Before that each period is played once by the
// population alone, for the hindsight optimum of every judged seat. Equal results for any number of threads.
struct JobsDone {
  // As the candidates are listed; cells by market seed, period as listed, seat. Empty where jobs are missing.
  std::vector<Evaluation> evaluations;
  int64_t missing = 0;  // jobs that another shard has to play
};
// Jobs that are in the store are not played again; what is played is in it at once. Empty if a stop was asked for.
std::optional<JobsDone> play_jobs(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                  Threads& threads);
// The same of all jobs, kept nowhere; empty if a stop was asked for.
std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads);

}  // namespace genbid::eval
