#include "market/traffic.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "market/day_shape.h"
#include "market/lanes.h"

namespace genbid {
namespace {

constexpr int kNumCategories = kNumSeats / kSeatsPerCategory;
constexpr float kMaxSigmaRatio = 0.3F;

uint32_t low(int64_t period) { return static_cast<uint32_t>(static_cast<uint64_t>(period)); }
uint32_t high(int64_t period) { return static_cast<uint32_t>(static_cast<uint64_t>(period) >> 32); }

uint32_t tick_and_seat(int tick, int seat) { return static_cast<uint32_t>(tick * kNumSeats + seat); }

// Draw number `index` of a stream in a period; what it belongs to (seat, category) is `sub`.
double uniform_in(const RandomStream& stream, int64_t period, int sub, int index, double from, double to) {
  const auto bits = stream.bits(static_cast<uint32_t>(index), static_cast<uint32_t>(sub), low(period), high(period));
  return from + (to - from) * uniform_double(bits[0]);
}

double normal_of(const RandomStream& stream, int64_t period, int sub, int index, double mean, double deviation) {
  const auto bits = stream.bits(static_cast<uint32_t>(index), static_cast<uint32_t>(sub), low(period), high(period));
  return mean + deviation * static_cast<double>(normal_pair(bits[0], bits[1]).first);
}

// The official generator's clip of std ratios: not to the nearest end.
double std_ratio_clip(double ratio) { return ratio < 0.0 ? 0.1 : std::min(ratio, 1.0); }

// exp(-y) for y in [0, 2], and the integral of exp(-t^2 / 2) from 0 to x for x in [0, 2], as their series: the
// same bits everywhere, which exp and erf of the C library do not promise.
double exp_minus(double y) {
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k <= 30; ++k) {
    term *= -y / k;
    sum += term;
  }
  return sum;
}

double bell_integral(double x) {
  double power = x;
  double sum = x;
  for (int k = 1; k <= 30; ++k) {
    power *= -x * x / (2.0 * k);
    sum += power / (2.0 * k + 1.0);
  }
  return sum;
}

// Values of all seats at the 32 impressions of a block: [seat][lane].
GENBID_SIMD_CLONES
void fill_values(const RandomStream& stream, const PeriodFactors& factors, int tick, int64_t block, float* out) {
  const auto& mean = factors.mean[static_cast<size_t>(tick)];
  const auto& deviation = factors.deviation[static_cast<size_t>(tick)];
  const uint32_t key0 = stream.key0();
  const uint32_t key1 = stream.key1();
  const uint32_t c = low(factors.period);
  const uint32_t d = high(factors.period);
  // One Philox call makes the normals of four impressions of a seat: eight calls a seat, four seats at once.
  constexpr int kSeatsAtOnce = 4;
  constexpr int kLanes = 8 * kSeatsAtOnce;
  const auto first_call = static_cast<uint32_t>(block * 8);
  for (int seat = 0; seat < kNumSeats; seat += kSeatsAtOnce) {
    alignas(64) std::array<std::array<uint32_t, kLanes>, 4> words;
    alignas(64) std::array<std::array<float, kLanes>, 4> normals;
    const uint32_t b = tick_and_seat(tick, seat);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const PhiloxBits bits = philox(key0, key1, first_call + (lane & 7U), b + (lane >> 3U), c, d);
      words[0][lane] = bits.w0;
      words[1][lane] = bits.w1;
      words[2][lane] = bits.w2;
      words[3][lane] = bits.w3;
    }
    for (size_t k = 0; k < 4; k += 2) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const NormalPair pair = normal_pair(words[k][lane], words[k + 1][lane]);
        normals[k][lane] = pair.first;
        normals[k + 1][lane] = pair.second;
      }
    }
    for (size_t s = 0; s < kSeatsAtOnce; ++s) {
      float* row = out + (static_cast<size_t>(seat) + s) * kBlockWidth;
      const float m = mean[static_cast<size_t>(seat) + s];
      const float deviation_of_seat = deviation[static_cast<size_t>(seat) + s];
      for (size_t k = 0; k < 4; ++k) {
        for (size_t lane = 0; lane < 8; ++lane) {
          const float value = m + deviation_of_seat * normals[k][8 * s + lane];
          const float at_least_0 = value > 0.0F ? value : 0.0F;
          row[8 * k + lane] = at_least_0 < 1.0F ? at_least_0 : 1.0F;
        }
      }
    }
  }
}

