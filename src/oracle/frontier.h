#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "oracle/grid.h"

// The best expected score on a curve of (cost, value), with a cost within the budget. Conversions count as Poisson with
// the value as their mean (bidding/score.h); in a market whose p-values are near 1 they vary less, so such a score is
// less than what is really expected there.

namespace genbid::oracle {

// Expected value and cost.
struct Point {
  double value = 0.0;
  double cost = 0.0;
};
// Values and costs that rise together, by grid point. Between two points lie mixes of both.
using Curve = std::vector<Point>;

struct Limits {
  double budget = 0.0;
  double cpa_limit = 0.0;
  bool keep_cpa = false;  // true: a cost beyond cpa_limit * value is not allowed either
};

struct CurveOptimum {
  double score = 0.0;
  Point point;         // so_far included
  size_t segment = 0;  // begins at this point of the curve
  double share = 0.0;  // of the way to the next point, 0 to 1
};

// Searches the whole broken line: its corners, the place where the budget ends and, if the limit is to be kept, where
// it is crossed; then the inside of segments. A segment of more than 1 % of value or cost is searched wherever it could
// hold more than the best so far, one as fine as a grid's only on either side of the best corner (on days of the
// official scale that misses at most 1e-7 of the score). `budget` counts from now on, and the score begins with
// `so_far`. Of equal scores the lowest point wins; if nothing is allowed, it is the first point. This takes some 5 us.
CurveOptimum best_on_curve(std::span<const Point> curve, const Limits& limits, const Point& so_far = {});

// A curve that no choice by price reaches beyond. What joins between two neighbouring points of a frontier over prices
// of value costs, a unit of value, at least the one price and at most the other, so the tangents at both points bound
// it. The last point stands for any price, so that the marginal price of a day of few impressions need not lie on the
// grid.
Curve tangent_bound(std::span<const Point> frontier, const AlphaGrid& grid);

}  // namespace genbid::oracle
