#include "bidding/score.h"

namespace genbid {

double cpa(double conversions, double cost) { return cost / (conversions + 1e-10); }

double score(double conversions, double cost, double cpa_limit) {
  const double paid = cpa(conversions, cost);
  if (paid <= cpa_limit) return conversions;
  const double ratio = cpa_limit / (paid + 1e-10);
  return conversions * (ratio * ratio);  // in the benchmark's order: the penalty first
}

}  // namespace genbid
