#pragma once

#include <cstdint>
#include <string>

#include "base/config/config.h"
#include "base/convert.h"
#include "bidding/advertiser.h"

namespace genbid::market {

// How large a market is. The official rules know one size only.
struct MarketShape {
  int seats = kNumSeats;
  int ticks = kTicksPerPeriod;
  int slots = kNumSlots;
};

// Section `market.traffic` (rules corrected): which days are played.
//
// official_episode: period p has the counts, levels, spreads and uncertainties of AuctionNet's episode p (auctionnet.md
// 2.2, A to D and the first part of F), its impressions are drawn from streams of our own: the same day up to noise.
// own: the structure is drawn too, and has the knobs below.
struct TrafficConfig {
  std::string structure = "official_episode";
  // Knobs of the structure `own`:
  int64_t seats = kNumSeats;
  int64_t ticks = kTicksPerPeriod;
  int64_t slots = kNumSlots;             // shown at most
  std::string day_shape = "auctionnet";  // how impressions spread over the day: traffic_structure.h
  double count_swing = 0.4;              // twelfths of a day have a factor in 1 -+ this on their impressions
  double value_level = 0.0005;           // mean predicted value of an impression, over days, to 2 %
  double category_swing = 0.7;           // sixths of a day have a factor in 1 -+ this on a category's level
  double seat_swing = 0.5;               // and a factor in 1 -+ this on a seat's level
  // Standard deviation of a seat's values within a tick, as a share of their mean, before they are clipped to [0, 1].
  double value_spread = 0.5;
  double uncertainty = 0.15;  // mean of sigma / predicted value

  bool own() const { return structure == "own"; }
  MarketShape shape() const { return {to_int(seats), to_int(ticks), to_int(slots)}; }
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::market
