#include "statistics/mean.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/convert.h"
#include "base/random/random.h"
#include "statistics/linearised.h"
#include "statistics/values.h"

namespace genbid::statistics {
namespace {

constexpr size_t kFewestClusters = 5;

// Clusters of one candidate, training seeds averaged.
std::vector<Sums> cluster_sums(const CellTable& table, Cluster cluster) {
  const std::vector<size_t> index = cluster_of_keys(table.keys, cluster);
  std::vector<Sums> sums(*std::max_element(index.begin(), index.end()) + 1);
  for (const std::vector<Sums>& row : table.rows) {
    for (size_t k = 0; k < index.size(); ++k) {
      sums[index[k]].value += row[k].value;
      sums[index[k]].base += row[k].base;
    }
  }
  return sums;
}

struct Ratio {
  double value = 0.0;
  double error = 0.0;
};

Ratio ratio_of(std::span<const Sums> clusters) {
  Sums total;
  for (const Sums& one : clusters) {
    total.value += one.value;
    total.base += one.base;
  }
  if (!(total.base > 0.0)) return {};
  const auto n = as_double(clusters.size());
  Ratio ratio{total.value / total.base, 0.0};
  double squares = 0.0;
  for (const Sums& one : clusters) {
    const double d = one.value - ratio.value * one.base;
    squares += d * d;
  }
  ratio.error = std::sqrt(n / (n - 1.0) * squares) / total.base;
  return ratio;
}

}  // namespace

Estimate mean(const CandidateCells& candidate, const EstimateOptions& options) {
  const CellTable table = arrange(candidate);
  const Linearised linear = linearised(table, options.cluster);
  std::vector<std::vector<double>> axes;
  if (linear.has_error) axes = {linear.cluster_means(), linear.row_means()};
  Estimate estimate = estimate_over_axes(linear.value, axes, options.level);
  estimate.axes = axes_of(table, options.cluster);
  return estimate;
}

Estimate studentised_mean(const CandidateCells& candidate, const Resampling& resampling,
                          const EstimateOptions& options) {
  check(resampling, options.level);
  const CellTable table = arrange(candidate);
  const std::vector<Sums> clusters = cluster_sums(table, options.cluster);
  const Ratio ratio = ratio_of(clusters);
  Estimate estimate;
  estimate.value = ratio.value;
  estimate.axes = axes_of(table, options.cluster);
  if (clusters.size() < kFewestClusters || !linearised(table, options.cluster).has_error) return estimate;

  const RandomStream stream(resampling.seed, "statistics.studentised");
  std::vector<double> distances;
  std::vector<Sums> drawn(clusters.size());
  for (int64_t resample = 0; resample < resampling.resamples; ++resample) {
    for (size_t i = 0; i < drawn.size(); ++i) drawn[i] = clusters[draw(stream, resample, 0, i, clusters.size())];
    const Ratio again = ratio_of(drawn);
    // One cluster drawn n times has no error of its own; that happens n times in n^n.
    if (again.error > 0.0) distances.push_back((again.value - ratio.value) / again.error);
  }
  estimate.standard_error = ratio.error;
  estimate.interval = Interval{ratio.value, ratio.value};
  if (distances.empty()) return estimate;  // no cluster differs from another
  const double outside = 0.5 * (1.0 - options.level);
  estimate.interval->low -= ratio.error * quantile(distances, 1.0 - outside);
  estimate.interval->high -= ratio.error * quantile(distances, outside);
  return estimate;
}

std::optional<Estimate> interquartile_mean(const CandidateCells& candidate, const EstimateOptions& options) {
  CandidateCells shares{candidate.name, {}};
  std::vector<double> values;
  for (const Cell& cell : candidate.cells) {
    if (!(cell.base > 0.0)) continue;
    Cell& share = shares.cells.emplace_back(cell);
    share.value = cell.value / cell.base;
    share.base = 1.0;
    values.push_back(share.value);
  }
  if (values.empty()) return std::nullopt;
  const double middle = interquartile_mean(values);
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 4;
  const double half = as_double(values.size() - 2 * cut) / as_double(values.size());
  for (Cell& cell : shares.cells) {
    cell.value = std::clamp(cell.value, values[cut], values[values.size() - 1 - cut]) / half;
  }
  Estimate estimate = mean(shares, options);
  const double shift = middle - estimate.value;
  if (estimate.interval) estimate.interval = Interval{estimate.interval->low + shift, estimate.interval->high + shift};
  estimate.value = middle;
  return estimate;
}

std::vector<Estimate> performance_profile(const CandidateCells& candidate, std::span<const double> taus,
                                          const EstimateOptions& options) {
  std::vector<Estimate> profile;
  for (const double tau : taus) {
    CandidateCells above{candidate.name, {}};
    for (Cell cell : candidate.cells) {
      if (!(cell.base > 0.0)) continue;
      cell.value = cell.value > tau * cell.base ? 1.0 : 0.0;
      cell.base = 1.0;
      above.cells.push_back(cell);
    }
    if (above.cells.empty()) return {};
    profile.push_back(mean(above, options));
  }
  return profile;
}

std::optional<Components> variance_components(const CandidateCells& candidate, Cluster cluster) {
  const Linearised linear = linearised(arrange(candidate), cluster);
  const std::vector<double> seeds = linear.row_means();
  const std::vector<double> clusters = linear.cluster_means();
  if (!linear.has_error || seeds.size() < 2 || clusters.size() < 2) return std::nullopt;
  const auto num_seeds = as_double(seeds.size());
  const auto num_clusters = as_double(clusters.size());
  double of_seeds = 0.0;
  double of_clusters = 0.0;
  double of_rest = 0.0;
  for (const double d : seeds) of_seeds += d * d;
  for (const double d : clusters) of_clusters += d * d;
  for (size_t s = 0; s < seeds.size(); ++s) {
    for (size_t c = 0; c < clusters.size(); ++c) {
      const double rest = linear.deviations[s][c] - seeds[s] - clusters[c];
      of_rest += rest * rest;
    }
  }
  const double residual = of_rest / ((num_seeds - 1.0) * (num_clusters - 1.0));
  return Components{std::max(0.0, of_seeds / (num_seeds - 1.0) - residual / num_clusters),
                    std::max(0.0, of_clusters / (num_clusters - 1.0) - residual / num_seeds), residual};
}

}  // namespace genbid::statistics
