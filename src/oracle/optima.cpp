#include "oracle/optima.h"

#include <algorithm>

#include "base/convert.h"
#include "bidding/score.h"

namespace genbid::oracle {
namespace {

// A frontier's optimum is a mix of the alphas of two neighbouring prices. Here every tick gets one alpha: as many ticks
// as fit move on to the dearer price, then single alphas move, also off their tick's hull, as long as the score rises.
class Rounding {
 public:
  Rounding(const Responses& responses, int seat, const DayPlan& plan, const Limits& limits) : limits_(limits) {
    for (int tick = 0; tick < plan.num_ticks(); ++tick) curves_.push_back(responses.bid_curve(seat, tick));
    const CurveOptimum best = best_on_curve(plan.frontier(0), limits);
    for (int tick = 0; tick < plan.num_ticks(); ++tick) chosen_.push_back(plan.choice(tick, best.segment));
    if (best.share > 0.0) {
      for (int tick = 0; tick < plan.num_ticks(); ++tick) {
        const auto t = to_size(tick);
        const size_t before = chosen_[t];
        chosen_[t] = plan.choice(tick, best.segment + 1);
        if (total().cost > best.point.cost) chosen_[t] = before;
      }
    }
    while (improve()) {
    }
  }

  Point total() const {
    Point sum;
    for (size_t t = 0; t < curves_.size(); ++t) {
      sum.value += curves_[t][chosen_[t]].value;
      sum.cost += curves_[t][chosen_[t]].cost;
    }
    return sum;
  }
  const std::vector<size_t>& chosen() const { return chosen_; }

 private:
  // The best move of one tick's alpha by up to a quarter of an octave.
  bool improve() {
    constexpr size_t kReach = 64;
    const Point sum = total();
    // A smaller gain is not worth another pass.
    double best = expected_score(sum.value, sum.cost, limits_.cpa_limit) * (1.0 + 1e-7);
    size_t best_tick = curves_.size();
    size_t best_point = 0;
    for (size_t t = 0; t < curves_.size(); ++t) {
      const Curve& curve = curves_[t];
      const Point& now = curve[chosen_[t]];
      const size_t first = chosen_[t] > kReach ? chosen_[t] - kReach : 0;
      const size_t last = std::min(chosen_[t] + kReach, curve.size() - 1);
      for (size_t p = first; p <= last; ++p) {
        const double value = sum.value - now.value + curve[p].value;
        const double cost = sum.cost - now.cost + curve[p].cost;
        if (cost > limits_.budget || value <= best) continue;
        const double found = expected_score(value, cost, limits_.cpa_limit);
        if (found <= best) continue;
        best = found;
        best_tick = t;
        best_point = p;
      }
    }
    if (best_tick == curves_.size()) return false;
    chosen_[best_tick] = best_point;
    return true;
  }

  Limits limits_;
  std::vector<Curve> curves_;   // by tick
  std::vector<size_t> chosen_;  // grid points, by tick
};

double alpha_of(const CurveOptimum& best, const AlphaGrid& grid) {
  const auto from = as_double(grid.alpha(best.segment));
  if (best.share == 0.0) return from;
  return from + best.share * (as_double(grid.alpha(best.segment + 1)) - from);
}

}  // namespace

Optimum best_per_tick(const DayPlan& plan, const Limits& limits) {
  const CurveOptimum best = best_on_curve(plan.frontier(0), limits);
  const double bound = best_on_curve(tangent_bound(plan.frontier(0), plan.grid()), limits).score;
  // Score and bound are in this order, but for rounding.
  return {best.score, best.point.value, best.point.cost, alpha_of(best, plan.grid()), std::max(bound, best.score)};
}

std::vector<double> costs_of_best_per_tick(const DayPlan& plan, const Limits& limits) {
  const CurveOptimum best = best_on_curve(plan.frontier(0), limits);
  const auto cost_from = [&](int tick) {
    if (tick == plan.num_ticks()) return 0.0;
    const std::span<const Point> rest = plan.frontier(tick);
    const double from = rest[best.segment].cost;
    return best.share == 0.0 ? from : from + best.share * (rest[best.segment + 1].cost - from);
  };
  std::vector<double> costs;
  for (int tick = 0; tick < plan.num_ticks(); ++tick) {
    costs.push_back(std::max(cost_from(tick) - cost_from(tick + 1), 0.0));  // but for rounding it is not below 0
  }
  return costs;
}

TickOptimum best_per_tick(const Responses& responses, int seat, const Limits& limits) {
  const DayPlan plan(responses, seat);
  TickOptimum optimum;
  static_cast<Optimum&>(optimum) = best_per_tick(plan, limits);
  const Rounding rounding(responses, seat, plan, limits);
  const Point played = rounding.total();
  optimum.played_score = expected_score(played.value, played.cost, limits.cpa_limit);
  for (const size_t point : rounding.chosen()) {
    optimum.alphas.push_back(as_double(plan.grid().alpha(point)));
  }
  return optimum;
}

Optimum best_constant(const Responses& responses, int seat, const Limits& limits) {
  const CurveOptimum best = best_on_curve(responses.bid_curve(seat), limits);
  return {best.score, best.point.value, best.point.cost, alpha_of(best, responses.grid(seat)), best.score};
}

std::vector<double> best_constants_of_rest(const Responses& responses, int seat, std::span<const DaySoFar> days,
                                           double cpa_limit) {
  std::vector<double> alphas(days.size());
  Curve rest(responses.grid(seat).num_points());
  for (size_t tick = days.size(); tick-- > 0;) {
    const Curve curve = responses.bid_curve(seat, static_cast<int>(tick));
    for (size_t p = 0; p < rest.size(); ++p) {
      rest[p].value += curve[p].value;
      rest[p].cost += curve[p].cost;
    }
    const DaySoFar& day = days[tick];
    alphas[tick] = alpha_of(best_on_curve(rest, {day.remaining_budget, cpa_limit}, day.so_far), responses.grid(seat));
  }
  return alphas;
}

Optimum best_slots(const Responses& responses, int seat, const Limits& limits) {
  const Curve frontier = responses.slot_curve(seat);
  const CurveOptimum best = best_on_curve(frontier, limits);
  const double bound = best_on_curve(tangent_bound(frontier, responses.grid(seat)), limits).score;
  return {best.score, best.point.value, best.point.cost, alpha_of(best, responses.grid(seat)),
          std::max(bound, best.score)};
}

SeatOptima seat_optima(const Responses& responses, int seat, const DayPlan& plan, const Advertiser& advertiser) {
  const Limits soft{advertiser.budget, advertiser.cpa_limit, false};
  const Limits kept{advertiser.budget, advertiser.cpa_limit, true};
  return {best_per_tick(plan, soft), best_constant(responses, seat, soft), best_constant(responses, seat, kept),
          responses.has_slots() ? best_slots(responses, seat, soft) : Optimum(), costs_of_best_per_tick(plan, soft)};
}

}  // namespace genbid::oracle
