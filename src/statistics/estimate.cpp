#include "statistics/estimate.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "statistics/distributions.h"

namespace genbid::statistics {
namespace {

std::string counted(int64_t count, const std::string& what) {
  return (count == 1 ? "one " + what : std::to_string(count) + " " + what + "s");
}

}  // namespace

bool Axes::one_training_seed() const { return training_seeds == 1 || reference_training_seeds.value_or(0) == 1; }

std::string Axes::text() const {
  const bool of_market_days = cluster == Cluster::kMarketDay && market_seeds > 1;
  std::string text = counted(periods, cluster == Cluster::kCampaign ? "campaign"
                                      : of_market_days              ? "market day"
                                                                    : "period");
  const int64_t reference = reference_training_seeds.value_or(0);
  const auto joined = [](int64_t seeds) { return std::string(seeds == 1 ? " of " : " x "); };
  if (training_seeds > 0 && reference > 0 && !paired_training_seeds) {
    text += " x " + std::to_string(training_seeds) + " against " + counted(reference, "training seed");
  } else if (training_seeds > 0) {
    text += joined(training_seeds) + counted(training_seeds, "training seed");
  } else if (reference > 0) {
    text += joined(reference) + counted(reference, "training seed") + " of the reference";
  }
  if (market_seeds > 1) text += ", " + counted(market_seeds, "market seed");
  if (policy_seeds > 1) text += ", " + counted(policy_seeds, "policy seed");
  return text;
}

Estimate estimate_over_axes(double value, std::span<const std::vector<double>> axes, double level,
                            std::optional<double> null_value) {
  if (!(level > 0.0 && level < 1.0)) {
    throw Error("interval: found level " + std::to_string(level) + ", expected one in (0, 1)");
  }
  Estimate estimate;
  estimate.value = value;
  double variance = 0.0;
  double of_variance = 0.0;  // sum of v^2 / df
  double largest = 0.0;      // degrees of freedom where nothing varies
  for (const std::vector<double>& deviations : axes) {
    if (deviations.size() < 2) continue;
    const auto n = as_double(deviations.size());
    double squares = 0.0;
    for (const double d : deviations) squares += d * d;
    const double part = squares / (n * (n - 1.0));
    variance += part;
    of_variance += part * part / (n - 1.0);
    largest = std::max(largest, n - 1.0);
  }
  if (largest == 0.0) return estimate;
  estimate.standard_error = std::sqrt(variance);
  estimate.degrees_of_freedom = of_variance > 0.0 ? variance * variance / of_variance : largest;
  const double half = student_quantile(0.5 + 0.5 * level, estimate.degrees_of_freedom) * estimate.standard_error;
  estimate.interval = Interval{value - half, value + half};
  if (null_value) {
    const double distance = value - *null_value;
    // 0 / 0 is no distance at all.
    const double t = distance == 0.0 ? 0.0 : distance / estimate.standard_error;
    estimate.p_value = student_two_sided(t, estimate.degrees_of_freedom);
  }
  return estimate;
}

}  // namespace genbid::statistics
