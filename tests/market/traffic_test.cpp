#include "market/traffic.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "market_samples.h"

namespace genbid {
namespace {

using test::generated_tick;

double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::acos(-1.0)); }
double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0.0, xx = 0.0, yy = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xy / std::sqrt(xx * yy);
}

std::vector<double> column(const TickTraffic& tick, int seat, int64_t count) {
  std::vector<double> values;
  for (int64_t pv = 0; pv < count; ++pv) values.push_back(static_cast<double>(tick.value(pv, seat)));
  return values;
}

TEST(PeriodFactors, ImpressionsSumToTheNominalNumberButForRounding) {
  const Traffic traffic(1, 500000);
  for (int64_t period = 0; period < 50; ++period) {
    const PeriodFactors factors = traffic.factors(period);
    const int64_t sum = std::accumulate(factors.num_pv.begin(), factors.num_pv.end(), int64_t{0});
    EXPECT_LE(sum, 500000);
    EXPECT_GT(sum, 500000 - 49);
  }
}

// Four ticks share a factor, so within a block counts keep the proportions of the base shares: ticks 16 and 18
// have 0.0364087 and 0.0381113.
TEST(PeriodFactors, ImpressionsFollowTheBaseSharesWithinABlockOfFourTicks) {
  const PeriodFactors factors = Traffic(1, 100'000'000).factors(3);
  EXPECT_NEAR(static_cast<double>(factors.num_pv[18]) / static_cast<double>(factors.num_pv[16]),
              0.03811129136190582 / 0.036408735251439284, 1e-5);
}

TEST(PeriodFactors, BlockFactorsFillTheirRange) {
  const Traffic traffic(5, 500000);
  // Means are 0.0005 x [0.3, 1.7] at position 0 and x [0.5, 1.5] of that elsewhere.
  float low = 1.0F;
  float high = 0.0F;
  double sum = 0.0;
  constexpr int kPeriods = 200;
  for (int64_t period = 0; period < kPeriods; ++period) {
    const PeriodFactors factors = traffic.factors(period);
    for (size_t t = 0; t < kTicksPerPeriod; ++t) {
      for (size_t s = 0; s < kNumSeats; ++s) {
        low = std::min(low, factors.mean[t][s]);
        high = std::max(high, factors.mean[t][s]);
        sum += static_cast<double>(factors.mean[t][s]);
        EXPECT_EQ(factors.mean[t][s], factors.mean[t / 8 * 8][s]);
        EXPECT_GE(factors.sigma_ratio[s], 0.0F);
        EXPECT_LE(factors.sigma_ratio[s], 0.3F);
      }
    }
  }
  EXPECT_GE(low, 0.0005F * 0.15F);
  EXPECT_LE(high, 0.0005F * 2.55F);
  EXPECT_LT(low, 0.0005F * 0.2F);
  EXPECT_GT(high, 0.0005F * 2.4F);
  EXPECT_NEAR(sum / (kPeriods * 48.0 * 48.0), 0.0005, 0.00002);
}

TEST(PeriodFactors, DifferBetweenPeriodsAndSeeds) {
  const PeriodFactors a = Traffic(1, 500000).factors(0);
  EXPECT_NE(a.num_pv, Traffic(1, 500000).factors(1).num_pv);
  EXPECT_NE(a.num_pv, Traffic(2, 500000).factors(0).num_pv);
  EXPECT_EQ(a.num_pv, Traffic(1, 500000).factors(0).num_pv);
  // The upper half of a period's 64 bits counts as well.
  EXPECT_NE(a.num_pv, Traffic(1, 500000).factors(int64_t{1} << 32).num_pv);
}

TEST(TickTraffic, ValuesAreClippedNormals) {
  const Traffic traffic(1, 500000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = generated_tick(traffic, factors, 20);
  int64_t zeros = 0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const auto m = static_cast<double>(factors.mean[20][static_cast<size_t>(seat)]);
    const auto s = static_cast<double>(factors.deviation[20][static_cast<size_t>(seat)]);
    double sum = 0.0;
    double square = 0.0;
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
      const float value = tick.value(pv, seat);
      ASSERT_GE(value, 0.0F);
      ASSERT_LE(value, 1.0F);
      zeros += value == 0.0F ? 1 : 0;
      sum += static_cast<double>(value);
      square += static_cast<double>(value) * static_cast<double>(value);
    }
    // max(N(m, s), 0) has mean m Phi(m/s) + s phi(m/s) and mean square (m^2 + s^2) Phi(m/s) + m s phi(m/s).
    const auto n = static_cast<double>(tick.num_pv);
    const double phi = normal_density(m / s);
    const double big_phi = normal_distribution(m / s);
    EXPECT_NEAR(sum / n, m * big_phi + s * phi, 4.5 * s / std::sqrt(n)) << seat;
    EXPECT_NEAR(square / n, (m * m + s * s) * big_phi + m * s * phi,
                4.5 * std::sqrt(2.0 * s * s * s * s + 4.0 * m * m * s * s) / std::sqrt(n))
        << seat;
  }
  const double share = static_cast<double>(zeros) / static_cast<double>(tick.num_pv * kNumSeats);
  EXPECT_GT(share, 0.01);
  EXPECT_LT(share, 0.06);
}

