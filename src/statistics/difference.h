#pragma once

#include "statistics/cells.h"
#include "statistics/estimate.h"
#include "statistics/mean.h"

namespace genbid::statistics {

// How the training seeds of two candidates belong together.
enum class SeedPairing {
  kIndependent,  // two seeds of one number have nothing in common: each side's seeds are an axis
  kPaired,       // the same seed starts both from the same weights or data: differences are taken seed by seed
};

// What `candidate` has more than `reference` in the same cells: the difference of their ratios of sums (with bases of
// 1, of their means) with t interval and p-value of "no difference". Cells are matched by market seed, period and
// seat; what both meet alike (a good day, a large seat) cancels within them. Axes and assumptions as of mean(): the
// periods' deviations are subtracted one from the other, and each side's training seeds add their own, or, paired,
// those of the differences. With one training seed on a side the interval does not generalise over trainings (Axes
// says so). A candidate against itself is exactly 0, with interval [0, 0] and p-value 1. One period and one training
// seed: no interval, no p-value. Cells that only one side has, and seeds that differ where they are paired, are an
// Error that names them.
Estimate difference(const CandidateCells& candidate, const CandidateCells& reference,
                    SeedPairing pairing = SeedPairing::kIndependent, const EstimateOptions& options = {});

// P(candidate > reference) in a cell: the share of cells in which the candidate's value is higher, equal values
// counting half (Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021,
// 4.3), here of paired cells; over independent training seeds the mean over all pairs of them. Axes as in
// difference(), so that it generalises over periods; the interval is cut at 0 and 1, the p-value is that of 1/2.
Estimate probability_of_improvement(const CandidateCells& candidate, const CandidateCells& reference,
                                    SeedPairing pairing = SeedPairing::kIndependent,
                                    const EstimateOptions& options = {});

}  // namespace genbid::statistics
