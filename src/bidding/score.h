#pragma once

namespace genbid {

// The benchmark's score: conversions, times (limit / CPA)^2 where the CPA limit is exceeded (auctionnet.md
// 2.10; not divided by 20000). With the sum of p-values of exposed impressions in place of conversions it is
// the expected score.
double score(double conversions, double cost, double cpa_limit);

// Cost per conversion with the benchmark's guard against division by zero.
double cpa(double conversions, double cost);

}  // namespace genbid
