#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "bidding/advertiser.h"

// The impressions of a market and the chance that decides what becomes of them: a pure function of (seed,
// period, tick, impression, seat), so any tick of any period can be made alone, in any order, by any number of
// threads. The structure is AuctionNet's (auctionnet.md 2.2), the random numbers are our own.

namespace genbid {

// Impressions come in blocks of this many lanes, the last one padded with values of 0.
inline constexpr int kBlockWidth = 32;
// Blocks are made and summed in chunks of this many, whatever the number of threads.
inline constexpr int64_t kBlocksPerChunk = 16;

// What makes one period different from another.
struct PeriodFactors {
  int64_t period = 0;
  std::array<int64_t, kTicksPerPeriod> num_pv{};
  // Of a seat's predicted values in a tick, before they are clipped to [0, 1].
  std::array<std::array<float, kNumSeats>, kTicksPerPeriod> mean{};
  std::array<std::array<float, kNumSeats>, kTicksPerPeriod> deviation{};
  // sigma / value of a seat's impressions is |N(sigma_ratio, sigma_ratio / 2)|, at most 0.3.
  std::array<float, kNumSeats> sigma_ratio{};
  // Mean of the truncated standard normal whose sample, times sigma, is added to the value (auctionnet.md 2.4, 6.4).
  std::array<float, kNumSeats> shift{};
};

// One tick of one period.
struct TickTraffic {
  int tick = 0;
  int64_t num_pv = 0;
  int64_t num_blocks = 0;
  int64_t num_chunks = 0;

  // Predicted values: [block][seat][lane]. 0 means that the seat has no use for the impression.
  std::vector<float> values;
  // Per impression: the number of slots (1 to 3) that would be shown if all had holders, and the uniform draws
  // that decide a conversion in slots 1, 2, 3: [block][slot][lane]. The same for all cells of a period.
  std::vector<uint8_t> num_shown;
  std::vector<float> conversion_draw;

  // Sums over the tick's impressions of a seat's values and of their squares (rounded to float, as in a bid).
  std::array<double, kNumSeats> sum_value{};
  std::array<double, kNumSeats> sum_square{};

  const float* block_values(int64_t block) const {
    return values.data() + static_cast<size_t>(block * kNumSeats * kBlockWidth);
  }
  float value(int64_t pv, int seat) const {
    return block_values(pv / kBlockWidth)[seat * kBlockWidth + static_cast<int>(pv % kBlockWidth)];
  }
  int shown(int64_t pv) const { return num_shown[static_cast<size_t>(pv)]; }
  float draw(int64_t pv, int slot) const {
    return conversion_draw[static_cast<size_t>((pv / kBlockWidth * 3 + slot) * kBlockWidth + pv % kBlockWidth)];
  }

  std::vector<std::array<double, 2 * kNumSeats>> chunk_sums;  // scratch of fill_chunk
};

class Traffic {
 public:
  Traffic(uint64_t seed, int64_t impressions);  // impressions: nominal number in a period

  PeriodFactors factors(int64_t period) const;

  // A tick is made by begin_tick, fill_chunk for every chunk (in any order, from any thread), end_tick. The
  // buffers of `tick` are reused.
  void begin_tick(const PeriodFactors& factors, int tick, TickTraffic& out) const;
  void fill_chunk(const PeriodFactors& factors, int64_t chunk, TickTraffic& out) const;
  void end_tick(TickTraffic& out) const;

  // The uncertainty of one predicted value; never stored.
  float sigma(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const;
  // Whether a seat's exposed impression of this value converts, given the impression's uniform draw.
  bool converts(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value, float draw) const {
    // sigma * shift <= 0.3 * 0.73 * value, so hardly any impression needs its sigma.
    return draw < 1.25F * value && draw < conversion_probability(factors, tick, pv, seat, value);
  }
  // A Bernoulli draw of an independently drawn probability is a Bernoulli draw of its mean.
  float conversion_probability(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const;

 private:
  int64_t impressions_;
  RandomStream counts_, categories_, seats_, spread_, uncertainty_, values_, sigmas_, draws_;
};

// Mean of a standard normal truncated to [-2 v1, 2 v2], v1 and v2 in [0, 1].
double truncated_normal_mean(double v1, double v2);

}  // namespace genbid
