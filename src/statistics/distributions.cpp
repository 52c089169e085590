#include "statistics/distributions.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace genbid::statistics {
namespace {

void check_probability(const char* where, double p) {
  if (!(p > 0.0 && p < 1.0)) {
    throw Error(std::string(where) + ": found probability " + std::to_string(p) + ", expected one in (0, 1)");
  }
}

void check_freedom(const char* where, double df) {
  if (!(df > 0.0)) {
    throw Error(std::string(where) + ": found " + std::to_string(df) + " degrees of freedom, expected more than 0");
  }
}

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi); }

// ln B(a, 1/2) = ln(sqrt(pi) Gamma(a) / Gamma(a + 1/2)). The ratio of the two gamma functions is taken to a >= 30 by
// Gamma(a + 1) = a Gamma(a), where the asymptotic series of its logarithm is exact to the last bits; a difference of
// two lgamma would lose them for large a.
double log_beta_with_half(double a) {
  double shifted = 0.0;
  for (; a < 30.0; a += 1.0) shifted += std::log1p(0.5 / a);
  const double u = 1.0 / (a * a);
  const double series = (-1.0 / 8 + u * (1.0 / 192 + u * (-1.0 / 640 + u * (17.0 / 14336 - u * 31.0 / 18432)))) / a;
  return 0.5 * std::log(std::numbers::pi) - 0.5 * std::log(a) - series + shifted;
}

constexpr int kMostTerms = 100000;  // some fifty are needed

double kept_off_zero(double value) { return std::abs(value) < 1e-300 ? 1e-300 : value; }

// I_y(1/2, b) y^-1/2 (1 - y)^-b B / 2 for y < 1.5 / (b + 2.5): the continued fraction 26.5.8 of Abramowitz and Stegun,
// by Lentz's method.
double lower_fraction(double b, double y) {
  constexpr double a = 0.5;
  double c = 1.0;
  double d = 1.0 / kept_off_zero(1.0 - (a + b) * y / (a + 1.0));
  double fraction = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * y / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1.0 / kept_off_zero(1.0 + even * d);
    c = kept_off_zero(1.0 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * y / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1.0 / kept_off_zero(1.0 + odd * d);
    c = kept_off_zero(1.0 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1.0) < 1e-15) break;
  }
  return fraction;
}

// I_x(a, 1/2) x^-a y^-1/2 B for y = 1 - x > 1.5 / (a + 2.5): the continued fraction of DiDonato and Morris (ACM
// Transactions on Mathematical Software 18, 1992, equation 9), which reads y where the other one subtracts x from 1:
// for many degrees of freedom that would lose half of the digits.
double upper_fraction(double a, double x, double y) {
  constexpr double b = 0.5;
  const double lambda = (a + b) * y - b;
  double fraction = a / (a + 1.0) * (lambda + 1.0);
  double c = fraction;
  double d = 0.0;
  for (int n = 1; n < kMostTerms; ++n) {
    const double odd = a + 2 * n - 1;
    const double alpha = (a + n - 1) / odd * ((a + b + n - 1) / odd) * n * (b - n) * x * x;
    const double beta = n + n * (b - n) * x / odd + (a + n) / (a + 2 * n + 1) * (lambda + 1.0 + n * (1.0 + y));
    d = 1.0 / kept_off_zero(beta + alpha * d);
    c = kept_off_zero(beta + alpha / c);
    fraction *= c * d;
    if (std::abs(c * d - 1.0) < 1e-15) break;
  }
  return 1.0 / fraction;
}

// Of |T|: what lies beyond t and what lies below it. Each is computed where it is the small one, so neither cancels.
struct TwoSides {
  double beyond, within;
};

TwoSides two_sides(double t, double df) {
  t = std::abs(t);
  if (std::isinf(t)) return {0.0, 1.0};
  if (df > 1e14) return {std::erfc(t / std::numbers::sqrt2), std::erf(t / std::numbers::sqrt2)};
  const double a = 0.5 * df;
  const double r = t / std::sqrt(df);
  // x = 1 / (1 + r^2), y = 1 - x; logarithms because r^2 may overflow.
  const double log_x = r < 1.0 ? -std::log1p(r * r) : -2.0 * std::log(std::hypot(1.0, r));
  const double x = std::exp(log_x);
  const double y = r < 1.0 ? r * r * x : 1.0 - x;
  const double log_front = a * log_x - log_beta_with_half(a);
  if (x < (a + 1.0) / (a + 2.5)) {
    const double beyond = std::exp(log_front) * std::sqrt(y) * upper_fraction(a, x, y);
    return {beyond, 1.0 - beyond};
  }
  const double within = std::exp(log_front) * std::sqrt(y) * 2.0 * lower_fraction(a, y);
  return {1.0 - within, within};
}

double student_density(double t, double df) {
  const double r = t / std::sqrt(df);
  const double log_x = r < 1.0 ? -std::log1p(r * r) : -2.0 * std::log(std::hypot(1.0, r));
  return std::exp(0.5 * (df + 1.0) * log_x - log_beta_with_half(0.5 * df)) / std::sqrt(df);
}

// The t > 0 with P(T > t) = p, by Newton's method. In the body on P(|T| < t), which is
// concave in t: from 0 it never oversteps. In the tail on ln P(T > t) as a function of ln t, which is nearly a line.
double upper_quantile(double p, double df) {
  constexpr int kMostSteps = 200;
  double t = 0.0;
  if (p > 0.2) {
    for (int step = 0; step < kMostSteps; ++step) {
      const double next = t + ((1.0 - 2.0 * p) - two_sides(t, df).within) / (2.0 * student_density(t, df));
      if (std::abs(next - t) <= 1e-15 * next) return next;
      t = next;
    }
    return t;
  }
  t = 1.0;
  for (int step = 0; step < kMostSteps; ++step) {
    const double beyond = 0.5 * two_sides(t, df).beyond;
    const double slope = t * student_density(t, df) / beyond;
    const double move = std::log(beyond / p) / slope;
    t *= std::exp(std::clamp(move, -3.0, 3.0));
    if (std::abs(move) <= 1e-15) break;
  }
  return t;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double p) {
  check_probability("normal quantile", p);
  if (p > 0.5) return -normal_quantile(1.0 - p);
  // A start with an error below 5e-4 (26.2.23), then Halley's method, whose error is cubed by every step.
  const double s = std::sqrt(-2.0 * std::log(p));
  double z = (2.515517 + s * (0.802853 + s * 0.010328)) / (1.0 + s * (1.432788 + s * (0.189269 + s * 0.001308))) - s;
  for (int step = 0; step < 3; ++step) {
    const double u = (normal_cdf(z) - p) / normal_density(z);
    z -= u / (1.0 + 0.5 * z * u);
  }
  return z;
}

double student_cdf(double t, double df) {
  check_freedom("Student's t", df);
  const TwoSides sides = two_sides(t, df);
  return t < 0.0 ? 0.5 * sides.beyond : 0.5 + 0.5 * sides.within;
}

double student_quantile(double p, double df) {
  check_probability("quantile of Student's t", p);
  check_freedom("quantile of Student's t", df);
  if (p == 0.5) return 0.0;
  return p > 0.5 ? upper_quantile(1.0 - p, df) : -upper_quantile(p, df);
}

double student_two_sided(double t, double df) {
  check_freedom("Student's t", df);
  return two_sides(t, df).beyond;
}

}  // namespace genbid::statistics
