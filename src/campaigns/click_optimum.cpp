#include "campaigns/click_optimum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "campaigns/click_sums.h"

// The dual is convex in (l1, l2), and its slopes at a point are sums over the impressions won there. The region that
// can hold its minimum is a polygon, at first a rectangle; each point looked at, the polygon's centre of mass, cuts
// away the half in which the dual rises, hence a third of the area at least (Levin 1965, Newman 1965). An impression
// that is won, or lost, at every corner is so in all of the polygon: it is put into the sums and forgotten. After a few
// cuts few impressions are left, so a day costs about ten sums over all of it.

namespace genbid::campaigns {
namespace {

constexpr double kPrecision = 1e-8;  // of the value
constexpr int kMostCuts = 400;
constexpr int kCutsBetweenSortings = 3;
constexpr int64_t kFewInDouble = 1024;
constexpr int64_t kSampleStep = 16;
constexpr int64_t kFewest = 128;  // impressions of a sample
constexpr double kSamplePrecision = 1e-4;
constexpr double kGuessShare = 0.01;  // the first box around what a sample says

// Multipliers of budget and limit.
struct Point {
  double l1 = 0.0;
  double l2 = 0.0;
};

double dot(const Point& a, const Point& b) { return a.l1 * b.l1 + a.l2 * b.l2; }
Point minus(const Point& a, const Point& b) { return {a.l1 - b.l1, a.l2 - b.l2}; }

// Centre of mass of a polygon with these corners, in order; their mean where it is too thin to have an area.
Point centre(const std::vector<Point>& corners) {
  Point mean;
  for (const Point& corner : corners) {
    mean.l1 += corner.l1 / as_double(corners.size());
    mean.l2 += corner.l2 / as_double(corners.size());
  }
  double area = 0.0;
  Point sum;
  double length = 0.0;
  for (size_t i = 0; i < corners.size(); ++i) {
    const Point a = minus(corners[i], mean);
    const Point b = minus(corners[(i + 1) % corners.size()], mean);
    const double cross = a.l1 * b.l2 - a.l2 * b.l1;
    area += cross;
    sum.l1 += (a.l1 + b.l1) * cross;
    sum.l2 += (a.l2 + b.l2) * cross;
    length = std::max({length, dot(a, a), dot(b, b)});
  }
  if (!(std::abs(area) > 1e-12 * length)) return mean;
  return {mean.l1 + sum.l1 / (3.0 * area), mean.l2 + sum.l2 / (3.0 * area)};
}

// What is left of the polygon where slope . (p - at) <= 0.
std::vector<Point> cut(const std::vector<Point>& corners, const Point& slope, const Point& at) {
  std::vector<Point> left;
  for (size_t i = 0; i < corners.size(); ++i) {
    const Point& a = corners[i];
    const Point& b = corners[(i + 1) % corners.size()];
    const double of_a = dot(slope, minus(a, at));
    const double of_b = dot(slope, minus(b, at));
    if (of_a <= 0.0) left.push_back(a);
    if ((of_a < 0.0 && of_b > 0.0) || (of_a > 0.0 && of_b < 0.0)) {
      const double share = of_a / (of_a - of_b);
      left.push_back({a.l1 + share * (b.l1 - a.l1), a.l2 + share * (b.l2 - a.l2)});
    }
  }
  return left;
}

// The polygon within a box around a point, a share of the point wide on either side.
std::vector<Point> near(std::vector<Point> corners, const Point& middle, double share) {
  const Point half{share * middle.l1, share * middle.l2};
  for (const double side : {-1.0, 1.0}) {
    corners = cut(corners, {side, 0.0}, {middle.l1 + side * half.l1, 0.0});
    corners = cut(corners, {0.0, side}, {0.0, middle.l2 + side * half.l2});
  }
  return corners;
}

struct Minimum {
  double value = std::numeric_limits<double>::infinity();
  Point at;
  // Along a segment: the slopes on both sides of its minimum that were seen last. One may be missing: the minimum is an
  // end then.
  std::optional<Point> falling, rising;

