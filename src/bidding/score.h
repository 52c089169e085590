#pragma once

namespace genbid {

// The benchmark's score: conversions, times (limit / CPA)^2 where the CPA limit is exceeded (auctionnet.md
// 2.10; not divided by 20000).
double score(double conversions, double cost, double cpa_limit);

// Cost per conversion with the benchmark's guard against division by zero.
double cpa(double conversions, double cost);

// What is known of a day's conversions before they are drawn: each exposed impression converts with the probability of
// its p-value, independently of all others. Sums over the exposed impressions.
struct ConversionSums {
  double pvalue = 0.0;   // the expected conversions
  double squared = 0.0;  // of each p-value; 0 where p-values are small or not known: conversions are Poisson then
  double cubed = 0.0;    // 0 where not known: as if all p-values were the same
};

// The expected score of a day: the mean of the realised score n min(1, (n L / C)^2) over its conversions n, with the
// cost C and the CPA limit L. Not the score of the expectation, which a day that rides on the limit does not reach: of
// the conversions that luck adds each counts 1, of those that it takes each counts 3.
//
// Many conversions (a variance above 128) have a normal distribution with corrections for skewness, kurtosis and whole
// numbers (Edgeworth, Euler-Maclaurin), good to 1e-6 of the score. Fewer are Poisson, exactly so; or, where the squares
// are given, the sum of draws of some equal p-values, of one smaller one, and of a Poisson number, with the same mean,
// variance and skewness: within 0.1 % of the exact sum on sparse days, on days of p-values up to 0.3, and on mixed
// ones. Where a few draws of p-values near 1 are nearly all there is, three sums do not say enough: up to 0.8 % with
// p-values all over (0, 1), up to 2.5 % with two to seven draws. From 0 to the expected conversions, which is the
// result where one conversion pays for the whole cost. A Poisson number of 30 takes 0.1 us, sums with squares 10 us.
double expected_score(const ConversionSums& sums, double cost, double cpa_limit);
double expected_score(double expected_conversions, double cost, double cpa_limit);  // Poisson

// What a return counts: the score of realised conversions, else the expected score of expected ones. Stores know no
// squares, so returns are of Poisson conversions where a policy is trained and where it plays.
double earned_score(double conversions, bool realised, double cost, double cpa_limit);

// The score as if a day brought just what is expected: above the expected score of a day on the limit, below that of a
// day far beyond it. For what needs a closed form.
double score_of_expectation(double expected_conversions, double cost, double cpa_limit);

}  // namespace genbid
