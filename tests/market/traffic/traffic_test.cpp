#include "market/traffic/traffic.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "market/auction/clearing_blocks.h"
#include "bidding/day_shape.h"
#include "market/official/official_traffic.h"
#include "market/market_samples.h"

namespace genbid::market {
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

TrafficConfig structured(const std::string& structure) {
  TrafficConfig config;
  config.structure = structure;
  return config;
}

class PeriodFactorsOf : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Structures, PeriodFactorsOf, testing::Values("official_episode", "own"));

TEST_P(PeriodFactorsOf, ImpressionsSumToTheNominalNumberButForRounding) {
  const Traffic traffic(1, 500000, structured(GetParam()));
  for (int64_t period = 0; period < 50; ++period) {
    const PeriodFactors factors = traffic.factors(period);
    const int64_t sum = std::accumulate(factors.num_pv.begin(), factors.num_pv.end(), int64_t{0});
    EXPECT_LE(sum, 500000);
    EXPECT_GT(sum, 500000 - 49);
  }
}

// Four ticks share a factor, so within a block counts keep the proportions of the base shares: ticks 16 and 18
// have 0.0364087 and 0.0381113.
TEST_P(PeriodFactorsOf, ImpressionsFollowTheBaseSharesWithinABlockOfFourTicks) {
  const PeriodFactors factors = Traffic(1, 100'000'000, structured(GetParam())).factors(3);
  EXPECT_NEAR(static_cast<double>(factors.num_pv[18]) / static_cast<double>(factors.num_pv[16]),
              0.03811129136190582 / 0.036408735251439284, 1e-5);
}