  // Of the slopes at the minimum, the one that is 0 along the segment, which runs in this direction.
  Point level_slope(const Point& direction) const {
    if (!falling || !rising) return falling ? *falling : *rising;
    const double down = -dot(*falling, direction);
    const double up = dot(*rising, direction);
    const double share = down / (down + up);
    return {falling->l1 + share * (rising->l1 - falling->l1), falling->l2 + share * (rising->l2 - falling->l2)};
  }
};

class Dual {
 public:
  Dual(const float* value, const float* ctr, const float* cost, int64_t count, const ClickLimits& limits)
      : limits_(limits), value_(value), ctr_(ctr), cost_(cost), count_(count) {}

  ClickSums won_at(const Point& point) const {
    ClickSums sums = decided_;
    if (count_ > kFewInDouble) {
      sums += sum_of_wins(value_, ctr_, cost_, count_, line_at(point));
      return sums;
    }
    // The last cuts are about single impressions, which float would put on the wrong side.
    for (int64_t i = 0; i < count_; ++i) {
      if (wins(i, point)) sums += {as_double(value_[i]), as_double(cost_[i]), as_double(ctr_[i]), 1};
    }
    return sums;
  }

  // The least value over the polygon. With a guess, points around it are looked at first, then some further away.
  Minimum minimise(std::vector<Point> corners, double precision, const Point* guess) {
    Minimum best;
    const Point along = minus(corners.back(), corners.front());
    double share = kGuessShare;
    for (int cuts = 0; cuts < kMostCuts && !corners.empty(); ++cuts) {
      std::vector<Point> part;
      for (; guess != nullptr && share < 1.0 && part.empty(); share *= 2.0) part = near(corners, *guess, share);
      const Point point = centre(part.empty() ? corners : part);
      const ClickSums won = won_at(point);
      const Point slope{limits_.budget - won.cost, limits_.ppc * won.clicks - won.cost};
      const double value = won.value + dot(point, slope);
      if (value < best.value) {
        best.value = value;
        best.at = point;
      }
      (dot(slope, along) < 0.0 ? best.falling : best.rising) = slope;
      // Convex: nowhere in the polygon is it lower than the tangent says.
      double lowest = value;
      for (const Point& corner : corners) lowest = std::min(lowest, value + dot(slope, minus(corner, point)));
      if (best.value - lowest <= precision * best.value) break;
      corners = cut(corners, slope, point);
      if (cuts % kCutsBetweenSortings == kCutsBetweenSortings - 1) sort_out(corners);
    }
    return best;
  }

 private:
  WinLine line_at(const Point& point) const {
    return {1.0F, as_float(point.l2 * limits_.ppc), as_float(point.l1 + point.l2)};
  }

  bool wins(int64_t i, const Point& point) const {
    return as_double(value_[i]) + point.l2 * limits_.ppc * as_double(ctr_[i]) >=
           (point.l1 + point.l2) * as_double(cost_[i]);
  }

  // Keeps the impressions that are won at one corner and lost at another.
  void sort_out(const std::vector<Point>& corners) {
    if (kept_.count() == 0) kept_.resize(count_);
    int64_t num_open = 0;
    if (count_ > kFewInDouble) {
      std::vector<WinLine> lines;
      for (const Point& corner : corners) lines.push_back(line_at(corner));
      decided_ += sort_by_lines(value_, ctr_, cost_, count_, lines, kept_, num_open);
    } else {
      for (int64_t i = 0; i < count_; ++i) {
        size_t won = 0;
        for (const Point& corner : corners) won += wins(i, corner) ? 1 : 0;
        if (won == corners.size()) {
          decided_ += {as_double(value_[i]), as_double(cost_[i]), as_double(ctr_[i]), 1};
        } else if (won > 0) {
          at(kept_.value, num_open) = value_[i];
          at(kept_.ctr, num_open) = ctr_[i];
          at(kept_.cost, num_open++) = cost_[i];
        }
      }
    }
    value_ = kept_.value.data();
    ctr_ = kept_.ctr.data();
    cost_ = kept_.cost.data();
    count_ = num_open;
  }

  ClickLimits limits_;
  const float* value_;
  const float* ctr_;
  const float* cost_;
  int64_t count_;
  ClickSums decided_;
  Impressions kept_;
};

// A day's problem. A sample, every kSampleStep-th impression with a budget to match, has its optimum near the day's.
class Problem {
 public:
  Problem(const ClickDay& day, const ClickLimits& limits) : day_(day), limits_(limits) {
    if (day.num_impressions() < kSampleStep * kFewest) return;
    sample_.resize(day.num_impressions() / kSampleStep);
    for (int64_t i = 0; i < sample_.count(); ++i) {
      at(sample_.value, i) = at(day.value, i * kSampleStep);
      at(sample_.ctr, i) = at(day.ctr, i * kSampleStep);
      at(sample_.cost, i) = at(day.cost, i * kSampleStep);
    }
  }

