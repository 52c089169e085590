#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/random/random.h"
#include "statistics/estimate.h"

// Statistics whose intervals come from the stratified percentile bootstrap of rliable (Agarwal et al., Deep
// Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021, 4 and appendix A.3): each stratum is
// resampled with replacement within itself, all strata are pooled, and the interval lies between quantiles of the
// statistic over the resamples.
//
// Strata are what stays as it is, such as periods: values within a stratum must be independent draws, and the interval
// generalises over those, never over strata. Strata of periods with cells in them do not say what another period gives;
// mean() and difference() do. Strata of cells with training seeds in them say what other trainings give, and with few
// values a stratum (fewer than about ten) the interval is too narrow.
// If no stratum has two values, there is no interval.

namespace genbid::statistics {

struct Resampling {
  int64_t resamples = 2000;
  uint64_t seed = 1;
};

// Throws Error unless there are 1 to 2^31 - 1 resamples and a level in (0, 1).
void check(const Resampling& resampling, double level);

// Which of n values is the draw-th of a resample of a stratum: a pure function, so resamples are the same on any
// machine and may be made in any order.
size_t draw(const RandomStream& stream, int64_t resample, size_t stratum, size_t draw, size_t n);

using Strata = std::vector<std::vector<double>>;

// `statistic` of all strata's values pooled, which it may reorder. No values at all are an Error.
using Statistic = std::function<double(std::span<double>)>;
Estimate stratified(const Strata& strata, const Statistic& statistic, const Resampling& resampling,
                    double level = 0.95);

// Interquartile mean (values.h) of all values.
Estimate interquartile_mean(const Strata& strata, const Resampling& resampling, double level = 0.95);

// Performance profile: for each tau the share of values above it, with an interval for that tau alone (not for the
// whole curve at once). The resamples are the same for all taus.
std::vector<Estimate> performance_profile(const Strata& strata, std::span<const double> taus,
                                          const Resampling& resampling, double level = 0.95);

// P(X > Y) for one value of x and one of y from the same stratum, equal values counting half, mean over strata: x and y
// are resampled apart, so this is for runs that are not paired. As many strata on both sides, and none empty, or Error.
Estimate probability_of_improvement(const Strata& x, const Strata& y, const Resampling& resampling,
                                    double level = 0.95);

}  // namespace genbid::statistics
