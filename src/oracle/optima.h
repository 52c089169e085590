#pragma once

#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "oracle/day_plan.h"
#include "oracle/frontier.h"
#include "oracle/responses.h"

// The best that a seat could have done in hindsight (headroom.md), in expected score, which is that of Poisson
// conversions (bidding/score.h).

namespace genbid::oracle {

struct Optimum {
  double score = 0.0;
  double value = 0.0;
  double cost = 0.0;
  double alpha = 0.0;  // the constant alpha, or the price of a unit of value
  double bound = 0.0;  // no choice of the kind scores more

  double gap() const { return bound > 0.0 ? (bound - score) / bound : 0.0; }  // as a share
};

// The soft optimum with alphas to play: the best found with one alpha a tick. They score `played_score`, which is at
// most 0.02 % less on official days.
struct TickOptimum : Optimum {
  std::vector<double> alphas;  // by tick
  double played_score = 0.0;
};

// The named optima. A soft one may pass the CPA limit, and scores less for it.
//
//   per_tick       one alpha a tick, soft: the fractional optimum, in which some ticks mix two alphas. This is what
//                  `share_of_optimum` and regret refer to
//   constant       one alpha all day, soft
//   constant_kept  one alpha all day that does not pass the CPA limit
//   slots          any slot or none for every impression, soft; of the impressions that pay at one price, a part
//
// With one alpha all day, what lies between two neighbouring alphas (0.4 % apart at most) is a mix of both, an alpha
// whose cost passes the budget is not allowed, and the bound is the score.
struct SeatOptima {
  Optimum per_tick;
  Optimum constant;
  Optimum constant_kept;
  Optimum slots;                       // 0 where the responses have none
  std::vector<double> per_tick_costs;  // money of `per_tick`, by tick
};

// `plan` is the seat's.
SeatOptima seat_optima(const Responses& responses, int seat, const DayPlan& plan, const Advertiser& advertiser);

Optimum best_per_tick(const DayPlan& plan, const Limits& limits);
// What the best per tick costs in each tick.
std::vector<double> costs_of_best_per_tick(const DayPlan& plan, const Limits& limits);
// The best per tick with its alphas, which take as long as everything else about a seat.
TickOptimum best_per_tick(const Responses& responses, int seat, const Limits& limits);
Optimum best_constant(const Responses& responses, int seat, const Limits& limits);
// A day at the beginning of a tick: what it brought so far, and the money that is left.
struct DaySoFar {
  Point so_far;
  double remaining_budget = 0.0;
};
// The constant alpha that is best from each tick on, soft; `days` by tick. From tick 0 on it is best_constant's.
std::vector<double> best_constants_of_rest(const Responses& responses, int seat, std::span<const DaySoFar> days,
                                           double cpa_limit);
// With an auction of one slot this is the optimum of a log's replay: which impressions to buy at their least winning
// cost.
Optimum best_slots(const Responses& responses, int seat, const Limits& limits);

}  // namespace genbid::oracle
