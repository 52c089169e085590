#pragma once

#include <vector>

#include "oracle/responses.h"

namespace genbid::oracle {

// A tick's responses as smooth curves: data/tape_store.h says what the numbers are. A day of 48 ticks is off by less
// than 0.1 % of its value and cost (tests/oracle/tape_test.cpp).
inline constexpr int kKnotsPerOctave = 4;
// Of a tape's grid, for any CPA limit: two below the octave of the limit, that one, and three above it.
inline constexpr int kTapeOctaves = 6;
inline constexpr int kTapeKnots = kTapeOctaves * kKnotsPerOctave + 1;
float lowest_on_tape(double cpa_limit);  // alpha of the first knot

// Appends the knots of a seat's tick: value, cost and slots won with their slopes, kTapeKnots times. Beyond the
// responses' grid curves stay as at its ends. At knots curves are those of the
// responses; slopes there are differences over half a knot to either side, so that the steps of single impressions do
// not show, lowered where the curve between two knots would else not rise all the way (Fritsch and Carlson, "Monotone
// Piecewise Cubic Interpolation", SIAM J. Numer. Anal. 1980). The responses must count slots.
void append_knots(const Responses& responses, int seat, int tick, float lowest, std::vector<float>& numbers);

}  // namespace genbid::oracle
