#include "bidding/score.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "base/convert.h"

namespace genbid {
namespace {

// From this variance on, conversions are so many that a density may stand for whole numbers.
constexpr double kManyConversions = 128.0;

// The cumulants of conversions, a sum of independent draws.
struct Cumulants {
  double mean = 0.0;
  double variance = 0.0;
  double third = 0.0;
  double fourth = 0.0;

  double mean_cube() const { return mean * (mean * mean + 3.0 * variance) + third; }
};

// The conversions that pay for the cost at the limit; below them the score is n (n / needed)^2.
double needed_conversions(double cost, double cpa_limit) { return cost <= 0.0 ? 0.0 : cost / cpa_limit; }

// The factors of z^0 to z^6 in Edgeworth's density of (n - mean) / deviation, less the normal density itself.
std::array<double, 7> edgeworth_factors(const Cumulants& sum) {
  const double skewness = sum.third / (sum.variance * std::sqrt(sum.variance));
  const double a = skewness / 6.0;
  const double b = sum.fourth / (sum.variance * sum.variance) / 24.0;
  const double c = skewness * skewness / 72.0;
  // 1 + a He3 + b He4 + c He6.
  return {1.0 + 3.0 * b - 15.0 * c, -3.0 * a, -6.0 * b + 45.0 * c, a, b - 15.0 * c, 0.0, c};
}

// The mean score where conversions have a density. The score is n from `needed` on and n^3 / needed^2 below it, and the
// mean of either alone is known. So the difference between the two is integrated on the side of `needed` that has less
// of the density: n less what it has too much below, or n^3 / needed^2 less what it has too much above.
double score_of_many(const Cumulants& sum, double needed) {
  const double deviation = std::sqrt(sum.variance);
  const double z = (needed - sum.mean) / deviation;
  constexpr double kBeyondAll = 35.0;
  if (z > kBeyondAll) return sum.mean_cube() / (needed * needed);
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
  const double side = z <= 0.0 ? -1.0 : 1.0;
  const std::array<double, 7> factors = edgeworth_factors(sum);
  const double per_square = 1.0 / (needed * needed);
  const std::array<double, 4> loss = {sum.mean - per_square * sum.mean * sum.mean * sum.mean,
                                      deviation * (1.0 - 3.0 * per_square * sum.mean * sum.mean),
                                      -3.0 * per_square * sum.mean * sum.variance,
                                      -per_square * sum.variance * deviation};
  std::array<double, 10> product{};
  for (size_t i = 0; i < factors.size(); ++i) {
    for (size_t j = 0; j < loss.size(); ++j) product[i + j] += factors[i] * loss[j];
  }
  // Moments of the normal tail. By parts, that of z^j is side z^(j-1) density + (j-1) times that of z^(j-2).
  std::array<double, 10> moment{0.5 * std::erfc(side * z / std::numbers::sqrt2), side * density};
  double power = z;
  for (size_t j = 2; j < moment.size(); ++j, power *= z) {
    moment[j] = side * power * density + as_double(j - 1) * moment[j - 2];
  }
  double integral = 0.0;
  for (size_t j = 0; j < product.size(); ++j) integral += product[j] * moment[j];
  // What whole numbers change: Euler-Maclaurin at `needed`, where the loss is 0 and falls by 2.
  double factor = 0.0;
  for (size_t i = factors.size(); i-- > 0;) factor = factor * z + factors[i];
  const double part = needed - std::floor(needed);
  const double steps = (part * (part - 1.0) + 1.0 / 6.0) * factor * density / deviation;
  return z <= 0.0 ? sum.mean - (integral - steps) : per_square * sum.mean_cube() + integral + steps;
}

double poisson_score(double mean, double needed) {
  const Cumulants sum{mean, mean, mean, mean};
  if (mean > kManyConversions) return score_of_many(sum, needed);
  // The needed number is beyond any that has a probability.
  if (needed > mean + 12.0 * std::sqrt(mean) + 40.0) return sum.mean_cube() / (needed * needed);
  double probability = std::exp(-mean);
  double below = 0.0;
  double cubes_below = 0.0;
  for (double n = 1.0; n < needed; n += 1.0) {
    probability *= mean / n;
    below += probability * n;
    cubes_below += probability * (n * n * n);
  }
  return mean - (below - cubes_below / (needed * needed));
}

// The probabilities of the whole numbers from `first` on.
struct Distribution {
  double first = 0.0;
  std::vector<double> probability;
};

// The distribution whose probability of n + 1 is up(n) times that of n. It ends on both sides where nothing is left.
template <typename Up>
Distribution from_ratios(double mode, const Up& up) {
  constexpr double kNothing = 1e-17;
  std::vector<double> below;
  double weight = 1.0;
  double n = mode;
  for (; n > 0.0; n -= 1.0) {
    weight /= up(n - 1.0);
    if (weight < kNothing) break;
    below.push_back(weight);
  }
  Distribution all{mode - as_double(below.size()), {below.rbegin(), below.rend()}};
  all.probability.push_back(1.0);
  weight = 1.0;
  for (n = mode;; n += 1.0) {
    weight *= up(n);
    if (!(weight >= kNothing)) break;
    all.probability.push_back(weight);
  }
  double sum = 0.0;
  for (const double one : all.probability) sum += one;
  for (double& one : all.probability) one /= sum;
  return all;
}

Distribution poisson(double mean) {
  return from_ratios(std::floor(mean), [mean](double n) { return mean / (n + 1.0); });
}

Distribution binomial(double count, double pvalue) {
  if (pvalue >= 1.0) return {count, {1.0}};
  const double odds = pvalue / (1.0 - pvalue);
  return from_ratios(std::min(std::floor((count + 1.0) * pvalue), count),
                     [count, odds](double n) { return (count - n) / (n + 1.0) * odds; });
}

Distribution sum_of(const Distribution& a, const Distribution& b) {
  Distribution sum{a.first + b.first, std::vector<double>(a.probability.size() + b.probability.size() - 1)};
  for (size_t i = 0; i < a.probability.size(); ++i) {
    for (size_t j = 0; j < b.probability.size(); ++j) sum.probability[i + j] += a.probability[i] * b.probability[j];
  }
  return sum;
}

// Draws that have the sums of a day: `count` of equal p-values, one of a p-value that is `share` of theirs, and a
// Poisson number.
struct LikeDraws {
  double count = 0.0;
  double pvalue = 0.0;
  double share = 0.0;
  double poisson = 0.0;
};

// Squares and cubes decide the draws, and a Poisson number makes up for what is left of the sum of p-values. That is
// never below 0: of all draws with these squares and cubes, those without a Poisson number have the lowest sum.
LikeDraws like_draws(const ConversionSums& sums) {
  const double skew = sums.cubed / (sums.squared * std::sqrt(sums.squared));
  LikeDraws like;
  like.count = std::max(1.0, std::floor(1.0 / (skew * skew)));
  // (count + share^3) / (count + share^2)^1.5 = skew falls in the share.
  double low = 0.0;
  double high = 1.0;
  for (int i = 0; i < 50; ++i) {
    const double share = 0.5 * (low + high);
    const double squares = like.count + share * share;
    (like.count + share * share * share > skew * squares * std::sqrt(squares) ? low : high) = share;
  }
  like.share = low;
  like.pvalue = std::min(1.0, std::sqrt(sums.squared / (like.count + low * low)));
  like.poisson = std::max(0.0, sums.pvalue - like.pvalue * (like.count + low));
  return like;
}

double score_of_draws(const ConversionSums& sums, double needed) {
  const LikeDraws like = like_draws(sums);
  Distribution conversions = sum_of(binomial(like.count, like.pvalue), binomial(1.0, like.share * like.pvalue));
  if (like.poisson > 0.0) conversions = sum_of(conversions, poisson(like.poisson));
  double lost = 0.0;
  double reached = 0.0;
  double n = conversions.first;
  for (const double probability : conversions.probability) {
    const double ratio = n / needed;
    const double score = n < needed ? n * ratio * ratio : n;
    reached += probability * score;
    lost += probability * (n - score);
    n += 1.0;
  }
  // Of the two sums the smaller one is the more exact, and the mean is given.
  return 2.0 * lost < sums.pvalue ? sums.pvalue - lost : reached;
}

// The nearest sums that some p-values can have, because rounding, or a cube that is not known, may put the given ones
// beside them.
ConversionSums possible(const ConversionSums& sums) {
  const double squared = std::min(sums.squared, sums.pvalue);
  return {sums.pvalue, squared, std::clamp(sums.cubed, squared * squared / sums.pvalue, squared)};
}

}  // namespace

double cpa(double conversions, double cost) { return cost / (conversions + 1e-10); }

double score(double conversions, double cost, double cpa_limit) {
  const double paid = cpa(conversions, cost);
  if (paid <= cpa_limit) return conversions;
  const double ratio = cpa_limit / (paid + 1e-10);
  return conversions * (ratio * ratio);  // in the benchmark's order: the penalty first
}

double score_of_expectation(double expected_conversions, double cost, double cpa_limit) {
  return score(expected_conversions, cost, cpa_limit);
}

double earned_score(double conversions, bool realised, double cost, double cpa_limit) {
  return realised ? score(conversions, cost, cpa_limit) : expected_score(conversions, cost, cpa_limit);
}

double expected_score(double expected_conversions, double cost, double cpa_limit) {
  const double needed = needed_conversions(cost, cpa_limit);
  if (!(expected_conversions > 0.0) || needed <= 1.0) return expected_conversions;
  return std::clamp(poisson_score(expected_conversions, needed), 0.0, expected_conversions);
}

double expected_score(const ConversionSums& sums, double cost, double cpa_limit) {
  // With squares this small conversions are Poisson for all that a double tells.
  constexpr double kSmall = 1e-9;
  const double mean = sums.pvalue;
  if (!(mean > 0.0) || sums.squared <= kSmall * mean) return expected_score(mean, cost, cpa_limit);
  const double needed = needed_conversions(cost, cpa_limit);
  if (needed <= 1.0) return mean;
  const ConversionSums fitted = possible(sums);
  const double variance = mean - fitted.squared;
  if (variance <= kManyConversions) return std::clamp(score_of_draws(fitted, needed), 0.0, mean);
  // The cumulants of a sum are the sums of the draws' cumulants. They need fourth powers, for which those of equal
  // p-values will do.
  const double fourth_powers = fitted.cubed * fitted.cubed / fitted.squared;
  const Cumulants sum{mean, variance, mean - 3.0 * fitted.squared + 2.0 * fitted.cubed,
                      mean - 7.0 * fitted.squared + 12.0 * fitted.cubed - 6.0 * fourth_powers};
  return std::clamp(score_of_many(sum, needed), 0.0, mean);
}

}  // namespace genbid
