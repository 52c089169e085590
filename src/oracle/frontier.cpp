#include "oracle/frontier.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "base/convert.h"
#include "bidding/score.h"

namespace genbid::oracle {
namespace {

// The best point of a broken line that begins with what the day brought so far.
class CurveSearch {
 public:
  CurveSearch(std::span<const Point> curve, const Limits& limits, const Point& so_far)
      : curve_(curve), limits_(limits), so_far_(so_far) {
    best_.score = -1.0;
  }

  CurveOptimum find() {
    const size_t lowest = visit_corners();
    if (best_.score < 0.0) return {0.0, total(curve_[0]), 0, 0.0};
    visit_inside(lowest);
    return best_;
  }

 private:
  // The share of a segment, from its lower end, that the budget pays for.
  double payable(size_t segment) const {
    const Point& a = curve_[segment];
    const Point& b = curve_[segment + 1];
    return b.cost <= limits_.budget ? 1.0 : (limits_.budget - a.cost) / (b.cost - a.cost);
  }
  Point total(const Point& point) const { return {so_far_.value + point.value, so_far_.cost + point.cost}; }
  Point between(size_t segment, double share) const {
    const Point& a = curve_[segment];
    const Point& b = curve_[segment + 1];
    return {a.value + share * (b.value - a.value),
            std::min({a.cost + share * (b.cost - a.cost), b.cost, limits_.budget})};
  }
  bool allowed(const Point& total) const {
    // A crossing lies on the limit, but rounding may put it a little beyond.
    return !limits_.keep_cpa || total.cost <= limits_.cpa_limit * total.value * (1.0 + 1e-12);
  }
  double score_of(const Point& total) const { return expected_score(total.value, total.cost, limits_.cpa_limit); }
  // The highest expected score that so much value can have at such a cost. A score of n is at most n, and at most n^3 /
  // needed^2, whose mean over a Poisson n is value (value (value + 3) + 1) / needed^2. So less value at more cost has
  // no higher one.
  double most(double value, double cost) const {
    const double needed = cost / limits_.cpa_limit;
    if (!(needed > 1.0)) return value;
    return std::min(value, value * (value * (value + 3.0) + 1.0) / (needed * needed));
  }

  // The search goes downwards and prefers the lower of equal scores, so the last one found wins.
  void visit(size_t segment, double share, const Point& point) {
    if (!allowed(point) || most(point.value, point.cost) < best_.score) return;
    const double found = score_of(point);
    if (found >= best_.score) best_ = {found, point, segment, share};
    // Points below have less value, and all that can make them better is their lower cost: each conversion less that
    // has to pay for it adds 2 at most to the score. So none is as good as the best until it costs this much less.
    near_best_below_ = point.cost - 0.5 * (best_.score - found) * limits_.cpa_limit;
  }
  void visit_crossing(size_t segment) {
    if (!limits_.keep_cpa) return;
    const auto excess = [&](const Point& p) { return p.cost - limits_.cpa_limit * p.value; };
    const double before = excess(total(curve_[segment]));
    const double after = excess(total(curve_[segment + 1]));
    if ((before < 0.0) == (after < 0.0)) return;
    const double share = before / (before - after);
    if (share <= payable(segment)) visit(segment, share, total(between(segment, share)));
  }

  // Visits the place where the budget ends, and then the corners below it, downwards. A score is at most the value, so
  // this ends as soon as the value is below the best score. Returns where.
  size_t visit_corners() {
    const auto dear =
        std::partition_point(curve_.begin(), curve_.end(), [&](const Point& p) { return p.cost <= limits_.budget; });
    auto p = to_size(dear - curve_.begin());
    num_payable_ = p < curve_.size() ? p : p - std::min<size_t>(p, 1);
    if (p < curve_.size() && p > 0) {
      const double share = payable(p - 1);
      visit(p - 1, share, total(between(p - 1, share)));
      visit_crossing(p - 1);
    }
    while (p-- > 0) {
      if (so_far_.value + curve_[p].value < best_.score) return p;
      const Point corner = total(curve_[p]);
      if (corner.cost <= near_best_below_) visit(p, 0.0, corner);
      if (p > 0) visit_crossing(p - 1);
    }
    return 0;
  }

