#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "bidding/tick_history.h"
#include "numpy/legacy_random.h"

// AuctionNet's offline evaluation, bit for bit (auctionnet.md 3): one advertiser against logged prices.

namespace genbid::replay::official {

// One advertiser's impressions of a tick, in the order in which they are played.
struct ReplayImpressions {
  std::span<const double> pvalue, sigma, least_winning_cost;  // of the same length
};

// The mean p-value and count that a bidder knows before the tick.
TickStart replay_start(const ReplayImpressions& impressions, int tick, double remaining);

// The environment of one run: its stream of random numbers goes on from tick to tick.
class ReplayEnvironment {
 public:
  static constexpr uint32_t kSeed = 1;
  explicit ReplayEnvironment(uint32_t seed = kSeed) : random_(seed) {}

  // A bid that is not below the price wins and pays it. Each impression's conversion probability is drawn from
  // N(p-value, sigma) and clipped to [0, 1], then its conversion. While the wins cost more than `remaining`, a share of
  // them is dropped and everything is drawn again. With a null formula all bids are 0.
  TickOutcome play(const ReplayImpressions& impressions, const BidFormula* formula, double remaining);

  // What the last pass of the last tick came to, by impression.
  std::span<const double> bid() const { return bid_; }
  std::span<const uint8_t> won() const { return won_; }
  std::span<const double> probability() const { return probability_; }  // 0 where not won
  std::span<const uint8_t> converted() const { return converted_; }
  int num_passes() const { return num_passes_; }

 private:
  double pass(const ReplayImpressions& impressions);

  numpy::LegacyRandom random_;
  std::vector<double> bid_, probability_;
  std::vector<uint8_t> won_, converted_;
  int num_passes_ = 0;
};

}  // namespace genbid::replay::official
