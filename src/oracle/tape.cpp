#include "oracle/tape.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/convert.h"

namespace genbid::oracle {
namespace {

// The four cubics of a piece: the values and slopes of its two ends.
struct Hermite {
  double value0, value1, slope0, slope1;
  explicit Hermite(double u)
      : value0((1.0 + 2.0 * u) * (1.0 - u) * (1.0 - u)),
        value1(u * u * (3.0 - 2.0 * u)),
        slope0(u * (1.0 - u) * (1.0 - u)),
        slope1(-u * u * (1.0 - u)) {}
  double of(float a, float a_slope, float b, float b_slope) const {
    return value0 * as_double(a) + value1 * as_double(b) + slope0 * as_double(a_slope) + slope1 * as_double(b_slope);
  }
};

// The largest float of at most this.
float rounded_down(double value) {
  const float near = as_float(value);
  return as_double(near) > value ? std::nextafter(near, 0.0F) : near;
}

}  // namespace

AlphaGrid tape_grid(double cpa_limit) {
  AlphaGrid grid;
  grid.lowest = std::ldexp(1.0F, std::ilogb(std::clamp(cpa_limit, 0x1p-98, 0x1p88)) - 2);
  grid.octaves = kTapeOctaves;
  return grid;
}

TapePoint interpolate(std::span<const Knot> knots, float lowest, double alpha) {
  const auto scaled = [](const Knot& knot, double by) {
    return TapePoint{by * as_double(knot.value), by * as_double(knot.cost), by * as_double(knot.slots)};
  };
  const double first = as_double(lowest);
  if (!(alpha > 0.0)) return {};
  if (alpha <= first) return scaled(knots.front(), alpha / first);
  const double place = std::log2(alpha / first) * kKnotsPerOctave;
  if (place >= as_double(knots.size() - 1)) return scaled(knots.back(), 1.0);
  const auto k = static_cast<size_t>(place);
  const Hermite h(place - as_double(k));
  const Knot& a = knots[k];
  const Knot& b = knots[k + 1];
  return {h.of(a.value, a.value_slope, b.value, b.value_slope), h.of(a.cost, a.cost_slope, b.cost, b.cost_slope),
          h.of(a.slots, a.slots_slope, b.slots, b.slots_slope)};
}

CurveReader::CurveReader(const AlphaGrid& grid, int knots_per_octave) {
  const auto last = to_size(grid.octaves * knots_per_octave);
  for (size_t point = 1; point < grid.num_points(); ++point) {
    const double place = std::log2(as_double(grid.alpha(point)) / as_double(grid.lowest)) * knots_per_octave;
    const size_t knot = std::min(static_cast<size_t>(place), last - 1);
    const Hermite h(place - as_double(knot));
    places_.push_back({knot, h.value0, h.slope0, h.value1, h.slope1});
  }
}

Curve CurveReader::read(std::span<const Knot> knots) const {
  Curve curve{Point{}};
  curve.reserve(places_.size() + 1);
  for (const Place& p : places_) {
    const Knot& a = knots[p.knot];
    const Knot& b = knots[p.knot + 1];
    const auto of = [&](float y0, float m0, float y1, float m1) {
      return p.value0 * as_double(y0) + p.slope0 * as_double(m0) + p.value1 * as_double(y1) + p.slope1 * as_double(m1);
    };
    curve.push_back(
        {of(a.value, a.value_slope, b.value, b.value_slope), of(a.cost, a.cost_slope, b.cost, b.cost_slope)});
  }
  return curve;
}

CurveThinner::CurveThinner(const AlphaGrid& grid, int knots_per_octave) {
  const int last_knot = grid.octaves * knots_per_octave;
  const size_t last_point = grid.num_points() - 1;
  const double first = as_double(grid.lowest);
  for (int k = 0; k <= last_knot; ++k) {
    const double alpha = first * std::exp2(as_double(k) / knots_per_octave);
    // The point above alpha is the first whose alpha exceeds it, so the one before is at or below.
    const size_t above = to_size(grid.first_point_above(as_float(alpha)));
    const size_t point = std::min(above - 1, last_point);
    Place place{point, 0.0};
    if (point < last_point) {
      const double low = as_double(grid.alpha(point));
      place.share = std::clamp((alpha - low) / (as_double(grid.alpha(point + 1)) - low), 0.0, 1.0);
    }
    knot_places_.push_back(place);
  }
  diagonal_.assign(num_knots(), 0.0);
  side_.assign(num_knots(), 0.0);
  for (size_t p = kFirstPoint; p <= last_point; ++p) {
    const double place = std::log2(as_double(grid.alpha(p)) / first) * knots_per_octave;
    const size_t knot = std::min(static_cast<size_t>(place), to_size(last_knot) - 1);
    const Hermite h(place - as_double(knot));
    reaches_.push_back({knot, h.value0, h.value1, h.slope0, h.slope1});
    diagonal_[knot] += h.slope0 * h.slope0;
    diagonal_[knot + 1] += h.slope1 * h.slope1;
    side_[knot] += h.slope0 * h.slope1;
  }
  for (size_t k = 0; k < num_knots(); ++k) {
    if (k > 0) diagonal_[k] -= side_[k - 1] * side_[k - 1];
    assert(diagonal_[k] > 0.0);
    diagonal_[k] = std::sqrt(diagonal_[k]);
    side_[k] /= diagonal_[k];
  }
}

double CurveThinner::at_knot(std::span<const double> fine, size_t knot) const {
  const auto& [point, share] = knot_places_[knot];
  if (share == 0.0) return fine[point];
  return fine[point] + share * (fine[point + 1] - fine[point]);
}

void CurveThinner::solve(std::span<double> slopes) const {
  for (size_t k = 0; k < slopes.size(); ++k) {
    if (k > 0) slopes[k] -= side_[k - 1] * slopes[k - 1];
    slopes[k] /= diagonal_[k];
  }
  for (size_t k = slopes.size(); k-- > 0;) {
    if (k + 1 < slopes.size()) slopes[k] -= side_[k] * slopes[k + 1];
    slopes[k] /= diagonal_[k];
  }
}

void CurveThinner::thin(std::span<const double> fine, std::span<float> values, std::span<float> slopes) const {
  assert(values.size() == num_knots() && slopes.size() == num_knots());
  assert(fine.size() == reaches_.size() + kFirstPoint);
  for (size_t k = 0; k < num_knots(); ++k) values[k] = as_float(at_knot(fine, k));
  std::vector<double> fitted(num_knots());
  const double* point = fine.data() + kFirstPoint;
  for (const Reach& reach : reaches_) {
    const size_t k = reach.knot;
    const double rest = *point++ - reach.value0 * as_double(values[k]) - reach.value1 * as_double(values[k + 1]);
    fitted[k] += rest * reach.slope0;
    fitted[k + 1] += rest * reach.slope1;
  }
  solve(fitted);
  // The rises are those of the rounded values, so that what is stored does not fall either.
  for (size_t k = 0; k < num_knots(); ++k) {
    double most = std::numeric_limits<double>::max();
    if (k > 0) most = std::min(most, 3.0 * (as_double(values[k]) - as_double(values[k - 1])));
    if (k + 1 < num_knots()) most = std::min(most, 3.0 * (as_double(values[k + 1]) - as_double(values[k])));
    slopes[k] = rounded_down(std::clamp(fitted[k], 0.0, most));
  }
}

void CurveThinner::thin(const Responses& responses, int seat, int tick, std::span<Knot> knots) const {
  assert(knots.size() == num_knots());
  const Curve curve = responses.bid_curve(seat, tick);
  const std::vector<int64_t> wins = responses.win_curve(seat, tick);
  std::vector<double> fine(curve.size());
  std::vector<float> values(num_knots()), slopes(num_knots());
  const auto put = [&](float Knot::*value, float Knot::*slope) {
    thin(fine, values, slopes);
    for (size_t k = 0; k < knots.size(); ++k) {
      knots[k].*value = values[k];
      knots[k].*slope = slopes[k];
    }
  };
  std::transform(curve.begin(), curve.end(), fine.begin(), [](const Point& point) { return point.value; });
  put(&Knot::value, &Knot::value_slope);
  std::transform(curve.begin(), curve.end(), fine.begin(), [](const Point& point) { return point.cost; });
  put(&Knot::cost, &Knot::cost_slope);
  std::transform(wins.begin(), wins.end(), fine.begin(), [](int64_t count) { return as_double(count); });
  put(&Knot::slots, &Knot::slots_slope);
}

}  // namespace genbid::oracle
