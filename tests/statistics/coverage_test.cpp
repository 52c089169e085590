// Simulated truth: of 2,000 evaluations of a known market, how many "95 %" intervals hold the truth. Seats have
// effects that stay from period to period, periods have effects that all their seats share, and cells have noise. The
// stream of random numbers is fixed, so each test counts the same intervals every time. 2,000 repetitions have a
// standard error of 0.5 %.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <span>
#include <vector>

#include "base/random/lanes.h"
#include "base/random/random.h"
#include "statistics/bootstrap.h"
#include "statistics/difference.h"
#include "statistics/distributions.h"
#include "statistics/mean.h"
#include "statistics/values.h"

namespace genbid::statistics {
namespace {

constexpr int kRepetitions = 2000;
constexpr int kPeriods = 6;
constexpr int kSeats = 48;

// Numbers of one repetition by what they are of and where.
class Draws {
 public:
  Draws(const RandomStream& stream, int repetition) : stream_(stream), repetition_(repetition) {}

  double normal(int of, int a = 0, int b = 0) const {
    const auto words = bits(of, a, b);
    return normal_pair(words[0], words[1]).first;
  }
  // Mean 0, variance 1, skewness 2.
  double exponential(int of, int a = 0, int b = 0) const {
    return -std::log((static_cast<double>(bits(of, a, b)[0]) + 0.5) * 0x1p-32) - 1.0;
  }

 private:
  std::array<uint32_t, 4> bits(int of, int a, int b) const {
    return stream_.bits(static_cast<uint32_t>(repetition_), static_cast<uint32_t>(of), static_cast<uint32_t>(a),
                        static_cast<uint32_t>(b));
  }

  const RandomStream& stream_;
  int repetition_;
};

enum Of { kSeat, kPeriod, kNoise, kOtherPeriod, kOtherNoise, kSize, kTraining, kOtherTraining, kSeedOfPeriod };

struct Trial {
  Estimate estimate;
  double truth = 0.0;
};

// In percent. Printed, so that a log says what was measured.
double coverage(const char* what, const std::function<Trial(const Draws&)>& trial, int repetitions = kRepetitions) {
  const RandomStream stream(2026, "coverage");
  int held = 0;
  for (int r = 0; r < repetitions; ++r) {
    const Trial one = trial(Draws(stream, r));
    if (!one.estimate.interval) continue;
    held += one.estimate.interval->low <= one.truth && one.truth <= one.estimate.interval->high;
  }
  const double percent = 100.0 * held / repetitions;
  std::printf("coverage of %s: %.2f %%\n", what, percent);
  return percent;
}

void expect_covers_95(double percent) {
  EXPECT_GE(percent, 93.0);
  EXPECT_LE(percent, 97.0);
}

CandidateCells cells_of(const char* name, const std::function<double(int, int)>& value, int seeds = 0) {
  CandidateCells result{name, {}};
  for (int s = 0; s < std::max(seeds, 1); ++s) {
    for (int p = 0; p < kPeriods; ++p) {
      Cell cell;
      cell.key.period = p;
      if (seeds > 0) cell.training_seed = s;
      cell.value = value(s, p);
      result.cells.push_back(cell);
    }
  }
  return result;
}

CandidateCells market_cells(const char* name, const std::function<Sums(int, int)>& cell_of) {
  CandidateCells result{name, {}};
  for (int p = 0; p < kPeriods; ++p) {
    for (int c = 0; c < kSeats; ++c) {
      const Sums sums = cell_of(p, c);
      result.cells.push_back({.key = {1, p, c}, .value = sums.value, .base = sums.base});
    }
  }
  return result;
}

// The seats of a market are those that it has: the truth is the mean over them.
double mean_of_seats(const Draws& draws, double scale) {
  double sum = 0.0;
  for (int c = 0; c < kSeats; ++c) sum += scale * draws.normal(kSeat, c);
  return sum / kSeats;
}

Trial mean_trial(const Draws& draws, double period, bool skewed) {
  const CandidateCells cells = market_cells("a", [&](int p, int c) {
    const double noise = skewed ? draws.exponential(kNoise, p, c) : draws.normal(kNoise, p, c);
    return Sums{20.0 + 8.0 * draws.normal(kSeat, c) + period * draws.normal(kPeriod, p) + 6.0 * noise, 1.0};
  });
  return {mean(cells), 20.0 + mean_of_seats(draws, 8.0)};
}

TEST(Coverage, OfAMean) {
  expect_covers_95(coverage("a mean", [](const Draws& d) { return mean_trial(d, 1.0, false); }));
  expect_covers_95(coverage("a mean, skewed noise", [](const Draws& d) { return mean_trial(d, 1.0, true); }));
  expect_covers_95(coverage("a mean, no period effects", [](const Draws& d) { return mean_trial(d, 0.0, true); }));
}

// Optima vary by seat and, by 30 %, by period; what is reached of them by seat, period and cell.
Trial ratio_trial(const Draws& draws, bool skewed) {
  const auto size = [&](int c) { return 30.0 * std::exp(0.8 * draws.normal(kSize, 1, c)); };
  const auto share = [&](int c) { return 0.6 + 0.1 * draws.normal(kSeat, c); };
  const CandidateCells cells = market_cells("a", [&](int p, int c) {
    const double optimum = size(c) * std::exp(0.3 * draws.normal(kSize, 0, p));
    const double noise = skewed ? draws.exponential(kNoise, p, c) : draws.normal(kNoise, p, c);
    return Sums{optimum * (share(c) + 0.05 * draws.normal(kPeriod, p) + 0.15 * noise), optimum};
  });
  double reached = 0.0;
  double possible = 0.0;
  for (int c = 0; c < kSeats; ++c) {
    reached += size(c) * share(c);
    possible += size(c);
  }
  return {mean(cells), reached / possible};
}

TEST(Coverage, OfARatioOfSums) {
  expect_covers_95(coverage("a ratio", [](const Draws& d) { return ratio_trial(d, false); }));
  expect_covers_95(coverage("a ratio, skewed noise", [](const Draws& d) { return ratio_trial(d, true); }));
}

// Shares of the optimum that are normal in each seat: the middle half of all seats' together lies between the quarters
// of their mixture, which a search finds, and its mean is that of cut normals.
struct Mixture {
  std::vector<double> means;
  double deviation = 1.0;

