#include "statistics/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "samples.h"

namespace genbid::statistics {
namespace {

// Relative, so that tails count.
void expect_close(double found, double expected, const nlohmann::json& where) {
  EXPECT_NEAR(found, expected, 1e-11 * std::abs(expected)) << where;
}

TEST(Normal, AgreesWithSciPy) {
  const auto cases = scipy_cases("normal");
  for (const auto& one : cases["cdf"]) expect_close(normal_cdf(one[0]), one[1], one);
  // Around 1/2 a quantile is no better than the probability it is asked for: an error in it is absolute.
  for (const auto& one : cases["quantile"]) EXPECT_NEAR(normal_quantile(one[0]), one[1], 1e-12 * 40) << one;
}

TEST(Student, AgreesWithSciPy) {
  const auto cases = scipy_cases("student");
  for (const auto& one : cases["cdf"]) expect_close(student_cdf(one[0], one[1]), one[2], one);
  for (const auto& one : cases["two_sided"]) expect_close(student_two_sided(one[0], one[1]), one[2], one);
  for (const auto& one : cases["quantile"]) expect_close(student_quantile(one[0], one[1]), one[2], one);
}

// With one degree of freedom T is Cauchy's, with two P(T <= t) = 1/2 + t / (2 sqrt(2 + t^2)).
TEST(Student, HasTheClosedFormsOfOneAndTwoDegreesOfFreedom) {
  for (const double t : {-1e8, -3.0, -1e-5, 0.4, 7.0}) {
    expect_close(student_two_sided(t, 1.0), 2.0 / std::numbers::pi * std::atan2(1.0, std::abs(t)), t);
    const double root = std::sqrt(2.0 + t * t);
    expect_close(student_two_sided(t, 2.0), 2.0 / (root * (root + std::abs(t))), t);
  }
}

TEST(Student, QuantileUndoesTheCumulativeProbability) {
  for (const double df : {0.5, 1.0, 2.2, 5.0, 40.0, 1e5}) {
    for (const double p : {1e-10, 0.003, 0.1, 0.199, 0.201, 0.49, 0.7, 0.9999}) {
      expect_close(student_cdf(student_quantile(p, df), df), p, {p, df});
    }
  }
}

TEST(Student, TakesAnInfiniteDistance) {
  EXPECT_EQ(student_two_sided(std::numeric_limits<double>::infinity(), 5.0), 0.0);
  EXPECT_EQ(student_two_sided(0.0, 5.0), 1.0);
}

TEST(Distributions, RefuseWhatIsOutsideTheirRange) {
  EXPECT_THROW(normal_quantile(0.0), Error);
  EXPECT_THROW(student_quantile(1.0, 5.0), Error);
  EXPECT_THROW(student_quantile(0.5, 0.0), Error);
  EXPECT_THROW(student_cdf(0.5, -1.0), Error);
}

}  // namespace
}  // namespace genbid::statistics
