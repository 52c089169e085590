#pragma once

namespace genbid::statistics {

// Cumulative probabilities and quantiles. Relative error below 1e-11 in both tails, which tests/statistics compares
// with SciPy. Arguments outside their range (p outside (0, 1), no positive degrees of freedom) are an Error.

double normal_cdf(double z);
double normal_quantile(double p);

// Student's t with any positive number of degrees of freedom, whole or not: P(T <= t) = 1 - I_x(df / 2, 1 / 2) / 2 for
// t > 0, x = df / (df + t^2), I the regularised incomplete beta function (Abramowitz and Stegun 26.7.1, 26.5.27).
double student_cdf(double t, double df);
double student_quantile(double p, double df);

// P(|T| >= |t|): the p-value of a two-sided test. 0 for an infinite t.
double student_two_sided(double t, double df);

}  // namespace genbid::statistics
