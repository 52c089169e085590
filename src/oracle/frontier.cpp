#include "oracle/frontier.h"

#include <algorithm>
#include <cassert>

#include "bidding/score.h"

namespace genbid::oracle {

CurveOptimum best_on_curve(std::span<const Point> curve, const Limits& limits, const Point& so_far) {
  assert(!curve.empty());
  const double cpa_limit = limits.cpa_limit;
  CurveOptimum best;
  best.score = -1.0;
  const auto consider = [&](size_t segment, double share, double value, double cost) {
    const double total_value = so_far.value + value;
    const double total_cost = so_far.cost + cost;
    if (cost > limits.budget) return;
    // A crossing lies on the limit but for rounding.
    if (limits.keep_cpa && total_cost > cpa_limit * total_value * (1.0 + 1e-12)) return;
    const double found = score(total_value, total_cost, cpa_limit);
    if (found >= best.score) best = {found, {total_value, total_cost}, segment, share};
  };
  const auto consider_crossing = [&](size_t segment, double before, double after) {
    if ((before < 0.0) == (after < 0.0)) return;
    const double share = before / (before - after);
    const Point& a = curve[segment];
    const Point& b = curve[segment + 1];
    consider(segment, share, a.value + share * (b.value - a.value),
             std::min(a.cost + share * (b.cost - a.cost), b.cost));
  };
  const auto excess = [&](const Point& p) { return so_far.cost + p.cost - cpa_limit * (so_far.value + p.value); };

  // The search goes downwards from the first point that is too dear. A score is at most the value, so it ends early.
  const auto dear =
      std::partition_point(curve.begin(), curve.end(), [&](const Point& p) { return p.cost <= limits.budget; });
  auto p = static_cast<size_t>(dear - curve.begin());
  if (p < curve.size() && p > 0) {
    const Point& a = curve[p - 1];
    const Point& b = curve[p];
    const double share = (limits.budget - a.cost) / (b.cost - a.cost);
    consider(p - 1, share, a.value + share * (b.value - a.value), limits.budget);
    consider_crossing(p - 1, excess(a), excess(b));
  }
  while (p-- > 0) {
    if (so_far.value + curve[p].value < best.score) {
      break;
    }
    consider(p, 0.0, curve[p].value, curve[p].cost);
    if (p > 0) consider_crossing(p - 1, excess(curve[p - 1]), excess(curve[p]));
  }
  if (best.score < 0.0) best = {0.0, {so_far.value + curve[0].value, so_far.cost + curve[0].cost}, 0, 0.0};
  return best;
}

Curve tangent_bound(std::span<const Point> frontier, const AlphaGrid& grid) {
  assert(frontier.size() == grid.num_points());
  Curve bound;
  bound.reserve(2 * frontier.size());
  for (size_t p = 0; p + 1 < frontier.size(); ++p) {
    const Point& a = frontier[p];
    const Point& b = frontier[p + 1];
    bound.push_back(a);
    const bool any_price = p + 2 == frontier.size();
    const double slope_after = any_price ? 0.0 : 1.0 / static_cast<double>(grid.alpha(p + 1));
    const double cost = b.cost - a.cost;
    const double lift = b.value - a.value - cost * slope_after;  // of the second tangent over a
    if (p == 0) {
      bound.push_back({a.value + std::max(lift, 0.0), a.cost});  // prices from 0 on
      continue;
    }
    const double slope_before = 1.0 / static_cast<double>(grid.alpha(p));
    const double along = std::clamp(lift / (slope_before - slope_after), 0.0, cost);
    bound.push_back({std::min(a.value + along * slope_before, b.value), a.cost + along});
  }
  bound.push_back(frontier.back());
  return bound;
}

}  // namespace genbid::oracle
