#pragma once

// scipy.stats.truncnorm by its inverse distribution function (auctionnet.md 2.1.9). SciPy works with logarithms of
// probabilities. In 9,600 samples its numbers were at most 2.1e-15 away from the exact ones, and these at most 0.8e-15.
// Even a method a little less exact than this one changed none of 48 million conversions.

namespace genbid::numpy {

// Relative error about 1e-16 + 2e-16 x^2.
double normal_cdf(double x);
// The inverse, for p in (0, 1): relative error about 1e-15.
double normal_quantile(double p);

// A standard normal cut to [low, high].
class TruncatedNormal {
 public:
  TruncatedNormal(double low, double high);

  // What a uniform draw u in [0, 1) becomes.
  double quantile(double u) const {
    // Counted from the nearer end, because a probability near 1 has lost the digits that its distance from 1 needs.
    const double from_below = below_ + u * inside_;
    const double from_above = above_ + (1.0 - u) * inside_;
    const double size = normal_quantile(from_below < from_above ? from_below : from_above);
    return from_below < from_above ? size : -size;
  }
  double sample(double u, double mean, double deviation) const { return quantile(u) * deviation + mean; }

 private:
  double below_;   // probability below low
  double above_;   // probability above high
  double inside_;  // the rest
};

}  // namespace genbid::numpy