  double below(double x) const {
    double sum = 0.0;
    for (const double m : means) sum += normal_cdf((x - m) / deviation);
    return sum / static_cast<double>(means.size());
  }
  double quantile_of(double q) const {
    double low = -10.0;
    double high = 10.0;
    for (int i = 0; i < 60; ++i) (below(0.5 * (low + high)) < q ? low : high) = 0.5 * (low + high);
    return 0.5 * (low + high);
  }
  double middle_mean() const {
    const double low = quantile_of(0.25);
    const double high = quantile_of(0.75);
    const auto density = [](double z) { return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::acos(-1.0)); };
    double sum = 0.0;
    for (const double m : means) {
      const double a = (low - m) / deviation;
      const double b = (high - m) / deviation;
      sum += m * (normal_cdf(b) - normal_cdf(a)) + deviation * (density(a) - density(b));
    }
    return 2.0 * sum / static_cast<double>(means.size());
  }
};

struct MiddleSample {
  CandidateCells cells;
  double truth;
};
MiddleSample middle_sample(const Draws& draws) {
  constexpr double kOfPeriod = 0.05;
  constexpr double kOfCell = 0.15;
  Mixture mixture{{}, std::hypot(kOfPeriod, kOfCell)};
  for (int c = 0; c < kSeats; ++c) mixture.means.push_back(0.6 + 0.1 * draws.normal(kSeat, c));
  const CandidateCells cells = market_cells("a", [&](int p, int c) {
    const double optimum = 30.0 * std::exp(0.8 * draws.normal(kSize, 1, c));
    const double share = mixture.means[static_cast<size_t>(c)] + kOfPeriod * draws.normal(kPeriod, p) +
                         kOfCell * draws.normal(kNoise, p, c);
    return Sums{optimum * share, optimum};
  });
  return {cells, mixture.middle_mean()};
}

TEST(Coverage, OfAnInterquartileMean) {
  expect_covers_95(coverage("an interquartile mean", [](const Draws& d) {
    const MiddleSample sample = middle_sample(d);
    return Trial{*interquartile_mean(sample.cells), sample.truth};
  }));
  // Whole periods resampled: why tables do not have this interval.
  const double bootstrapped = coverage(
      "an interquartile mean, percentile bootstrap",
      [](const Draws& d) {
        const MiddleSample sample = middle_sample(d);
        const auto of_periods = [&](std::span<double> drawn) {
          std::vector<double> shares;
          for (const double period : drawn) {
            for (const Cell& cell : sample.cells.cells) {
              if (static_cast<double>(cell.key.period) == period) shares.push_back(cell.value / cell.base);
            }
          }
          return interquartile_mean(shares);
        };
        return Trial{stratified({{0, 1, 2, 3, 4, 5}}, of_periods, {.resamples = 200}), sample.truth};
      },
      400);
  EXPECT_LT(bootstrapped, 93.0);
}

// Both meet the same seats and periods; the candidate differs by 1, more or less by seat, period and cell.
Trial difference_trial(const Draws& draws, bool skewed, bool probability) {
  const auto shared = [&](int p, int c) {
    return 20.0 + 8.0 * draws.normal(kSeat, c) + 3.0 * draws.normal(kPeriod, p) + 6.0 * draws.normal(kNoise, p, c);
  };
  const auto of_seat = [&](int c) { return 1.0 + draws.normal(kSeat, c, 1); };
  const CandidateCells reference = market_cells("b", [&](int p, int c) { return Sums{shared(p, c), 1.0}; });
  const CandidateCells candidate = market_cells("a", [&](int p, int c) {
    const double noise = skewed ? draws.exponential(kOtherNoise, p, c) : draws.normal(kOtherNoise, p, c);
    return Sums{shared(p, c) + of_seat(c) + 0.5 * draws.normal(kOtherPeriod, p) + 2.0 * noise, 1.0};
  });
  double truth = 0.0;
  for (int c = 0; c < kSeats; ++c) {
    truth += probability ? normal_cdf(of_seat(c) / std::hypot(0.5, 2.0)) : of_seat(c);
  }
  return {probability ? probability_of_improvement(candidate, reference) : difference(candidate, reference),
          truth / kSeats};
}

TEST(Coverage, OfAPairedDifference) {
  expect_covers_95(coverage("a difference", [](const Draws& d) { return difference_trial(d, false, false); }));
  expect_covers_95(
      coverage("a difference, skewed noise", [](const Draws& d) { return difference_trial(d, true, false); }));
}

TEST(Coverage, OfAProbabilityOfImprovement) {
  expect_covers_95(
      coverage("a probability of improvement", [](const Draws& d) { return difference_trial(d, false, true); }));
}

// Three trainings x 6 periods, cells already averaged over seats.
Trial crossed_trial(const Draws& draws, int seeds, double training, double period, double rest) {
  const CandidateCells cells = cells_of(
      "a",
      [&](int s, int p) {
        return 20.0 + training * draws.normal(kTraining, s) + period * draws.normal(kPeriod, p) +
               rest * draws.normal(kSeedOfPeriod, s, p);
      },
      seeds);
  return {mean(cells), 20.0};
}

// Standard deviations of training, period and rest.
double crossed(int seeds, double training, double period, double rest) {
  char what[96];
  std::snprintf(what, sizeof what, "%d trainings (%.1f) x 6 periods (%.1f), rest %.1f", seeds, training, period, rest);
  return coverage(what, [=](const Draws& d) { return crossed_trial(d, seeds, training, period, rest); });
}

TEST(Coverage, OfTrainingsCrossedWithPeriods) {
  expect_covers_95(crossed(3, 0.3, 1.0, 0.3));
  expect_covers_95(crossed(3, 1.0, 1.0, 0.3));
  expect_covers_95(crossed(3, 1.0, 0.3, 0.3));
  expect_covers_95(crossed(3, 1.0, 0.0, 0.3));
  expect_covers_95(crossed(3, 1.0, 1.0, 1.0));
  expect_covers_95(crossed(3, 0.0, 1.0, 0.3));
  expect_covers_95(crossed(5, 1.0, 1.0, 0.3));
}

// Where neither trainings nor periods matter, the rest is counted by both axes: the interval is too wide, by up to
// sqrt(2). With two trainings the one degree of freedom that they have is often hidden by the periods' five, because
// Satterthwaite's number is itself estimated: too narrow.
TEST(Coverage, OfCrossedDesignsHasCorners) {
  const double nothing = crossed(3, 0.0, 0.0, 1.0);
  EXPECT_GT(nothing, 97.0);
  EXPECT_LT(nothing, 99.5);
  EXPECT_NEAR(crossed(3, 0.0, 1.0, 1.0), 97.0, 1.2);
  EXPECT_NEAR(crossed(2, 1.0, 0.3, 0.3), 89.3, 2.0);
}

// Independent trainings on both sides: three against three, and three against a rule; then the same seeds on both.
Trial trained_trial(const Draws& draws, int others, SeedPairing pairing) {
  const auto period = [&](int p) { return 3.0 * draws.normal(kPeriod, p); };
  const auto common = [&](int s) { return pairing == SeedPairing::kPaired ? 2.0 * draws.normal(kSeat, s) : 0.0; };
  const CandidateCells candidate = cells_of(
      "a",
      [&](int s, int p) {
        return 1.0 + period(p) + common(s) + 0.5 * draws.normal(kTraining, s) + 0.5 * draws.normal(kOtherPeriod, p) +
               0.3 * draws.normal(kNoise, s, p);
      },
      3);
  const CandidateCells reference = cells_of(
      "b",
      [&](int s, int p) {
        return period(p) + common(s) + (others > 0 ? 0.5 * draws.normal(kOtherTraining, s) : 0.0) +
               0.3 * draws.normal(kOtherNoise, s, p);
      },
      others);
  return {difference(candidate, reference, pairing), 1.0};
}

TEST(Coverage, OfDifferencesBetweenTrainings) {
  const auto measured = [](const char* what, int others, SeedPairing pairing) {
    return coverage(what, [=](const Draws& d) { return trained_trial(d, others, pairing); });
  };
  expect_covers_95(measured("3 against 3 independent trainings", 3, SeedPairing::kIndependent));
  expect_covers_95(measured("3 paired trainings", 3, SeedPairing::kPaired));
  expect_covers_95(measured("3 trainings against a rule", 0, SeedPairing::kIndependent));
}

// What the choice of t rests on. Where the periods' own effects are skewed, six of them do not show it to t.
Trial skewed_trial(const Draws& draws, bool skewed, bool studentised) {
  const CandidateCells cells = cells_of(
      "a", [&](int, int p) { return 20.0 + (skewed ? draws.exponential(kPeriod, p) : draws.normal(kPeriod, p)); });
  return {studentised ? studentised_mean(cells, {.resamples = 399}) : mean(cells), 20.0};
}

TEST(Coverage, OfSkewedPeriodsIsBetterByTheStudentisedBootstrap) {
  const auto measured = [](const char* what, bool skewed, bool studentised) {
    return coverage(what, [=](const Draws& d) { return skewed_trial(d, skewed, studentised); });
  };
  expect_covers_95(measured("normal periods by t", false, false));
  expect_covers_95(measured("normal periods, studentised", false, true));
  EXPECT_NEAR(measured("exponential periods by t", true, false), 88.5, 2.0);
  EXPECT_NEAR(measured("exponential periods, studentised", true, true), 92.5, 2.0);
}

// Six trainings of one market of eight seats, as rliable has runs and tasks.
TEST(Coverage, OfAStratifiedInterquartileMean) {
  const double percent = coverage(
      "an interquartile mean of 8 strata x 20",
      [](const Draws& d) {
        Strata strata(8);
        for (int s = 0; s < 8; ++s) {
          for (int r = 0; r < 20; ++r) strata[static_cast<size_t>(s)].push_back(d.normal(kNoise, s, r));
        }
        return Trial{interquartile_mean(strata, {.resamples = 199}), 0.0};
      },
      1000);
  EXPECT_NEAR(percent, 94.0, 2.0);
}

}  // namespace
}  // namespace genbid::statistics
