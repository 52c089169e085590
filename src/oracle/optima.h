#pragma once

#include <vector>

#include "bidding/advertiser.h"
#include "oracle/day_plan.h"
#include "oracle/frontier.h"
#include "oracle/responses.h"

// The best a seat could have done in hindsight (headroom.md), in expected score.

namespace genbid::oracle {

struct Optimum {
  double score = 0.0;
  double value = 0.0;
  double cost = 0.0;
  double alpha = 0.0;  // the constant alpha, or the price of a unit of value
  double bound = 0.0;  // no choice of the kind scores more

  double gap() const { return bound > 0.0 ? (bound - score) / bound : 0.0; }  // as a share
};

// One alpha a tick: the soft optimum, what `share_of_optimum` and regret refer to. The optimum is the fractional one, in
// which some ticks mix two alphas; `alphas` are the best found with one a tick, which score `played_score` (0.02 % less at
// most on official days).
struct TickOptimum : Optimum {
  std::vector<double> alphas;  // by tick
  double played_score = 0.0;
};

// `constant`: one alpha all day, soft. `constant_kept`: without passing the CPA limit. Both take the mix of two
// neighbouring alphas (0.4 % apart at most) for what lies between them, and an alpha whose cost passes the budget is not
// allowed; their bound is their score. `slots`: any slot or none for every impression, soft; of the impressions that
// pay at one price, a part.
struct SeatOptima {
  TickOptimum per_tick;
  Optimum constant;
  Optimum constant_kept;
  Optimum slots;  // 0 where the responses have none
};

SeatOptima seat_optima(const Responses& responses, int seat, const Advertiser& advertiser);

TickOptimum best_per_tick(const Responses& responses, int seat, const Limits& limits);
Optimum best_constant(const Responses& responses, int seat, const Limits& limits);
// With an auction of one slot this is the optimum of a log's replay: which impressions to buy at their least winning cost.
Optimum best_slots(const Responses& responses, int seat, const Limits& limits);

}  // namespace genbid::oracle