TEST(TickTraffic, SeatsTicksAndPeriodsAreUncorrelated) {
  const Traffic traffic(1, 500000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic a = generated_tick(traffic, factors, 20);
  const TickTraffic b = generated_tick(traffic, factors, 21);
  const TickTraffic other_period = generated_tick(traffic, traffic.factors(1), 20);
  const TickTraffic other_seed = generated_tick(Traffic(2, 500000), factors, 20);
  const int64_t n = std::min({a.num_pv, b.num_pv, other_period.num_pv, other_seed.num_pv});
  const double limit = 4.5 / std::sqrt(static_cast<double>(n));
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const auto x = column(a, seat, n);
    EXPECT_LT(std::abs(correlation(x, column(a, (seat + 1) % kNumSeats, n))), limit);
    EXPECT_LT(std::abs(correlation(x, column(b, seat, n))), limit);
    EXPECT_LT(std::abs(correlation(x, column(other_period, seat, n))), limit);
    EXPECT_LT(std::abs(correlation(x, column(other_seed, seat, n))), limit);
    // Neighbouring impressions come from the same Philox call or the next.
    std::vector<double> shifted(x.begin() + 1, x.end());
    shifted.push_back(x.front());
    EXPECT_LT(std::abs(correlation(x, shifted)), limit);
  }
}

TEST(TickTraffic, IsTheSameMadeAloneOrAfterOthersInAnyOrderOfChunks) {
  const Traffic traffic(1, 100000);
  const PeriodFactors factors = traffic.factors(4);
  const TickTraffic alone = generated_tick(traffic, factors, 30);
  TickTraffic reused = generated_tick(traffic, factors, 18);  // a larger tick before it
  traffic.begin_tick(factors, 30, reused);
  for (int64_t chunk = reused.num_chunks - 1; chunk >= 0; --chunk) {
    traffic.fill_chunk(factors, chunk, reused);
  }
  traffic.end_tick(reused);
  ASSERT_EQ(alone.num_pv, reused.num_pv);
  for (int64_t pv = 0; pv < alone.num_blocks * kBlockWidth; ++pv) {
    for (int seat = 0; seat < kNumSeats; ++seat) ASSERT_EQ(alone.value(pv, seat), reused.value(pv, seat));
    ASSERT_EQ(alone.shown(pv), reused.shown(pv));
    for (int slot = 0; slot < 3; ++slot) ASSERT_EQ(alone.draw(pv, slot), reused.draw(pv, slot));
  }
  EXPECT_EQ(alone.sum_value, reused.sum_value);
  EXPECT_EQ(alone.sum_square, reused.sum_square);
}

TEST(TickTraffic, AShorterPeriodIsTheBeginningOfALongerOne) {
  const Traffic small(1, 20000);
  const Traffic large(1, 200000);
  const TickTraffic a = generated_tick(small, small.factors(0), 20);
  const TickTraffic b = generated_tick(large, large.factors(0), 20);
  for (int64_t pv = 0; pv < a.num_pv; ++pv) ASSERT_EQ(a.value(pv, 5), b.value(pv, 5));
}

TEST(TickTraffic, PadsTheLastBlockWithZerosAndSumsTheRest) {
  const Traffic traffic(1, 48000);
  const PeriodFactors factors = traffic.factors(0);
  int64_t num_padded = 0;
  for (int t = 0; t < 8; ++t) {
    const TickTraffic tick = generated_tick(traffic, factors, t);
    num_padded += tick.num_blocks * kBlockWidth - tick.num_pv;
    for (int seat = 0; seat < kNumSeats; ++seat) {
      double sum = 0.0;
      double square = 0.0;
      for (int64_t pv = 0; pv < tick.num_blocks * kBlockWidth; ++pv) {
        const float value = tick.value(pv, seat);
        if (pv >= tick.num_pv) {
          ASSERT_EQ(value, 0.0F);
        }
        sum += static_cast<double>(value);
        square += static_cast<double>(value * value);
      }
      EXPECT_NEAR(tick.sum_value[static_cast<size_t>(seat)], sum, 1e-12 * sum);
      EXPECT_NEAR(tick.sum_square[static_cast<size_t>(seat)], square, 1e-12 * square);
    }
  }
  EXPECT_GT(num_padded, 0);
}

