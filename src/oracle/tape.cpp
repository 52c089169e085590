#include "oracle/tape.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/convert.h"

namespace genbid::oracle {
namespace {

constexpr size_t kCurves = 3;  // value, cost, slots

// A curve over the points of a grid, read between them: alphas within an octave lie evenly.
class Fine {
 public:
  Fine(const AlphaGrid& grid, float lowest, std::vector<double> values)
      : grid_(grid), octaves_below_(std::log2(as_double(lowest) / as_double(grid.lowest))), values_(std::move(values)) {}

  // At so many knots from the tape's lowest alpha.
  double at_knots(double knots) const {
    const double octaves = std::clamp(octaves_below_ + knots / kKnotsPerOctave, 0.0, as_double(grid_.octaves));
    const double octave = std::floor(octaves);
    const double steps = as_double(1 << grid_.bits);
    const double place = 1.0 + steps * (octave + std::exp2(octaves - octave) - 1.0);
    const double last = as_double(values_.size() - 1);
    const double point = std::min(std::floor(place), last - 1.0);
    const double share = std::min(place - point, 1.0);
    const auto left = static_cast<size_t>(point);
    return values_[left] + share * (values_[left + 1] - values_[left]);
  }

 private:
  AlphaGrid grid_;
  double octaves_below_;  // that the tape's grid begins above the responses'
  std::vector<double> values_;
};

struct Knot {
  double value = 0.0;
  double slope = 0.0;
};

std::vector<Knot> knots_of(const Fine& curve) {
  constexpr int count = kTapeKnots;
  std::vector<Knot> knots;
  for (int k = 0; k < count; ++k) {
    const double left = std::max(0.0, k - 0.5);
    const double right = std::min(k + 0.5, as_double(count - 1));
    knots.push_back({curve.at_knots(k), (curve.at_knots(right) - curve.at_knots(left)) / (right - left)});
  }
  for (size_t k = 0; k + 1 < knots.size(); ++k) {
    const double rise = knots[k + 1].value - knots[k].value;
    if (rise <= 0.0) {
      knots[k].slope = knots[k + 1].slope = 0.0;
      continue;
    }
    const double a = knots[k].slope / rise;
    const double b = knots[k + 1].slope / rise;
    const double square = a * a + b * b;
    if (square <= 9.0) continue;
    const double scale = 3.0 / std::sqrt(square);
    knots[k].slope *= scale;
    knots[k + 1].slope *= scale;
  }
  return knots;
}

}  // namespace

float lowest_on_tape(double cpa_limit) { return std::ldexp(1.0F, std::clamp(std::ilogb(cpa_limit) - 2, -100, 90)); }

void append_knots(const Responses& responses, int seat, int tick, float lowest, std::vector<float>& numbers) {
  assert(responses.counts_slots());
  const AlphaGrid& grid = responses.grid(seat);
  std::vector<double> value;
  std::vector<double> cost;
  for (const Point& point : responses.bid_curve(seat, tick)) {
    value.push_back(point.value);
    cost.push_back(point.cost);
  }
  const std::array<std::vector<Knot>, kCurves> curves = {
      knots_of(Fine(grid, lowest, std::move(value))), knots_of(Fine(grid, lowest, std::move(cost))),
      knots_of(Fine(grid, lowest, responses.count_curve(seat, tick)))};
  for (int k = 0; k < kTapeKnots; ++k) {
    for (const std::vector<Knot>& curve : curves) {
      numbers.push_back(as_float(at(curve, k).value));
      numbers.push_back(as_float(at(curve, k).slope));
    }
  }
}

}  // namespace genbid::oracle
