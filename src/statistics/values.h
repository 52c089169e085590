#pragma once

#include <span>

// Numbers that describe a set of values, in any order. No values at all are an Error that names the function. One
// value is its own quantile, interquartile mean and mean of the worst.

namespace genbid::statistics {

// The value below which lies a share q in [0, 1] of the values, by lines between neighbours: place q (n - 1) in
// sorted order (type 7 of Hyndman and Fan, American Statistician 50, 1996; NumPy's default).
double quantile(std::span<const double> values, double q);

// Mean of the middle half: floor(n / 4) values are left out on either side, as in rliable (scipy.stats.trim_mean with
// 0.25).
double interquartile_mean(std::span<const double> values);

// Mean of the lowest share in (0, 1] of the values. The share need not be a whole number of values: the last one
// counts by the part of it that is needed (30 % of 48 are 14.4), so the mean does not jump where the number of values
// changes.
double mean_of_worst(std::span<const double> values, double share);

}  // namespace genbid::statistics
