#include "statistics/bootstrap.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/convert.h"
#include "base/error.h"
#include "statistics/values.h"

namespace genbid::statistics {
namespace {

bool can_vary(const Strata& strata) {
  return std::any_of(strata.begin(), strata.end(), [](const auto& values) { return values.size() > 1; });
}

std::vector<double> pooled(const Strata& strata) {
  std::vector<double> all;
  for (const std::vector<double>& values : strata) all.insert(all.end(), values.begin(), values.end());
  if (all.empty()) throw Error("bootstrap: found no values, expected at least one");
  return all;
}

Strata resampled(const Strata& strata, const RandomStream& stream, int64_t resample) {
  Strata result = strata;
  for (size_t s = 0; s < strata.size(); ++s) {
    const size_t n = strata[s].size();
    for (size_t i = 0; i < n; ++i) result[s][i] = strata[s][draw(stream, resample, s, i, n)];
  }
  return result;
}

Interval percentiles(std::vector<double>& values, double level) {
  const double outside = 0.5 * (1.0 - level);
  return {quantile(values, outside), quantile(values, 1.0 - outside)};
}

double share_above(std::span<const double> values, double tau) {
  const auto above = std::count_if(values.begin(), values.end(), [tau](double value) { return value > tau; });
  return as_double(above) / as_double(values.size());
}

// Mann and Whitney's statistic by sorting: for each x the number of y below it and half of those equal to it.
double share_of_pairs(const std::vector<double>& x, std::vector<double> y) {
  std::sort(y.begin(), y.end());
  double won = 0.0;
  for (const double value : x) {
    const auto [first, last] = std::equal_range(y.begin(), y.end(), value);
    won += as_double(first - y.begin()) + 0.5 * as_double(last - first);
  }
  return won / (as_double(x.size()) * as_double(y.size()));
}

double mean_share_of_pairs(const Strata& x, const Strata& y) {
  double sum = 0.0;
  for (size_t s = 0; s < x.size(); ++s) sum += share_of_pairs(x[s], y[s]);
  return sum / as_double(x.size());
}

}  // namespace

void check(const Resampling& resampling, double level) {
  if (resampling.resamples < 1 || resampling.resamples > std::numeric_limits<int32_t>::max()) {
    throw Error("bootstrap: found " + std::to_string(resampling.resamples) + " resamples, expected 1 to 2147483647");
  }
  if (!(level > 0.0 && level < 1.0)) {
    throw Error("bootstrap: found level " + std::to_string(level) + ", expected one in (0, 1)");
  }
}

size_t draw(const RandomStream& stream, int64_t resample, size_t stratum, size_t draw, size_t n) {
  const auto bits = stream.bits(low_word(resample), low_word(stratum), low_word(draw / 4));
  return to_size((uint64_t{bits[draw % 4]} * n) >> 32);
}

Estimate stratified(const Strata& strata, const Statistic& statistic, const Resampling& resampling, double level) {
  check(resampling, level);
  std::vector<double> all = pooled(strata);
  Estimate estimate;
  estimate.value = statistic(all);
  if (!can_vary(strata)) return estimate;
  const RandomStream stream(resampling.seed, "statistics.stratified");
  std::vector<double> again;
  for (int64_t r = 0; r < resampling.resamples; ++r) {
    all = pooled(resampled(strata, stream, r));
    again.push_back(statistic(all));
  }
  estimate.interval = percentiles(again, level);
  return estimate;
}

Estimate interquartile_mean(const Strata& strata, const Resampling& resampling, double level) {
  return stratified(
      strata, [](std::span<double> values) { return interquartile_mean(values); }, resampling, level);
}

std::vector<Estimate> performance_profile(const Strata& strata, std::span<const double> taus,
                                          const Resampling& resampling, double level) {
  check(resampling, level);
  std::vector<Estimate> profile(taus.size());
  const std::vector<double> all = pooled(strata);
  for (size_t i = 0; i < taus.size(); ++i) profile[i].value = share_above(all, taus[i]);
  if (!can_vary(strata)) return profile;
  const RandomStream stream(resampling.seed, "statistics.stratified");
  std::vector<std::vector<double>> shares(taus.size());
  for (int64_t r = 0; r < resampling.resamples; ++r) {
    const std::vector<double> again = pooled(resampled(strata, stream, r));
    for (size_t i = 0; i < taus.size(); ++i) shares[i].push_back(share_above(again, taus[i]));
  }
  for (size_t i = 0; i < taus.size(); ++i) profile[i].interval = percentiles(shares[i], level);
  return profile;
}

Estimate probability_of_improvement(const Strata& x, const Strata& y, const Resampling& resampling, double level) {
  check(resampling, level);
  const auto has_empty = [](const Strata& strata) {
    return strata.empty() || std::any_of(strata.begin(), strata.end(), [](const auto& one) { return one.empty(); });
  };
  if (x.size() != y.size() || has_empty(x) || has_empty(y)) {
    throw Error("probability of improvement: found " + std::to_string(x.size()) + " and " + std::to_string(y.size()) +
                " strata, expected as many on both sides, with at least one value each");
  }
  Estimate estimate;
  estimate.value = mean_share_of_pairs(x, y);
  if (!can_vary(x) && !can_vary(y)) return estimate;
  const RandomStream of_x(resampling.seed, "statistics.improvement.x");
  const RandomStream of_y(resampling.seed, "statistics.improvement.y");
  std::vector<double> shares;
  for (int64_t r = 0; r < resampling.resamples; ++r) {
    shares.push_back(mean_share_of_pairs(resampled(x, of_x, r), resampled(y, of_y, r)));
  }
  estimate.interval = percentiles(shares, level);
  return estimate;
}

}  // namespace genbid::statistics
