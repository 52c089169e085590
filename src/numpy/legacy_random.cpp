#include "numpy/legacy_random.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/convert.h"
#include "numpy/numpy_random.h"

namespace genbid::numpy {

double LegacyRandom::next_double() {
  const auto high = as_double(words_() >> 5);
  const auto low = as_double(words_() >> 6);
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

// Marsaglia's polar method; the second of a pair comes first.
double LegacyRandom::normal(double mean, double deviation) {
  if (has_normal_) {
    has_normal_ = false;
    return mean + deviation * waiting_normal_;
  }
  double x1, x2, square;
  do {
    x1 = 2.0 * next_double() - 1.0;
    x2 = 2.0 * next_double() - 1.0;
    square = x1 * x1 + x2 * x2;
  } while (square >= 1.0 || square == 0.0);
  const double factor = std::sqrt(-2.0 * std::log(square) / square);
  has_normal_ = true;
  waiting_normal_ = factor * x1;
  return mean + deviation * (factor * x2);
}

int LegacyRandom::binomial_one(double p) {
  if (p <= 0.5) return binomial_inversion(*this, p, std::exp(std::log(1.0 - p)));
  const double q = 1.0 - p;
  return 1 - binomial_inversion(*this, q, std::exp(std::log(1.0 - q)));
}

// Uniform in [0, max]: takes as many low bits as max has, until their number is not above max.
uint32_t LegacyRandom::bounded(uint32_t max) {
  if (max == 0) return 0;
  const uint32_t mask = ~uint32_t{0} >> std::countl_zero(max);
  for (;;) {
    const uint32_t value = static_cast<uint32_t>(words_()) & mask;
    if (value <= max) return value;
  }
}

std::vector<int64_t> LegacyRandom::permutation(int64_t n) {
  assert(0 <= n && n <= int64_t{1} << 32);
  std::vector<int64_t> order(to_size(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[bounded(static_cast<uint32_t>(i))]);
  return order;
}

std::vector<int64_t> LegacyRandom::choose(int64_t population, int64_t count) {
  assert(0 <= count && count <= population);
  std::vector<int64_t> chosen = permutation(population);
  chosen.resize(to_size(count));
  return chosen;
}

}  // namespace genbid::numpy
