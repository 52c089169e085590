#pragma once

#include <span>

namespace genbid::statistics {

// Spearman's rank correlation: Pearson's correlation of ranks, equal values sharing their mean rank. 0 where one
// side does not vary, as for one pair or none. Both sides have the same length.
double rank_correlation(std::span<const double> x, std::span<const double> y);

}  // namespace genbid::statistics
