#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "oracle/grid.h"
#include "oracle/responses.h"

// A tick's response in few numbers: the fine curves of oracle/responses.h become smooth ones between knots.
//
// A curve between two knots is a cubic with given values and slopes at both (Hermite). At knots it has the fine curve's
// values. Slopes are those with which the whole curve is nearest to all points of the fine one (least squares), so that
// the steps of single impressions do not show, and then limited as Fritsch and Carlson (1980, "Monotone Piecewise Cubic
// Interpolation") have it, so that no curve falls: each to three times the rise to either neighbour.

namespace genbid::oracle {

inline constexpr int kKnotsPerOctave = 4;  // docs/speed.md has what more would bring
inline constexpr int kTapeOctaves = 6;     // of a seat's grid, always

// The grid of a seat's tape: the octave of its CPA limit, near which a unit of value is worth buying (grid_around), two
// octaves below and three above. One number of octaves for all seats and days, so that stores have one shape; limits
// are held within 2^-98 and 2^88.
AlphaGrid tape_grid(double cpa_limit);

// Knot k is at alpha = grid.lowest x 2^(k / kKnotsPerOctave). Slopes are per knot.
struct Knot {
  float value = 0.0F, value_slope = 0.0F;  // expected conversions
  float cost = 0.0F, cost_slope = 0.0F;    // expected, money
  float slots = 0.0F, slots_slope = 0.0F;  // won, exposed or not
};

// What a bid gets.
struct TapePoint {
  double value = 0.0;
  double cost = 0.0;
  double slots = 0.0;
};
// Between knots the cubic; proportional to alpha below the first knot and constant beyond the last.
TapePoint interpolate(std::span<const Knot> knots, float lowest, double alpha);

// Reads knots at all points of a grid that begins at the first knot: the fine curve again, as far as knots tell.
class CurveReader {
 public:
  CurveReader(const AlphaGrid& grid, int knots_per_octave);

  // Reads a curve whose knots are those of the grid's octaves.
  Curve read(std::span<const Knot> knots) const;

 private:
  // A point of the grid is this far on the way to the knot behind `knot`.
  struct Place {
    size_t knot = 0;
    double value0 = 0.0, slope0 = 0.0, value1 = 0.0, slope1 = 0.0;  // how much of each is in it
  };
  std::vector<Place> places_;  // by point from 1 on
};

// Makes knots of fine curves, for seats with grids of one size. Alphas of a knot that lie between two of the grid have
// the mean of both curves' points by distance; the last knot, which is the grid's end, has its last point.
class CurveThinner {
 public:
  explicit CurveThinner(const AlphaGrid& grid, int knots_per_octave = kKnotsPerOctave);

  size_t num_knots() const { return knot_places_.size(); }
  // The knots of a seat in a tick. `responses` must have wins, and `knots` num_knots() entries.
  void thin(const Responses& responses, int seat, int tick, std::span<Knot> knots) const;
  // Values and slopes at knots of any curve that does not fall, by grid point.
  void thin(std::span<const double> fine, std::span<float> values, std::span<float> slopes) const;

 private:
  struct Place {
    size_t point = 0;    // of the fine grid, at or below
    double share = 0.0;  // of the way to the next
  };
  // A fine point between knots `knot` and `knot + 1`: how far each of their values and slopes reaches there.
  struct Reach {
    size_t knot = 0;
    double value0 = 0.0, value1 = 0.0, slope0 = 0.0, slope1 = 0.0;
  };

  double at_knot(std::span<const double> fine, size_t knot) const;
  void solve(std::span<double> slopes) const;  // of the normal equations, in place

  static constexpr size_t kFirstPoint = 1;  // at the grid's first alpha; point 0 is at none
  std::vector<Place> knot_places_;
  std::vector<Reach> reaches_;           // by fine point from kFirstPoint on
  std::vector<double> diagonal_, side_;  // of the Cholesky factor of the normal equations, which are tridiagonal
};

}  // namespace genbid::oracle
