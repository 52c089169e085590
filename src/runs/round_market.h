#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random/random.h"
#include "base/threads.h"
#include "eval/policy_bidder.h"
#include "market/market.h"
#include "play/population.h"
#include "play/tape_maker.h"
#include "policy/policy.h"
#include "runs/train_run.h"

namespace genbid::runs {

// What a round was like, over the seats that the policy took, or all where it took none.
struct RoundSummary {
  double expected_score = 0.0;  // mean
  double budget_use = 0.0;      // all cost / all budgets
  double expected_cpa = 0.0;    // all cost / CPA limit / all expected conversions
};

// What makes the days of rounds, as stores say it (play/run_identity.h).
std::string identity_of(const RoundsConfig& config);

// The market in which a policy plays the periods of a round, live: rivals, and its copies, react to what it does.
class RoundMarket {
 public:
  // `bidder`: how the policy is asked, whoever it is.
  RoundMarket(const TrainRunConfig& config, eval::PolicyBidderOptions bidder);

  // Round 0 is played by the population alone. A round's periods are those of the list behind the round before's.
  std::vector<int64_t> periods(int64_t round) const;
  // The seats that the policy takes in the place-th of them, drawn by training seed, round and place; all in round 0.
  std::vector<int> seats(int64_t round, int64_t place) const;

  // Plays a round and writes the tapes of all seats into a store at `path`: whole, or nothing. Empty if a stop was
  // asked for. The same for any number of threads.
  std::optional<RoundSummary> play(int64_t round, const std::shared_ptr<policy::Policy>& policy,
                                   const std::string& path);

 private:
  market::Cell cell(int64_t period, const std::vector<int>& candidates) const;
  bool open();
  std::optional<data::TapeColumns> play_period(const market::Cell& cell, play::TapeMaker& tape,
                                               const std::vector<Bidder*>& bidders, const std::vector<int>& seat_bidder,
                                               const std::vector<int>& judged);

  RoundsConfig config_;
  int64_t seed_;
  eval::PolicyBidderOptions options_;
  Threads threads_;
  play::Population population_;
  std::string identity_;
  std::unique_ptr<market::Market> market_;  // opened with the first round, reserves and all
  // Sums of the round that is being played.
  double score_ = 0.0, cost_ = 0.0, budget_ = 0.0, paid_ = 0.0, value_ = 0.0;
  int64_t num_cells_ = 0;
};

}  // namespace genbid::runs
