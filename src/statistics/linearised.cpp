#include "statistics/linearised.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::statistics {
namespace {

using SumsByCluster = std::vector<std::vector<Sums>>;  // [row][cluster]

SumsByCluster sums_by_cluster(const CellTable& table, Cluster cluster) {
  const std::vector<size_t> index = cluster_of_keys(table.keys, cluster);
  const size_t clusters = *std::max_element(index.begin(), index.end()) + 1;
  SumsByCluster sums(table.rows.size(), std::vector<Sums>(clusters));
  for (size_t row = 0; row < sums.size(); ++row) {
    for (size_t k = 0; k < index.size(); ++k) {
      sums[row][index[k]].value += table.rows[row][k].value;
      sums[row][index[k]].base += table.rows[row][k].base;
    }
  }
  return sums;
}

}  // namespace

std::vector<double> Linearised::row_means() const {
  std::vector<double> means;
  for (const std::vector<double>& row : deviations) {
    double sum = 0.0;
    for (const double d : row) sum += d;
    means.push_back(sum / as_double(row.size()));
  }
  return means;
}

std::vector<double> Linearised::cluster_means() const {
  std::vector<double> means(deviations.front().size());
  for (const std::vector<double>& row : deviations) {
    for (size_t c = 0; c < row.size(); ++c) means[c] += row[c];
  }
  for (double& mean : means) mean /= as_double(deviations.size());
  return means;
}

Linearised linearised(const CellTable& table, Cluster cluster) {
  const SumsByCluster sums = sums_by_cluster(table, cluster);
  const size_t clusters = sums.front().size();
  Linearised result;
  Sums total;
  std::vector<double> base_of_cluster(clusters);
  for (const std::vector<Sums>& row : sums) {
    for (size_t c = 0; c < clusters; ++c) {
      total.value += row[c].value;
      total.base += row[c].base;
      base_of_cluster[c] += row[c].base;
    }
  }
  result.deviations.assign(sums.size(), std::vector<double>(clusters));
  result.has_error = total.base > 0.0;
  if (!result.has_error) return result;
  result.value = total.value / total.base;
  const double scale = as_double(sums.size() * clusters) / total.base;
  const double left = 1.0 - 1.0 / as_double(clusters);
  for (size_t c = 0; c < clusters; ++c) {
    const double others = 1.0 - base_of_cluster[c] / total.base;
    if (clusters > 1 && others < 1e-12) result.has_error = false;
    const double jackknife = clusters > 1 && others > 0.0 ? left / others : 1.0;
    for (size_t row = 0; row < sums.size(); ++row) {
      result.deviations[row][c] = scale * jackknife * (sums[row][c].value - result.value * sums[row][c].base);
    }
  }
  return result;
}

}  // namespace genbid::statistics
