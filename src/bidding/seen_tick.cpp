#include "bidding/seen_tick.h"

#include <algorithm>

#include "base/convert.h"
#include "bidding/score.h"

namespace genbid {

void see_tick(const SeenOptions& options, const SeatView& seat, std::span<double> scratch, const SeenTick& out) {
  const TickHistory& history = *seat.history;
  state_features(options.feature_set, *seat.advertiser, history, seat.now, scratch, seat.num_ticks);
  std::transform(scratch.begin(), scratch.end(), out.state.begin(), [](double value) { return as_float(value); });
  out.constraint[0] = as_float(seat.advertiser->budget);
  out.constraint[1] = as_float(seat.advertiser->cpa_limit);
  if (out.before.empty()) return;
  DayTotals so_far;
  so_far.budget = seat.advertiser->budget;
  so_far.cpa_limit = seat.advertiser->cpa_limit;
  so_far.won = options.realised ? history.conversions() : history.expected_conversions();
  so_far.cost = history.cost();
  so_far.score = earned_score(so_far.won, options.realised, so_far.cost, so_far.cpa_limit);
  const OutcomeValues before = outcomes_before(so_far);
  std::copy(before.begin(), before.end(), out.before.begin());
}

}  // namespace genbid
