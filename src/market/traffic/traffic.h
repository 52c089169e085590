#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "base/convert.h"
#include "base/random/random.h"
#include "bidding/advertiser.h"
#include "market/traffic/traffic_blocks.h"
#include "market/traffic/traffic_config.h"
#include "market/traffic/traffic_structure.h"

// The impressions of a market, and the chance that decides what becomes of them. Both are pure functions of (seed,
// period, tick, impression, seat), so any tick of any period can be made alone, in any order, by any number of threads.
// The structure is AuctionNet's (auctionnet.md 2.2), the random numbers are our own.

namespace genbid::market {

// Blocks are made and summed in chunks of this many, whatever the number of threads.
inline constexpr int64_t kBlocksPerChunk = 16;

// One tick of one period.
struct TickTraffic {
  int tick = 0;
  int num_seats = kNumSeats;
  int num_slots = kNumSlots;  // of each impression
  int64_t num_pv = 0;
  int64_t num_blocks = 0;
  int64_t num_chunks = 0;

  // Predicted values: [block][seat][lane]. 0 means that the seat has no use for the impression; lanes behind the last
  // impression hold 0. The memory is that of `own_values`, or somebody else's (use_memory).
  std::span<float> values;
  // Per impression: the number of slots (1 to num_slots) that would be shown if all had holders, and the uniform draws
  // that decide a conversion in slots 1, 2, 3: [block][slot][lane]. The same for all cells of a period.
  std::vector<uint8_t> num_shown;
  std::vector<float> conversion_draw;

  // No value of a seat can be above this, because of the distribution that values are drawn from.
  std::array<float, kMaxSeats> max_value{};
  // Sum over the tick's impressions of a seat's values.
  std::array<double, kMaxSeats> sum_value{};

  const float* block_values(int64_t block) const { return values.data() + to_size(block * num_seats * kBlockWidth); }
  const uint8_t* block_shown(int64_t block) const { return num_shown.data() + block * kBlockWidth; }
  const float* block_draws(int64_t block) const { return conversion_draw.data() + block * kBlockWidth * kNumSlots; }
  // Impressions of a block.
  int lanes(int64_t block) const {
    const int64_t left = num_pv - block * kBlockWidth;
    return left < kBlockWidth ? to_int(left) : kBlockWidth;
  }
  float value(int64_t pv, int seat) const {
    return block_values(pv / kBlockWidth)[seat * kBlockWidth + to_int(pv % kBlockWidth)];
  }
  int shown(int64_t pv) const { return at(num_shown, pv); }
  float draw(int64_t pv, int slot) const {
    return block_draws(pv / kBlockWidth)[slot * kBlockWidth + to_int(pv % kBlockWidth)];
  }
  AlignedVector<float> own_values;
  std::vector<std::array<double, kMaxSeats>> chunk_sums;  // scratch of fill_chunk

  TickTraffic() = default;
  TickTraffic(TickTraffic&&) = default;
  TickTraffic& operator=(TickTraffic&&) = default;
};

class Traffic {
 public:
  // impressions: nominal, of a period. The rule says how often slots are shown; its number of slots is the config's.
  // late_traffic: StressConfig.
  Traffic(uint64_t seed, int64_t impressions, const TrafficConfig& config = {}, const AuctionRule& rule = {},
          double late_traffic = 0.0);

  const MarketShape& shape() const { return shape_; }
  PeriodFactors factors(int64_t period) const;
  // About how much memory the ticks of a period take, and how many values a tick has.
  size_t period_bytes() const;
  static size_t num_values(const PeriodFactors& factors, int tick);

  // A tick is made by begin_tick, fill_chunk for every chunk (in any order, from any thread), end_tick. The
  // buffers of `tick` are reused, and values that have room enough stay where they are.
  void begin_tick(const PeriodFactors& factors, int tick, TickTraffic& out) const;
  void fill_chunk(const PeriodFactors& factors, int64_t chunk, TickTraffic& out) const;
  void end_tick(TickTraffic& out) const;

  // The uncertainty of one predicted value. It is computed when it is needed and never stored.
  float sigma(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const;
  // Whether a seat's exposed impression of this value converts, given the impression's uniform draw.
  bool converts(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value, float draw) const {
    return may_convert(value, draw) && draw < conversion_probability(factors, tick, pv, seat, value);
  }
  // A Bernoulli draw of an independently drawn probability is a Bernoulli draw of its mean.
  float conversion_probability(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const;

 private:
  int64_t impressions_;
  uint64_t seed_;
  TrafficConfig config_;
  double late_traffic_;
  MarketShape shape_;
  ExposureDraws exposure_;
  RandomStream values_, sigmas_, draws_;
};

}  // namespace genbid::market