// Sums of a chunk: of each seat's values, then of their squares, each in eight parts over fixed lanes.
constexpr size_t kSumParts = 8;
using PartialSums = std::array<std::array<double, kSumParts>, 2 * kNumSeats>;

GENBID_SIMD_CLONES
void add_values(const float* values, PartialSums& sums) {
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    const float* row = values + seat * kBlockWidth;
    std::array<double, kSumParts> sum = sums[2 * seat];
    std::array<double, kSumParts> square = sums[2 * seat + 1];
    for (size_t k = 0; k < kBlockWidth; k += kSumParts) {
      for (size_t part = 0; part < kSumParts; ++part) {
        const float value = row[k + part];
        sum[part] += static_cast<double>(value);
        square[part] += static_cast<double>(value * value);
      }
    }
    sums[2 * seat] = sum;
    sums[2 * seat + 1] = square;
  }
}

// What decides exposure and conversion at the 32 impressions of a block.
GENBID_SIMD_CLONES
void fill_draws(const RandomStream& stream, int64_t period, int tick, int64_t block, uint8_t* shown, float* draws) {
  const uint32_t key0 = stream.key0();
  const uint32_t key1 = stream.key1();
  const auto first_pv = static_cast<uint32_t>(block * kBlockWidth);
  const auto b = static_cast<uint32_t>(tick);
  const uint32_t c = low(period);
  const uint32_t d = high(period);
  for (uint32_t lane = 0; lane < kBlockWidth; ++lane) {
    const PhiloxBits bits = philox(key0, key1, first_pv + lane, b, c, d);
    // Slot 1 is always shown, slot 2 with probability 0.8, slot 3 with 0.6 if slot 2 is: one uniform decides,
    // in units of 2^-31.
    constexpr auto kSecond = static_cast<uint32_t>(0.8 * 0x1p31);
    constexpr auto kThird = static_cast<uint32_t>(0.8 * 0.6 * 0x1p31);
    const uint32_t u = bits.w0 >> 1;
    shown[lane] = static_cast<uint8_t>(1 + (u < kSecond ? 1 : 0) + (u < kThird ? 1 : 0));
    draws[lane] = uniform_fine(bits.w1);
    draws[kBlockWidth + lane] = uniform_fine(bits.w2);
    draws[2 * kBlockWidth + lane] = uniform_fine(bits.w3);
  }
}

}  // namespace

double truncated_normal_mean(double v1, double v2) {
  const double width = 2.0 * (v1 + v2);
  if (width < 1e-6) return v2 - v1;
  return (exp_minus(2.0 * v1 * v1) - exp_minus(2.0 * v2 * v2)) / (bell_integral(2.0 * v1) + bell_integral(2.0 * v2));
}

Traffic::Traffic(uint64_t seed, int64_t impressions)
    : impressions_(impressions),
      counts_(seed, "market.traffic.counts"),
      categories_(seed, "market.traffic.categories"),
      seats_(seed, "market.traffic.seats"),
      spread_(seed, "market.traffic.spread"),
      uncertainty_(seed, "market.traffic.uncertainty"),
      values_(seed, "market.traffic.values"),
      sigmas_(seed, "market.traffic.sigmas"),
      draws_(seed, "market.draws") {}

PeriodFactors Traffic::factors(int64_t period) const {
  PeriodFactors out;
  out.period = period;

  // Step A: impressions per tick, 12 factors of four ticks each, shares scaled back to a sum of 1.
  std::array<double, kTicksPerPeriod> shares{};
  double base_sum = 0.0;
  double sum = 0.0;
  for (size_t t = 0; t < kTicksPerPeriod; ++t) {
    shares[t] = kBaseShares[t] * uniform_in(counts_, period, 0, static_cast<int>(t / 4), 0.6, 1.4);
    base_sum += kBaseShares[t];
    sum += shares[t];
  }
  for (size_t t = 0; t < kTicksPerPeriod; ++t) {
    out.num_pv[t] = static_cast<int64_t>(shares[t] * (base_sum / sum) * static_cast<double>(impressions_));
  }

  for (int seat = 0; seat < kNumSeats; ++seat) {
    const auto s = static_cast<size_t>(seat);
    const int category = seat / kSeatsPerCategory;
    static_assert(kNumCategories * kSeatsPerCategory == kNumSeats);
    // Step D: the seat's level of spread around which its ticks vary.
    const double level = std_ratio_clip(normal_of(spread_, period, seat, 0, 0.5, 0.1));
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const auto t = static_cast<size_t>(tick);
      // Step B: the category's level, six factors of eight ticks each. Step C: the seat's own.
      double ratio = uniform_in(categories_, period, category, tick / 8, 0.3, 1.7);
      if (seat % kSeatsPerCategory != 0) {
        ratio *= uniform_in(seats_, period, seat, tick / 8, 0.5, 1.5);
      }
      const double mean = kBaseValue * ratio;
      const double spread = std_ratio_clip(normal_of(spread_, period, seat, 1 + tick, level, 0.2 * level));
      out.mean[t][s] = static_cast<float>(mean);
      out.deviation[t][s] = static_cast<float>(spread * mean);
    }
    // Step F, first part: a ratio above 0.3 becomes 0.2.
    const double sigma_ratio = std::abs(normal_of(uncertainty_, period, seat, 0, 0.15, 0.06));
    out.sigma_ratio[s] = static_cast<float>(sigma_ratio > 0.3 ? 0.2 : sigma_ratio);
    out.shift[s] = static_cast<float>(truncated_normal_mean(uniform_in(uncertainty_, period, seat, 1, 0.0, 1.0),
                                                            uniform_in(uncertainty_, period, seat, 2, 0.0, 1.0)));
  }
  return out;
}

