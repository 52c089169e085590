#pragma once

#include <cstdint>
#include <random>
#include <vector>

// NumPy's legacy stream, numpy.random.seed(seed) and the functions of numpy.random, bit for bit, as far as the
// official offline evaluation and the online LP use it (auctionnet.md 2.1.10).

namespace genbid::numpy {

class LegacyRandom {
 public:
  explicit LegacyRandom(uint32_t seed) : words_(seed) {}

  double next_double();
  // Normals are made in pairs. The second one waits for the next call, whatever else is drawn in between.
  double normal(double mean, double deviation);
  // Unlike Generator.binomial(1, p), p = 0 does draw.
  int binomial_one(double p);
  // A shuffle of 0 ... n - 1.
  std::vector<int64_t> permutation(int64_t n);
  // numpy.random.choice(population, count, replace=False), and so pandas' sample(): the first of a permutation.
  std::vector<int64_t> choose(int64_t population, int64_t count);

 private:
  uint32_t bounded(uint32_t max);

  std::mt19937 words_;
  bool has_normal_ = false;
  double waiting_normal_ = 0.0;
};

}  // namespace genbid::numpy
