#include "statistics/holm.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::statistics {

std::vector<double> holm(std::span<const double> p_values) {
  for (const double p : p_values) {
    if (!(p >= 0.0 && p <= 1.0)) throw Error("Holm: found p-value " + std::to_string(p) + ", expected one in [0, 1]");
  }
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double highest = 0.0;
  for (size_t i = 0; i < order.size(); ++i) {
    highest = std::max(highest, as_double(order.size() - i) * p_values[order[i]]);
    adjusted[order[i]] = std::min(1.0, highest);
  }
  return adjusted;
}

}  // namespace genbid::statistics