void Traffic::begin_tick(const PeriodFactors& factors, int tick, TickTraffic& out) const {
  assert(tick >= 0 && tick < kTicksPerPeriod);
  out.tick = tick;
  out.num_pv = factors.num_pv[static_cast<size_t>(tick)];
  out.num_blocks = (out.num_pv + kBlockWidth - 1) / kBlockWidth;
  out.num_chunks = (out.num_blocks + kBlocksPerChunk - 1) / kBlocksPerChunk;
  const auto num_lanes = static_cast<size_t>(out.num_blocks * kBlockWidth);
  // Only ever grown: resizing clears new elements, and every tick writes all that it reads.
  if (out.num_shown.size() < num_lanes) {
    out.num_shown.resize(num_lanes);
    out.conversion_draw.resize(num_lanes * 3);
    out.values.resize(num_lanes * kNumSeats);
  }
  out.chunk_sums.resize(static_cast<size_t>(out.num_chunks));
}

void Traffic::fill_chunk(const PeriodFactors& factors, int64_t chunk, TickTraffic& out) const {
  const int64_t first = chunk * kBlocksPerChunk;
  const int64_t last = std::min(first + kBlocksPerChunk, out.num_blocks);
  PartialSums sums{};
  for (int64_t block = first; block < last; ++block) {
    float* values = out.values.data() + static_cast<size_t>(block * kNumSeats * kBlockWidth);
    fill_values(values_, factors, out.tick, block, values);
    const int64_t first_pv = block * kBlockWidth;
    const int64_t num_lanes = std::min<int64_t>(kBlockWidth, out.num_pv - first_pv);
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      float* row = values + seat * kBlockWidth;
      std::fill(row + num_lanes, row + kBlockWidth, 0.0F);
    }
    add_values(values, sums);
    fill_draws(draws_, factors.period, out.tick, block, out.num_shown.data() + first_pv,
               out.conversion_draw.data() + first_pv * 3);
  }
  std::array<double, 2 * kNumSeats>& total = out.chunk_sums[static_cast<size_t>(chunk)];
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto& p = sums[i];
    total[i] = ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
  }
}

void Traffic::end_tick(TickTraffic& out) const {
  out.sum_value.fill(0.0);
  out.sum_square.fill(0.0);
  for (const auto& chunk : out.chunk_sums) {
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      out.sum_value[seat] += chunk[2 * seat];
      out.sum_square[seat] += chunk[2 * seat + 1];
    }
  }
}

float Traffic::sigma(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const {
  const PhiloxBits bits = philox(sigmas_.key0(), sigmas_.key1(), static_cast<uint32_t>(pv), tick_and_seat(tick, seat),
                                 low(factors.period), high(factors.period));
  const float level = factors.sigma_ratio[static_cast<size_t>(seat)];
  const float ratio = std::abs(level + 0.5F * level * normal_pair(bits.w0, bits.w1).first);
  return std::min(ratio, kMaxSigmaRatio) * value;
}

float Traffic::conversion_probability(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const {
  const float shifted = value + sigma(factors, tick, pv, seat, value) * factors.shift[static_cast<size_t>(seat)];
  return std::clamp(shifted, 0.0F, 1.0F);
}

}  // namespace genbid
