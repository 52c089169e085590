#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/trajectory_store.h"
#include "market/market.h"
#include "oracle/fit.h"
#include "oracle/responses.h"
#include "play/hindsight.h"

namespace genbid::play {

// Labels of a seat's day, from where it stood as each of its ticks began. `asked`: by tick.
data::TrajectoryLabels labels_of(const oracle::Responses& day, int seat, const SeatHindsight& hindsight,
                                 const std::vector<oracle::DaySoFar>& days, std::vector<float> asked, double cpa_limit);

// Makes the labels of a cell's trajectories (data::TrajectoryLabels) while it is played: the market must keep ladders.
// It hears every tick, and the label of a tick is found once the day is over, from what the day had brought by then:
//
//   best_rest(tick) = DayPlan::now(tick, p-values exposed and money spent before tick, money left).alpha
//   rest_constant(tick) = best_constants_of_rest of the same
//
// The two lead to nearly the same score (a day's best constant loses 0.8 % of the optimum), but where prices of ticks
// are much alike, the first buys all of one tick and nothing of another: a fifth of its alphas are 0.
//
// A tick that a seat began without money (less than kMinRemainingBudget) has none: its three alphas are 0. Of a bid
// that is no multiple of the p-value, `asked` is the effective alpha. A seat that is misled (market/stress.h) is
// labelled by the true values.
//
// Memory: the responses, 25 KB a seat and tick. Time: a quarter to a third of a second a period of 500,000 impressions
// on one thread.
class LabelMaker : public market::PeriodSink {
 public:
  explicit LabelMaker(market::Market& market) : market_(market) {}

  // To be called with the cell about to be played; the one before is forgotten.
  void start(const market::Cell& cell);
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override;
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override;
  // The seats' labels, once the last tick is played. Where the day's money or prices lie beyond what the oracle's units
  // and grid were made for (oracle/fit.h), `again` has to record the same day again. Empty if a stop was asked for.
  std::optional<std::vector<data::TrajectoryLabels>> finish(const oracle::Record& again);

 private:
  market::Market& market_;
  market::Cell cell_;
  std::optional<oracle::Responses> responses_;
  std::optional<ResponseSink> sink_;
  std::vector<oracle::Judged> judged_;               // by seat
  std::vector<oracle::Point> so_far_;                // by seat
  std::vector<std::vector<oracle::DaySoFar>> days_;  // by seat and tick, when it began
  std::vector<std::vector<float>> asked_;            // by seat and tick, the alpha asked for; 0 without money
};

}  // namespace genbid::play
