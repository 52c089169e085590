#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "oracle/grid.h"

// The best expected score on a curve of (cost, value), with a cost within the budget: conversions are Poisson with the
// value as their mean (bidding/score.h). Of a market whose p-values are near 1 that is less than what is expected.

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

// Over the whole broken line: its corners, where the budget ends and, if the limit is to be kept, where it is crossed;
// then inside of segments. A segment of more than 1 % of value or cost is searched wherever it could have more, one as
// fine as a grid's on either side of the best corner alone (on days of the official scale that misses at most 1e-7 of
// the score). `budget` counts from now on, so_far is what the score begins with; of equal scores the lowest point wins.
// If nothing is allowed, the first point. Some 5 us.
CurveOptimum best_on_curve(std::span<const Point> curve, const Limits& limits, const Point& so_far = {});

// No choice by price reaches beyond this curve: what joins between two neighbouring points of a frontier over prices of
// value costs at least the one and at most the other price, so both tangents bound it. The last point stands for any
// price, so that the marginal price of a day of few impressions need not lie on the grid.
Curve tangent_bound(std::span<const Point> frontier, const AlphaGrid& grid);

}  // namespace genbid::oracle
