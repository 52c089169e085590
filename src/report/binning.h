#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "report/report_input.h"

// Few numbers in place of many: what a chart can show, whatever it is drawn from.

namespace genbid::report {

struct Thinned {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low;  // the smallest y of a bin; empty where every point is a bin of its own
  std::vector<double> high;
};

// At most `most` points: means of runs of neighbours, as equal in length as can be. Values that are not finite count
// in none; a run without another has a y that is not finite.
Thinned thinned(std::span<const double> x, std::span<const double> y, size_t most);

// The value below which the share q of the values lies, between neighbours by a straight line. Sorted, not empty.
double quantile(std::span<const double> sorted, double q);

// Shares of the values that lie in each of the bins; the first and the last bin hold what lies beyond them, too.
// Values that are not a number count as the largest.
std::vector<double> histogram(std::span<const double> values, std::span<const double> edges);
// `bins` bins of one width from low to high.
std::vector<double> even_edges(double low, double high, int bins);

// Numbers of items, in the order of their values, cut into at most `bins` groups of equal size (but for one).
std::vector<std::vector<size_t>> equal_groups(std::span<const double> values, size_t bins);

// Mean of independent values with Student's interval. Not empty.
MeanInterval mean_interval(std::span<const double> values);

// Gini coefficient of values of at least 0: 0 where all are equal. Sorted, not empty.
double gini(std::span<const double> sorted);

}  // namespace genbid::report
