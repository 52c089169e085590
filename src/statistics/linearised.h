#pragma once

#include <vector>

#include "statistics/cells.h"

namespace genbid::statistics {

// A ratio of sums as a mean of deviations, from which come all intervals of ratios, means (bases of 1) and differences.
struct Linearised {
  double value = 0.0;  // sum of values / sum of bases; 0 where the bases are all 0
  // No cluster decides the ratio alone: without all others it would have no base. Else it has no interval.
  bool has_error = true;
  // [row of the table][cluster]: (V - R B) / (1 - h) x (C - 1) / C x rows C / total base, where V and B are sums over
  // the cluster, R the ratio, C the number of clusters and h the cluster's share of all bases. Without the factors of
  // h this is the usual linearisation (delta method); with them the error is that of the jackknife which leaves out
  // one cluster at a time, and the same where all bases are equal. Measured with six periods whose optima vary by 60
  // %, "95 %" covers 93.6 % by it and 92.7 % without, at 100 % 92.0 and 89.0.
  std::vector<std::vector<double>> deviations;

  std::vector<double> row_means() const;
  std::vector<double> cluster_means() const;
};

Linearised linearised(const CellTable& table, Cluster cluster);

}  // namespace genbid::statistics