TEST(TickTraffic, ShowsSlotTwoInEightOfTenAndSlotThreeInSixOfThose) {
  const Traffic traffic(1, 2'000'000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = generated_tick(traffic, factors, 18);
  const auto n = static_cast<double>(tick.num_pv);
  double second = 0.0, third = 0.0, draws = 0.0;
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    ASSERT_GE(tick.shown(pv), 1);
    second += tick.shown(pv) >= 2 ? 1.0 : 0.0;
    third += tick.shown(pv) >= 3 ? 1.0 : 0.0;
    for (int slot = 0; slot < 3; ++slot) draws += static_cast<double>(tick.draw(pv, slot));
  }
  EXPECT_NEAR(second / n, 0.8, 4.5 * std::sqrt(0.8 * 0.2 / n));
  EXPECT_NEAR(third / n, 0.48, 4.5 * std::sqrt(0.48 * 0.52 / n));
  EXPECT_NEAR(draws / (3.0 * n), 0.5, 4.5 * std::sqrt(1.0 / 12.0 / (3.0 * n)));
}

// |N(s, s/2)| with s = 0.1 has mean 0.1 (2 Phi(2) - 1) + 0.05 x 2 phi(2) = 0.100849; the cap at 0.3 is 4
// deviations away.
TEST(Sigma, IsAFoldedNormalShareOfTheValue) {
  const Traffic traffic(1, 500000);
  PeriodFactors factors = traffic.factors(0);
  factors.sigma_ratio.fill(0.1F);
  double sum = 0.0;
  constexpr int64_t kCount = 200000;
  for (int64_t pv = 0; pv < kCount; ++pv) {
    const float sigma = traffic.sigma(factors, 3, pv, 7, 0.5F);
    ASSERT_GE(sigma, 0.0F);
    ASSERT_LE(sigma, 0.3F * 0.5F);
    sum += static_cast<double>(sigma);
  }
  EXPECT_NEAR(sum / kCount, 0.5 * 0.100849, 0.5 * 0.05 * 4.5 / std::sqrt(static_cast<double>(kCount)));
}

TEST(TruncatedNormalMean, AgreesWithTheFormula) {
  for (double v1 = 0.0; v1 <= 1.0; v1 += 0.05) {
    for (double v2 = 0.0; v2 <= 1.0; v2 += 0.05) {
      if (v1 + v2 < 1e-3) continue;
      const double mass = normal_distribution(2.0 * v2) - normal_distribution(-2.0 * v1);
      const double exact = (normal_density(2.0 * v1) - normal_density(2.0 * v2)) / mass;
      ASSERT_NEAR(truncated_normal_mean(v1, v2), exact, 1e-13) << v1 << " " << v2;
    }
  }
  EXPECT_EQ(truncated_normal_mean(0.3, 0.3), 0.0);
  EXPECT_EQ(truncated_normal_mean(0.0, 0.0), 0.0);
}

TEST(ConversionProbability, StaysWithinTheQuickTestsBound) {
  const Traffic traffic(3, 500000);
  const PeriodFactors factors = traffic.factors(9);
  for (int seat = 0; seat < kNumSeats; ++seat) {
    for (int64_t pv = 0; pv < 2000; ++pv) {
      const float p = traffic.conversion_probability(factors, 8, pv, seat, 0.001F);
      ASSERT_GT(p, 0.0007F);
      ASSERT_LT(p, 1.25F * 0.001F);
    }
  }
  EXPECT_EQ(traffic.conversion_probability(factors, 8, 0, 0, 0.0F), 0.0F);
}

// Any machine and any build must make these bits: the hash covers values, draws and factors of three ticks.
TEST(TickTraffic, HasItsBits) {
  const Traffic traffic(1, 20000);
  const PeriodFactors factors = traffic.factors(7);
  uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](uint32_t bits) { hash = (hash ^ bits) * 0x100000001b3ULL; };
  for (const int t : {0, 20, 47}) {
    const TickTraffic tick = generated_tick(traffic, factors, t);
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
      for (int seat = 0; seat < kNumSeats; ++seat) add(std::bit_cast<uint32_t>(tick.value(pv, seat)));
      for (int slot = 0; slot < 3; ++slot) add(std::bit_cast<uint32_t>(tick.draw(pv, slot)));
      add(static_cast<uint32_t>(tick.shown(pv)));
    }
    for (const double sum : tick.sum_value) {
      add(static_cast<uint32_t>(std::bit_cast<uint64_t>(sum)));
    }
  }
  for (const float shift : factors.shift) add(std::bit_cast<uint32_t>(shift));
  for (int64_t pv = 0; pv < 100; ++pv) {
    add(std::bit_cast<uint32_t>(traffic.sigma(factors, 20, pv, 11, 0.001F)));
  }
  EXPECT_EQ(hash, 5380348047329448045ULL);
}

}  // namespace
}  // namespace genbid