TEST_P(PeriodFactorsOf, BlockFactorsFillTheirRange) {
  const Traffic traffic(5, 500000, structured(GetParam()));
  // Means are 0.0005 x [0.3, 1.7] at position 0 and x [0.5, 1.5] of that elsewhere.
  float low = 1.0F;
  float high = 0.0F;
  double sum = 0.0;
  constexpr int kPeriods = 200;
  for (int64_t period = 0; period < kPeriods; ++period) {
    const PeriodFactors factors = traffic.factors(period);
    for (size_t t = 0; t < kTicksPerPeriod; ++t) {
      for (size_t s = 0; s < kNumSeats; ++s) {
        const float mean = factors.mean[t * kNumSeats + s];
        low = std::min(low, mean);
        high = std::max(high, mean);
        sum += static_cast<double>(mean);
        EXPECT_EQ(mean, factors.mean[t / 8 * 8 * kNumSeats + s]);
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

TEST_P(PeriodFactorsOf, DifferBetweenPeriods) {
  const Traffic traffic(1, 500000, structured(GetParam()));
  const PeriodFactors a = traffic.factors(0);
  EXPECT_NE(a.num_pv, traffic.factors(1).num_pv);
  EXPECT_NE(a.mean, traffic.factors(1).mean);
  EXPECT_NE(a.sigma_ratio, traffic.factors(1).sigma_ratio);
  EXPECT_NE(a.shift, traffic.factors(1).shift);
  EXPECT_EQ(a.num_pv, traffic.factors(0).num_pv);
  // The upper half of a period's 64 bits counts as well.
  EXPECT_NE(a.num_pv, traffic.factors(int64_t{1} << 32).num_pv);
}

TEST(PeriodFactors, OwnDaysDifferBetweenSeedsAndOfficialOnesDoNot) {
  const TrafficConfig own = structured("own");
  EXPECT_NE(Traffic(1, 500000, own).factors(0).num_pv, Traffic(2, 500000, own).factors(0).num_pv);
  EXPECT_EQ(Traffic(1, 500000).factors(0).num_pv, Traffic(2, 500000).factors(0).num_pv);
}

// Counts of every tick, and all levels, spreads and uncertainties to float precision.
TEST(PeriodFactors, OfficialEpisodesAreAuctionNets) {
  for (const int64_t period : {0, 7, 1234}) {
    const PeriodFactors factors = Traffic(3, 500000).factors(period);
    const official::EpisodeFactors episode = official::episode_factors(period);
    for (size_t t = 0; t < kTicksPerPeriod; ++t) {
      EXPECT_EQ(factors.num_pv[t], episode.num_pv[t]);
      for (size_t s = 0; s < kNumSeats; ++s) {
        EXPECT_EQ(factors.mean[t * kNumSeats + s], static_cast<float>(episode.mean[t][s]));
        EXPECT_EQ(factors.deviation[t * kNumSeats + s], static_cast<float>(episode.deviation[t][s]));
        EXPECT_EQ(factors.sigma_ratio[s], static_cast<float>(episode.sigma_ratio[s]));
      }
    }
  }
}

TEST(OwnDays, HaveTheShapeThatIsAskedFor) {
  TrafficConfig config = structured("own");
  config.seats = 11;
  config.ticks = 96;
  config.slots = 2;
  const Traffic traffic(1, 96000, config);
  const PeriodFactors factors = traffic.factors(5);
  EXPECT_EQ(factors.num_pv.size(), 96U);
  EXPECT_EQ(factors.mean.size(), 96U * 11U);
  const TickTraffic tick = generated_tick(traffic, factors, 95);
  EXPECT_EQ(tick.num_seats, 11);
  EXPECT_EQ(tick.values.size(), static_cast<size_t>(tick.num_blocks) * 11U * kBlockWidth);
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) ASSERT_LE(tick.shown(pv), 2);
}

// The same draws with another knob: exactly proportional levels, deviations and uncertainties.
TEST(OwnDays, LevelSpreadAndUncertaintyScale) {
  TrafficConfig config = structured("own");
  const PeriodFactors base = Traffic(1, 500000, config).factors(0);
  config.value_level *= 2.0;
  config.value_spread *= 0.5;
  config.uncertainty *= 0.5;
  const PeriodFactors scaled = Traffic(1, 500000, config).factors(0);
  for (size_t i = 0; i < base.mean.size(); ++i) {
    ASSERT_FLOAT_EQ(scaled.mean[i], 2.0F * base.mean[i]);
    ASSERT_FLOAT_EQ(scaled.deviation[i], base.deviation[i]);  // a half of twice the mean
  }
  for (size_t s = 0; s < kNumSeats; ++s) ASSERT_FLOAT_EQ(scaled.sigma_ratio[s], 0.5F * base.sigma_ratio[s]);
}

TEST(OwnDays, WithoutSwingsAreFlat) {
  TrafficConfig config = structured("own");
  config.day_shape = "flat";
  config.count_swing = config.category_swing = config.seat_swing = 0.0;
  const PeriodFactors factors = Traffic(1, 480000, config).factors(3);
  for (const int64_t count : factors.num_pv) EXPECT_NEAR(static_cast<double>(count), 10000.0, 1.0);
  for (const float mean : factors.mean) ASSERT_EQ(mean, 0.0005F);
}

TEST(DayShapes, SumToOneAndPeakWhereTheySay) {
  for (const std::string& name : day_shape_names()) {
    for (const int ticks : {1, 5, 48, 96}) {
      const std::vector<double> shares = day_shares(name, ticks);
      ASSERT_EQ(shares.size(), static_cast<size_t>(ticks));
      EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1.0, 1e-12);
    }
  }
  const auto peak = [](const std::string& name) {
    const auto shares = day_shares(name, 48);
    return std::max_element(shares.begin(), shares.end()) - shares.begin();
  };
  EXPECT_NEAR(static_cast<double>(peak("morning")), 16.0, 1.0);
  EXPECT_NEAR(static_cast<double>(peak("evening")), 36.0, 1.0);
  const auto base = day_shares("auctionnet", 48);
  for (size_t t = 0; t < 48; ++t) EXPECT_NEAR(base[t], kBaseShares[t], 1e-15);
  // Half ticks share their tick.
  const auto half = day_shares("auctionnet", 96);
  EXPECT_NEAR(half[36], kBaseShares[18] / 2.0, 1e-15);
  const auto flat = day_shares("flat", 48);
  EXPECT_EQ(flat[0], flat[47]);
  const auto morning = day_shares("morning", 48);
  EXPECT_NEAR(*std::max_element(morning.begin(), morning.end()) / *std::min_element(morning.begin(), morning.end()),
              3.0, 0.05);
}

// Every instruction set draws the bits of the plain functions, whatever the number of seats and lanes.
TEST(TrafficBlocks, AreThePlainFunctionsOnEveryInstructionSet) {
  const RandomStream stream(9, "test");
  std::array<float, kMaxSeats> mean{};
  std::array<float, kMaxSeats> deviation{};
  for (size_t s = 0; s < kMaxSeats; ++s) {
    mean[s] = s % 9 == 0 ? 0.9F : 0.0005F * static_cast<float>(s);
    deviation[s] = s % 7 == 0 ? 0.0F : 0.4F * mean[s];
  }
  for (const char* target : simd_targets()) {
    use_simd_target(target);
    for (const int seats : {1, 3, 4, 48, 63, 64}) {
      for (const int lanes : {1, 7, 32}) {
        const BlockPlace place{95, 4'000'000'000 + seats, lanes, (int64_t{1} << 40) + 3};
        alignas(64) std::array<float, kMaxSeats * kBlockWidth> values{};
        alignas(64) std::array<float, kMaxSeats * kBlockWidth> expected{};
        PartialSums sums{};
        PartialSums expected_sums{};
        fill_values(stream, place, seats, mean.data(), deviation.data(), values.data(), sums);
        fill_values_plain(stream, place, seats, mean.data(), deviation.data(), expected.data(), expected_sums);
        ASSERT_EQ(values, expected) << target << ", " << seats << " seats, " << lanes << " lanes";
        ASSERT_EQ(sums, expected_sums) << target;
        for (const int slots : {1, 2, 3}) {
          std::array<uint8_t, kBlockWidth> shown{};
          std::array<uint8_t, kBlockWidth> expected_shown{};
          std::array<float, 3 * kBlockWidth> draws{};
          std::array<float, 3 * kBlockWidth> expected_draws{};
          AuctionRule rule;
          rule.num_slots = slots;
          const ExposureDraws exposure(rule);
          fill_draws(stream, place, exposure, shown.data(), draws.data());
          fill_draws_plain(stream, place, exposure, expected_shown.data(), expected_draws.data());
          ASSERT_EQ(shown, expected_shown) << target;
          ASSERT_EQ(draws, expected_draws) << target;
        }
      }
    }
  }
  use_simd_target(nullptr);
}

TEST(TickTraffic, ValuesAreClippedNormals) {
  const Traffic traffic(1, 500000);
  const PeriodFactors factors = traffic.factors(0);
  const TickTraffic tick = generated_tick(traffic, factors, 20);
  int64_t zeros = 0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const auto m = static_cast<double>(factors.tick_mean(20)[seat]);
    const auto s = static_cast<double>(factors.tick_deviation(20)[seat]);
    double sum = 0.0;
    double square = 0.0;
    for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
      const float value = tick.value(pv, seat);
      ASSERT_GE(value, 0.0F);
      ASSERT_LE(value, tick.max_value[static_cast<size_t>(seat)]);
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
      for (int64_t pv = 0; pv < tick.num_blocks * kBlockWidth; ++pv) {
        const float value = tick.value(pv, seat);
        if (pv >= tick.num_pv) {
          ASSERT_EQ(value, 0.0F);
        }
        sum += static_cast<double>(value);
      }
      EXPECT_NEAR(tick.sum_value[static_cast<size_t>(seat)], sum, 1e-12 * sum);
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
  factors.sigma_ratio.assign(kNumSeats, 0.1F);
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

// Any machine, any build and any instruction set must make these bits: the hash covers values, draws and factors of
// three ticks.
TEST_P(PeriodFactorsOf, AndTheirTicksHaveTheirBits) {
  for (const char* target : simd_targets()) {
    use_simd_target(target);
    const Traffic traffic(1, 20000, structured(GetParam()));
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
    EXPECT_EQ(hash, std::string(GetParam()) == "own" ? 8391347701584403394ULL : 1810320178587008762ULL) << target;
  }
  use_simd_target(nullptr);
}

struct LevelCase {
  double level, spread, category_swing, seat_swing;
};
class ValueLevel : public testing::TestWithParam<LevelCase> {};
INSTANTIATE_TEST_SUITE_P(Corners, ValueLevel,
                         testing::Values(LevelCase{0.0005, 0.5, 0.7, 0.5}, LevelCase{0.0005, 0.0, 0.7, 0.5},
                                         LevelCase{0.0005, 2.0, 0.7, 0.5}, LevelCase{1e-6, 2.0, 0.0, 0.0},
                                         LevelCase{1e-6, 1.0, 0.99, 0.99}, LevelCase{0.2, 0.0, 0.0, 0.0},
                                         LevelCase{0.2, 0.0, 0.99, 0.99}, LevelCase{0.2, 2.0, 0.0, 0.0},
                                         LevelCase{0.2, 2.0, 0.99, 0.99}));

TEST_P(ValueLevel, IsTheMeanOfTheValuesThatAreDrawn) {
  const LevelCase& one = GetParam();
  TrafficConfig config = structured("own");
  config.value_level = one.level;
  config.value_spread = one.spread;
  config.category_swing = one.category_swing;
  config.seat_swing = one.seat_swing;
  const Traffic traffic(1, 20000, config);
  constexpr int64_t kPeriods = 100;
  double sum_of_days = 0.0;
  for (int64_t period = 0; period < kPeriods; ++period) {
    const PeriodFactors factors = traffic.factors(period);
    double sum = 0.0, impressions = 0.0;
    for (int tick = 0; tick < config.ticks; tick += 8) {  // a tick of each piece of the day
      const TickTraffic drawn = generated_tick(traffic, factors, tick);
      for (int seat = 0; seat < config.seats; ++seat) sum += drawn.sum_value[static_cast<size_t>(seat)];
      impressions += static_cast<double>(drawn.num_pv * config.seats);
    }
    sum_of_days += sum / impressions;
  }
  // 2 % that are not corrected for, and chance: six categories of six pieces a day, of a deviation of at most 0.57.
  const double chance = 4.0 * 0.58 * one.category_swing / std::sqrt(36.0 * kPeriods);
  EXPECT_NEAR(sum_of_days / kPeriods / one.level, 1.0, 0.02 + chance);
}

TEST(ValueLevel, OfTheUsualSpreadIsNotMoved) {
  const TrafficConfig config = structured("own");
  EXPECT_EQ(level_before_clipping(config), config.value_level);
}

}  // namespace
}  // namespace genbid::market
