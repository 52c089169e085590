#pragma once

#include <span>
#include <vector>

namespace genbid::statistics {

// Holm's adjustment (Scandinavian Journal of Statistics 6, 1979) of the p-values of a family of comparisons, such as
// those of all candidates to one reference: those that come out below 0.05 contain a false one with a probability below
// 5 %, whatever their dependence. The i-th lowest of m becomes the highest of (m - j + 1) p_(j) over j <= i, at most 1.
// In the order of the input; one p-value stays as it is, none gives none. A number outside [0, 1] is an Error.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace genbid::statistics
