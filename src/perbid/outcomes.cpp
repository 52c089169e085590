#include "perbid/outcomes.h"

#include <algorithm>

#include "base/convert.h"
#include "statistics/inequality.h"
#include "statistics/values.h"

namespace genbid::perbid {

std::array<double, kNumMeans> numbers_of(const OutcomeMeans& means) {
  return {means.res, means.ggf, means.gini, means.worst_30, means.worst_10, means.violation_share, means.excess};
}

OutcomeMeans means_of(std::span<const double> res, std::span<const double> ppc_ratio) {
  OutcomeMeans means;
  means.worst_30 = statistics::mean_of_worst(res, 0.3);
  means.worst_10 = statistics::mean_of_worst(res, 0.1);
  std::vector<double> share;  // how a sum is shared: none has less than nothing
  for (const double one : res) {
    means.res += one / as_double(res.size());
    share.push_back(std::max(0.0, one));
  }
  means.ggf = statistics::generalised_gini(share, statistics::gini_weights(share.size()));
  means.gini = statistics::gini(share);
  int64_t over = 0;
  for (const double ratio : ppc_ratio) {
    if (ratio <= 1.0) continue;
    ++over;
    means.excess += ratio - 1.0;
  }
  means.violation_share = as_double(over) / as_double(ppc_ratio.size());
  if (over > 0) means.excess /= as_double(over);
  return means;
}

OutcomeMeans means_of(const std::vector<Outcome>& outcomes) {
  std::vector<double> res;
  std::vector<double> ratio;
  for (const Outcome& one : outcomes) {
    res.push_back(one.res);
    ratio.push_back(one.ppc_ratio);
  }
  return means_of(res, ratio);
}

}  // namespace genbid::perbid
