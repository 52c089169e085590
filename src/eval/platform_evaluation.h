#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/evaluation.h"
#include "eval/platform_metrics.h"

// Protocol `platform`: what becomes of a market whose campaigns all bid with the candidate, or many of them; the three
// protocols of PlatformBid (2607.27265). Their budgets and CPA limits are the population's; nobody of it bids.

namespace genbid::eval {

// homogeneous: every seat is the candidate's.
// heterogeneous: half of the seats are, every second one, the others are an opponent's. In periods of odd number they
//   change places, so that over two successive periods each has sat in every seat.
// promotion: every seat is the candidate's, and every seventh (7 of 48, all categories among them) has twice its
// budget.
enum class PlatformMix { kHomogeneous, kHeterogeneous, kPromotion };
const std::vector<std::string>& platform_mixes();  // "homogeneous", "heterogeneous", "promotion"
PlatformMix parse_platform_mix(std::string_view name);

struct PlatformPlan {
  market::MarketConfig market;  // with its reserves made (play/category_reserves.h)
  play::Population population;
  std::vector<int64_t> periods;
  PlatformMix mix = PlatformMix::kHomogeneous;
  Bidder* opponent = nullptr;  // heterogeneous; not owned
  std::string opponent_name = {};
  // Whether cells get their optimum, which takes about as long as playing them: what the seat alone could have had, all
  // others bidding as they did in this very play. 0 otherwise.
  bool with_optimum = true;
  const JobStore* store = nullptr;  // where periods are kept and found; null: nowhere
  std::string scenario = {};        // a hash of all of the above but periods and seeds, for those that are kept
};

// In which part a seat sits, and whether the candidate bids for it.
PlatformGroup platform_group(PlatformMix mix, int64_t period, int seat);

struct PlatformEvaluation {
  std::string name;
  std::string kind;
  Wishes asked = {};
  std::vector<PlatformCell> cells = {};  // all seats, by period as listed, then seat; the opponent's too
  std::string record = {};               // as the candidate's
  bool with_optimum = true;              // else the cells' optima say nothing
};

// Plays every period once, one after another, in a market made from plan.market, which keeps traffic from one call to
// the next where it has a cache: candidates are judged one at a time. Equal results for any number of threads and
// whoever else is judged. A period that is in the store is not played again, and what is played is in it at once.
// Empty if a stop was asked for.
//
// Error for a candidate of kind "hindsight" (the day that it knows would not be the one that is played), for a mix that
// lacks its opponent, and where an optimum needs a period played again that bidders would play otherwise, since they
// remember the one before.
std::optional<PlatformEvaluation> evaluate_platform(const PlatformPlan& plan, const Candidate& candidate,
                                                    market::Market& market,
                                                    const std::function<void()>& tick_played = {});

}  // namespace genbid::eval
