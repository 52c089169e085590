#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "statistics/bootstrap.h"
#include "statistics/cells.h"
#include "statistics/estimate.h"

namespace genbid::statistics {

struct EstimateOptions {
  double level = 0.95;
  Cluster cluster = Cluster::kPeriod;
};

// Sum of values / sum of bases with its t interval: with bases of 1 the mean over cells, in which every cell weighs the
// same however many its period has; with optima as bases the share of the optimum.
//
// Periods are what was drawn: the interval is over their deviations (linearised.h), with one degree of freedom less
// than there are periods. The seats of a market are those that it has, no sample of others: what a seat is worth
// cancels between periods. With two or more training seeds those are a second axis, crossed with the first
// (estimate.h). Policy seeds are averaged within a cell; their noise is drawn anew in every cell, so an interval over
// periods or seeds holds it. Assumes periods (and trainings) that are independent draws, and deviations that are not
// far from normal; with six periods whose own effects are exponential, "95 %" covers 89 %: see studentised_mean. One
// period and at most one training seed: no interval. Errors of arrange().
Estimate mean(const CandidateCells& candidate, const EstimateOptions& options = {});

// The same value with a studentised bootstrap over clusters (Hall, Annals of Statistics 16, 1988; Efron and
// Tibshirani, An Introduction to the Bootstrap, 12.5): quantiles of (R* - R) / error* over resampled clusters stand
// in for those of t, so a skew of the periods shifts the interval. With six periods of exponential effects "95 %"
// covers 92 % in place of 89, and with normal ones it is a quarter wider than t, which then covers 95: t is the
// default. It generalises over clusters only; training seeds are averaged. Fewer than five clusters have too few
// different resamples: no interval.
Estimate studentised_mean(const CandidateCells& candidate, const Resampling& resampling,
                          const EstimateOptions& options = {});

// Interquartile mean (values.h) of value / base over cells, of those whose base is above 0, trainings and policy seeds
// among them; nothing where there are none. The interval is that of mean() for the cells' values pulled in to the ends
// of the middle half and divided by the half that they are (Tukey and McLaughlin, Sankhya A 25, 1963): a trimmed mean's
// error comes from all cells, those that are left out too. So it generalises over periods and trainings as mean() does.
// The percentile bootstrap of rliable (bootstrap.h) over six periods covers 85 % where it says 95.
std::optional<Estimate> interquartile_mean(const CandidateCells& candidate, const EstimateOptions& options = {});

// Performance profile (Agarwal et al., NeurIPS 2021, 4.3): for each tau the share of cells whose value / base is above
// it, of those whose base is above 0, with the interval of mean() for that tau alone (not for the whole curve at once).
// It generalises over periods and trainings, which bootstrap.h's does not. Nothing where no base is above 0.
std::vector<Estimate> performance_profile(const CandidateCells& candidate, std::span<const double> taus,
                                          const EstimateOptions& options = {});

// Variances of a mean's parts: value(seed, cluster) = mean + seed + cluster + rest, from the mean squares of the
// crossed design (Searle, Casella and McCulloch, Variance Components, 4.3). Estimates below 0 are reported as 0.
struct Components {
  double training_seed = 0.0;
  double cluster = 0.0;
  double residual = 0.0;  // seed x cluster, of sums over the cluster's cells
};
// Empty for fewer than two training seeds or two clusters.
std::optional<Components> variance_components(const CandidateCells& candidate, Cluster cluster = Cluster::kPeriod);

}  // namespace genbid::statistics
