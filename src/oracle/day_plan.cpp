#include "oracle/day_plan.h"

#include <cassert>

#include "base/convert.h"

namespace genbid::oracle {
namespace {

// Points of the curve's upper concave hull, lowest first. Point 0, where nothing is bought, is one of them.
std::vector<uint16_t> concave_hull(const Curve& curve) {
  std::vector<uint16_t> hull{0};
  for (size_t p = 1; p < curve.size(); ++p) {
    if (curve[p].value <= curve[hull.back()].value) continue;  // it costs as much or more, and brings nothing
    while (hull.size() >= 2) {
      const Point& a = curve[hull[hull.size() - 2]];
      const Point& b = curve[hull.back()];
      const double rise = (b.value - a.value) * (curve[p].cost - a.cost);
      if (rise > (curve[p].value - a.value) * (b.cost - a.cost)) break;
      hull.pop_back();
    }
    hull.push_back(static_cast<uint16_t>(p));
  }
  return hull;
}

}  // namespace

DayPlan::DayPlan(const Responses& responses, int seat)
    : DayPlan(responses.grid(seat), responses.num_ticks(), [&](int tick) { return responses.bid_curve(seat, tick); }) {}

DayPlan::DayPlan(const AlphaGrid& grid, int num_ticks, const std::function<Curve(int tick)>& curve_of)
    : num_ticks_(num_ticks), grid_(grid) {
  const size_t num_points = grid_.num_points();
  assert(num_points <= UINT16_MAX);
  frontier_.resize(to_size(num_ticks_) * num_points);
  choices_.resize(frontier_.size());
  for (int tick = num_ticks_ - 1; tick >= 0; --tick) {
    const Curve curve = curve_of(tick);
    const std::vector<uint16_t> hull = concave_hull(curve);
    // The first price at which the next segment of the hull is bought, as impressions join a response.
    size_t at = 0;
    const auto joins = [&] {
      if (at + 1 == hull.size()) return num_points;
      const Point& a = curve[hull[at]];
      const Point& b = curve[hull[at + 1]];
      return to_size(grid_.first_point_above(as_float((b.cost - a.cost) / (b.value - a.value))));
    };
    size_t next = joins();
    for (size_t price = 0; price < num_points; ++price) {
      for (; next <= price; next = joins()) ++at;
      const size_t here = index(tick, price);
      const Point later = tick + 1 < num_ticks_ ? frontier_[here + num_points] : Point{};
      if (price + 1 == num_points) at = hull.size() - 1;
      choices_[here] = hull[at];
      frontier_[here] = {later.value + curve[hull[at]].value, later.cost + curve[hull[at]].cost};
    }
  }
}

std::span<const Point> DayPlan::frontier(int tick) const {
  return std::span(frontier_).subspan(index(tick, 0), grid_.num_points());
}

DayPlan::Now DayPlan::now(int tick, const Point& so_far, double remaining_budget, double cpa_limit) const {
  const CurveOptimum best = best_on_curve(frontier(tick), {remaining_budget, cpa_limit}, so_far);
  const auto alpha = [&](size_t price) { return as_double(grid_.alpha(choice(tick, price))); };
  const double from = alpha(best.segment);
  if (best.share == 0.0) return {from, best.score};
  return {from + best.share * (alpha(best.segment + 1) - from), best.score};
}

}  // namespace genbid::oracle