  Minimum minimise(const std::vector<Point>& corners) const {
    Point guess;
    if (sample_.count() > 0) {
      const ClickLimits limits{limits_.budget * as_double(sample_.count()) / as_double(day_.num_impressions()),
                               limits_.ppc};
      guess = Dual(sample_.value.data(), sample_.ctr.data(), sample_.cost.data(), sample_.count(), limits)
                  .minimise(corners, kSamplePrecision, nullptr)
                  .at;
    }
    return whole().minimise(corners, kPrecision, sample_.count() > 0 ? &guess : nullptr);
  }

  Dual whole() const { return {day_.value.data(), day_.ctr.data(), day_.cost.data(), day_.num_impressions(), limits_}; }

 private:
  const ClickDay& day_;
  ClickLimits limits_;
  Impressions sample_;
};

// The largest l2 that can be best. What is cheaper a click than the limit, bought as far as the budget goes, gains as
// l2 grows, and the dual may not exceed what it is at 0.
double largest_l2(const ClickDay& day, const ClickLimits& limits, double all_value) {
  const ClickSums cheap = sum_of_wins(day.value.data(), day.ctr.data(), day.cost.data(), day.num_impressions(),
                                      {0.0F, as_float(limits.ppc), 1.0F});
  const double room = limits.ppc * cheap.clicks - cheap.cost;
  if (!(room > 0.0)) return 0.0;
  return all_value / (room * std::min(1.0, limits.budget / cheap.cost));
}

ClickOptimum optimum_at(double value, const Point& point, CampaignType type) {
  const double sum = point.l1 + point.l2;
  return {value, {1.0 / sum, point.l2 / sum}, type};
}

}  // namespace

std::string_view name_of(CampaignType type) {
  constexpr std::array<std::string_view, 4> kNames{"budget", "ppc", "mixed", "unbound"};
  return at(kNames, static_cast<int>(type));
}

ClickOptimum click_optimum(const ClickDay& day, const ClickLimits& limits) {
  if (!(limits.budget > 0.0) || !(limits.ppc > 0.0) || !std::isfinite(limits.budget) || !std::isfinite(limits.ppc)) {
    throw Error("optimum of a campaign's day: found budget " + std::to_string(limits.budget) + " and limit " +
                std::to_string(limits.ppc) + " a click, expected both above 0");
  }
  const Problem problem(day, limits);
  const ClickSums all = problem.whole().won_at({0.0, 0.0});
  if (all.cost <= limits.budget && all.cost <= limits.ppc * all.clicks) {
    double alpha = 0.0;
    for (int64_t i = 0; i < day.num_impressions(); ++i) {
      if (at(day.value, i) > 0.0F) {
        alpha = std::max(alpha, as_double(at(day.cost, i)) / as_double(at(day.value, i)));
      }
    }
    // Alpha is raised beyond a float's last place, since the bid is compared in float.
    return {all.value, {alpha * (1.0 + 1e-6), 0.0}, CampaignType::kUnbound};
  }
  const double l2_end = largest_l2(day, limits, all.value);
  if (l2_end == 0.0 || all.value == 0.0) return {0.0, {0.0, 0.0}, CampaignType::kPpc};
  const double l1_end = all.value / limits.budget;

  // One limit alone binds: then the other's multiplier is 0, and the dual does not fall where it grows.
  const Minimum of_budget = problem.minimise({{0.0, 0.0}, {l1_end, 0.0}});
  if (of_budget.level_slope({1.0, 0.0}).l2 >= 0.0)
    return optimum_at(of_budget.value, of_budget.at, CampaignType::kBudget);
  const Minimum of_ppc = problem.minimise({{0.0, 0.0}, {0.0, l2_end}});
  if (of_ppc.level_slope({0.0, 1.0}).l1 >= 0.0) return optimum_at(of_ppc.value, of_ppc.at, CampaignType::kPpc);
  const Minimum both = problem.minimise({{0.0, 0.0}, {l1_end, 0.0}, {l1_end, l2_end}, {0.0, l2_end}});
  return optimum_at(both.value, both.at, CampaignType::kMixed);
}

}  // namespace genbid::campaigns