  void visit_inside(size_t lowest) {
    // Corners at the same place count as one, of which best_ is the lowest: `above` is the segment that leads away from
    // the highest.
    size_t above = best_.segment;
    while (above + 1 < num_payable_ && same(curve_[above], curve_[above + 1])) ++above;
    const size_t below = best_.share == 0.0 && best_.segment > 0 ? best_.segment - 1 : best_.segment;
    for (size_t segment = num_payable_; segment-- > lowest;) {
      const Point low = total(curve_[segment]);
      const Point high = total(curve_[segment + 1]);
      if (high.value <= low.value || high.cost <= low.cost) continue;  // best at one of its ends
      if (most(high.value, low.cost) <= best_.score) continue;
      constexpr double kFine = 0.01;
      const bool fine = high.value - low.value <= kFine * high.value && high.cost - low.cost <= kFine * high.cost;
      if (!fine) {
        visit_coarse(segment);
      } else if (segment == above || segment == below) {
        narrow(segment, 0.0, payable(segment), 10);
      }
    }
  }
  static bool same(const Point& a, const Point& b) { return a.value == b.value && a.cost == b.cost; }

  // A long segment may have more than one peak, so equal steps find the highest first.
  void visit_coarse(size_t segment) {
    constexpr int kSteps = 32;
    const double step = payable(segment) / kSteps;
    int best = 0;
    double best_score = -1.0;
    for (int i = 0; i <= kSteps; ++i) {
      const double found = score_inside(segment, i * step);
      if (found <= best_score) continue;
      best = i;
      best_score = found;
    }
    narrow(segment, std::max(0, best - 1) * step, std::min(kSteps, best + 1) * step, 40);
  }

  double score_inside(size_t segment, double share) const {
    const Point point = total(between(segment, share));
    return allowed(point) ? score_of(point) : -1.0;
  }

  // Golden section search between two shares. The ends themselves were visited before.
  void narrow(size_t segment, double low, double high, int rounds) {
    constexpr double kGolden = 0.6180339887498949;
    std::array<double, 2> share = {high - kGolden * (high - low), low + kGolden * (high - low)};
    std::array<double, 2> found = {score_inside(segment, share[0]), score_inside(segment, share[1])};
    for (int i = 0; i < rounds; ++i) {
      if (found[0] >= found[1]) {
        high = share[1];
        share = {high - kGolden * (high - low), share[0]};
        found = {score_inside(segment, share[0]), found[0]};
      } else {
        low = share[0];
        share = {share[1], low + kGolden * (high - low)};
        found = {found[1], score_inside(segment, share[1])};
      }
    }
    const size_t i = found[0] >= found[1] ? 0 : 1;
    // A smaller gain is rounding, and a corner is better told as a corner.
    if (found[i] > best_.score * (1.0 + 1e-12)) {
      best_ = {found[i], total(between(segment, share[i])), segment, share[i]};
    }
  }

  std::span<const Point> curve_;
  const Limits& limits_;
  const Point& so_far_;
  CurveOptimum best_;
  double near_best_below_ = std::numeric_limits<double>::infinity();
  size_t num_payable_ = 0;  // segments of which something can be paid
};

}  // namespace

CurveOptimum best_on_curve(std::span<const Point> curve, const Limits& limits, const Point& so_far) {
  assert(!curve.empty());
  return CurveSearch(curve, limits, so_far).find();
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
    const double slope_after = any_price ? 0.0 : 1.0 / as_double(grid.alpha(p + 1));
    const double cost = b.cost - a.cost;
    const double lift = b.value - a.value - cost * slope_after;  // by which the second tangent passes over a
    if (p == 0) {
      bound.push_back({a.value + std::max(lift, 0.0), a.cost});  // prices from 0 on
      continue;
    }
    const double slope_before = 1.0 / as_double(grid.alpha(p));
    const double along = std::clamp(lift / (slope_before - slope_after), 0.0, cost);
    bound.push_back({std::min(a.value + along * slope_before, b.value), a.cost + along});
  }
  bound.push_back(frontier.back());
  return bound;
}

}  // namespace genbid::oracle
