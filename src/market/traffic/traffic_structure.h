#pragma once

#include <cstdint>
#include <vector>

#include "market/traffic/traffic_config.h"

// What makes one period different from another, before any impression is drawn (auctionnet.md 2.2, steps A to D and the
// first part of F).

namespace genbid::market {

struct PeriodFactors {
  int64_t period = 0;
  MarketShape shape;
  std::vector<int64_t> num_pv;  // by tick
  // Mean and deviation of a seat's predicted values in a tick, before they are clipped to [0, 1]: [tick][seat].
  std::vector<float> mean, deviation;
  // By seat. sigma / value of its impressions is |N(sigma_ratio, sigma_ratio / 2)|, at most 0.3.
  std::vector<float> sigma_ratio;
  // By seat: mean of the truncated standard normal whose sample, times sigma, is added to the value (2.4, 6.4).
  std::vector<float> shift;

  const float* tick_mean(int tick) const { return mean.data() + tick * shape.seats; }
  const float* tick_deviation(int tick) const { return deviation.data() + tick * shape.seats; }
};

// Period p is AuctionNet's episode p: its counts, levels, spreads, uncertainties and truncations, as floats.
PeriodFactors official_episode_factors(int64_t period, int64_t impressions);
// The level that values must have before they are clipped to [0, 1], so that afterwards their mean over days, seats and
// ticks is the config's value_level. Clipping at 0 raises a mean, by 40 % at a value_spread of 2, and clipping at 1
// lowers it. A difference below 2 % is left as it is, since the usual spread makes that much.
double level_before_clipping(const TrafficConfig& config);
// Draws a period's structure from streams of `seed`, with the knobs of the config, whose value_level is that before
// clipping.
PeriodFactors own_factors(const TrafficConfig& config, uint64_t seed, int64_t period, int64_t impressions);

// Mean of a standard normal truncated to [-2 v1, 2 v2], v1 and v2 in [0, 1].
double truncated_normal_mean(double v1, double v2);

}  // namespace genbid::market
