#include "market/traffic/traffic.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/convert.h"
#include "base/random/lanes.h"
#include "market/stress.h"

namespace genbid::market {
namespace {

constexpr float kMaxSigmaRatio = 0.3F;

}  // namespace

Traffic::Traffic(uint64_t seed, int64_t impressions, const TrafficConfig& config, const AuctionRule& rule,
                 double late_traffic)
    : impressions_(impressions),
      seed_(seed),
      config_(config),
      late_traffic_(late_traffic),
      shape_(config.own() ? config.shape() : MarketShape()),
      exposure_(rule),
      values_(seed, "market.traffic.values"),
      sigmas_(seed, "market.traffic.sigmas"),
      draws_(seed, "market.draws") {
  exposure_.num_slots = shape_.slots;
  if (config_.own()) config_.value_level = level_before_clipping(config_);
}

PeriodFactors Traffic::factors(int64_t period) const {
  PeriodFactors factors = config_.own() ? own_factors(config_, seed_, period, impressions_)
                                        : official_episode_factors(period, impressions_);
  if (late_traffic_ != 0.0) shift_traffic(late_traffic_, factors.num_pv);
  return factors;
}

size_t Traffic::period_bytes() const {
  const auto lanes = to_size(impressions_ + to_signed(shape_.ticks) * kBlockWidth);
  return lanes * (to_size(shape_.seats + kNumSlots) * sizeof(float) + 1);
}

size_t Traffic::num_values(const PeriodFactors& factors, int tick) {
  const int64_t num_pv = at(factors.num_pv, tick);
  return to_size((num_pv + kBlockWidth - 1) / kBlockWidth * kBlockWidth * factors.shape.seats);
}

void Traffic::begin_tick(const PeriodFactors& factors, int tick, TickTraffic& out) const {
  assert(tick >= 0 && tick < factors.shape.ticks);
  out.tick = tick;
  out.num_seats = factors.shape.seats;
  out.num_slots = factors.shape.slots;
  out.num_pv = at(factors.num_pv, tick);
  out.num_blocks = (out.num_pv + kBlockWidth - 1) / kBlockWidth;
  out.num_chunks = (out.num_blocks + kBlocksPerChunk - 1) / kBlocksPerChunk;
  const auto num_lanes = to_size(out.num_blocks * kBlockWidth);
  // Buffers only grow, because resizing would clear new elements each time. Every tick writes all that it reads.
  const auto room = [](auto& buffer, size_t size) {
    if (buffer.size() < size) buffer.resize(size);
  };
  room(out.num_shown, num_lanes);
  room(out.conversion_draw, num_lanes * kNumSlots);
  const size_t size = num_values(factors, tick);
  if (out.values.size() < size) {
    room(out.own_values, size);
    out.values = out.own_values;
  }
  out.chunk_sums.resize(to_size(out.num_chunks));
  constexpr float kLargestNormal = 6.8F;  // lanes.h: normal_pair
  for (int seat = 0; seat < out.num_seats; ++seat) {
    const float most = factors.tick_mean(tick)[seat] + kLargestNormal * factors.tick_deviation(tick)[seat];
    at(out.max_value, seat) = std::min(most, 1.0F);
  }
}

void Traffic::fill_chunk(const PeriodFactors& factors, int64_t chunk, TickTraffic& out) const {
  const int64_t first = chunk * kBlocksPerChunk;
  const int64_t last = std::min(first + kBlocksPerChunk, out.num_blocks);
  PartialSums sums{};
  for (int64_t block = first; block < last; ++block) {
    const BlockPlace place{out.tick, block * kBlockWidth, out.lanes(block), factors.period};
    float* values = out.values.data() + to_size(block * out.num_seats * kBlockWidth);
    fill_values(values_, place, out.num_seats, factors.tick_mean(out.tick), factors.tick_deviation(out.tick), values,
                sums);
    fill_draws(draws_, place, exposure_, out.num_shown.data() + place.first_pv,
               out.conversion_draw.data() + place.first_pv * kNumSlots);
  }
  std::array<double, kMaxSeats>& total = at(out.chunk_sums, chunk);
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto& p = sums[i];
    total[i] = ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
  }
}

void Traffic::end_tick(TickTraffic& out) const {
  out.sum_value.fill(0.0);
  for (const auto& chunk : out.chunk_sums) {
    for (size_t seat = 0; seat < chunk.size(); ++seat) out.sum_value[seat] += chunk[seat];
  }
}

float Traffic::sigma(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const {
  const PhiloxBits bits = philox(sigmas_.key0(), sigmas_.key1(), low_word(pv), place_of(tick, seat),
                                 low_word(factors.period), high_word(factors.period));
  const float level = at(factors.sigma_ratio, seat);
  const float ratio = std::abs(level + 0.5F * level * normal_pair(bits.w0, bits.w1).first);
  return std::min(ratio, kMaxSigmaRatio) * value;
}

float Traffic::conversion_probability(const PeriodFactors& factors, int tick, int64_t pv, int seat, float value) const {
  const float shifted = value + sigma(factors, tick, pv, seat, value) * at(factors.shift, seat);
  return std::clamp(shifted, 0.0F, 1.0F);
}

}  // namespace genbid::market
