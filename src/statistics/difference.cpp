#include "statistics/difference.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "statistics/linearised.h"

namespace genbid::statistics {
namespace {

struct Pair {
  CellTable candidate;
  CellTable reference;
  bool paired_seeds = false;  // both are trained, with the same seeds
};

Pair matched(const CandidateCells& candidate, const CandidateCells& reference, SeedPairing pairing) {
  Pair pair{arrange(candidate), arrange(reference)};
  check_same_cells(pair.candidate, pair.reference);
  const std::vector<int64_t>& seeds = pair.candidate.training_seeds;
  const std::vector<int64_t>& others = pair.reference.training_seeds;
  pair.paired_seeds = pairing == SeedPairing::kPaired && !seeds.empty() && !others.empty();
  if (!pair.paired_seeds) return pair;
  for (const auto& [with, without] :
       {std::pair{&pair.candidate, &pair.reference}, {&pair.reference, &pair.candidate}}) {
    for (const int64_t seed : with->training_seeds) {
      if (std::binary_search(without->training_seeds.begin(), without->training_seeds.end(), seed)) continue;
      throw Error("paired difference: candidate '" + with->name + "' has training seed " + std::to_string(seed) +
                  ", which candidate '" + without->name + "' lacks; expected the same seeds where they are paired");
    }
  }
  return pair;
}

Axes axes_of(const Pair& pair, Cluster cluster) {
  Axes axes = statistics::axes_of(pair.candidate, cluster);
  axes.policy_seeds = std::max(pair.candidate.policy_seeds, pair.reference.policy_seeds);
  axes.reference_training_seeds = std::ssize(pair.reference.training_seeds);
  axes.paired_training_seeds = pair.paired_seeds;
  return axes;
}

std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

// Training seeds of the candidate and of the reference that are compared, for each comparison.
std::vector<std::pair<size_t, size_t>> comparisons(const Pair& pair) {
  std::vector<std::pair<size_t, size_t>> rows;
  for (size_t a = 0; a < pair.candidate.rows.size(); ++a) {
    for (size_t b = 0; b < pair.reference.rows.size(); ++b) {
      if (!pair.paired_seeds || a == b) rows.emplace_back(a, b);
    }
  }
  return rows;
}

// Members of an axis: sums over whatever else there is, and their number.
struct Marginal {
  explicit Marginal(size_t members) : sum(members), count(members) {}
  void add(size_t member, double value) {
    sum[member] += value;
    count[member] += 1.0;
  }
  // (sum - centre count) over the mean count: every cell weighs the same, as in linearised.h.
  std::vector<double> deviations(double centre) const {
    double total = 0.0;
    for (const double n : count) total += n;
    const double usual = total / as_double(count.size());
    std::vector<double> all;
    for (size_t i = 0; i < sum.size(); ++i) all.push_back((sum[i] - centre * count[i]) / usual);
    return all;
  }
  std::vector<double> sum;
  std::vector<double> count;
};

}  // namespace

Estimate difference(const CandidateCells& candidate, const CandidateCells& reference, SeedPairing pairing,
                    const EstimateOptions& options) {
  const Pair pair = matched(candidate, reference, pairing);
  const Linearised a = linearised(pair.candidate, options.cluster);
  const Linearised b = linearised(pair.reference, options.cluster);
  std::vector<std::vector<double>> axes;
  if (a.has_error && b.has_error) {
    axes.push_back(minus(a.cluster_means(), b.cluster_means()));
    if (pair.paired_seeds) {
      axes.push_back(minus(a.row_means(), b.row_means()));
    } else {
      axes.push_back(a.row_means());
      axes.push_back(b.row_means());
    }
  }
  Estimate estimate = estimate_over_axes(a.value - b.value, axes, options.level, 0.0);
  estimate.axes = axes_of(pair, options.cluster);
  return estimate;
}

Estimate probability_of_improvement(const CandidateCells& candidate, const CandidateCells& reference,
                                    SeedPairing pairing, const EstimateOptions& options) {
  const Pair pair = matched(candidate, reference, pairing);
  const std::vector<size_t> index = cluster_of_keys(pair.candidate.keys, options.cluster);
  Marginal clusters(*std::max_element(index.begin(), index.end()) + 1);
  Marginal seeds(pair.candidate.rows.size());
  Marginal others(pair.reference.rows.size());
  double sum = 0.0;
  double count = 0.0;
  for (const auto& [a, b] : comparisons(pair)) {
    for (size_t k = 0; k < index.size(); ++k) {
      const double ours = pair.candidate.rows[a][k].value;
      const double theirs = pair.reference.rows[b][k].value;
      const double higher = ours > theirs ? 1.0 : ours == theirs ? 0.5 : 0.0;
      clusters.add(index[k], higher);
      seeds.add(a, higher);
      others.add(b, higher);
      sum += higher;
      count += 1.0;
    }
  }
  const double share = sum / count;
  std::vector<std::vector<double>> axes = {clusters.deviations(share), seeds.deviations(share)};
  if (!pair.paired_seeds) axes.push_back(others.deviations(share));
  Estimate estimate = estimate_over_axes(share, axes, options.level, 0.5);
  if (estimate.interval) {
    estimate.interval->low = std::max(0.0, estimate.interval->low);
    estimate.interval->high = std::min(1.0, estimate.interval->high);
  }
  estimate.axes = axes_of(pair, options.cluster);
  return estimate;
}

}  // namespace genbid::statistics
