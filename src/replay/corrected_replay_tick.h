#pragma once

#include <cstdint>
#include <span>

#include "base/random/random.h"
#include "bidding/account.h"
#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

namespace genbid::replay {

// The chance of a replay: whether an impression converts is a pure function of the seed, the period, the tick, the
// impression's place in it and the advertiser's number, whoever bids.
class ReplayDraws {
 public:
  explicit ReplayDraws(uint64_t seed) : stream_(seed, "replay.conversion") {}

  bool converts(int64_t period, int tick, int64_t pv, int64_t advertiser, double probability) const;

 private:
  RandomStream stream_;
};

// One advertiser's tick of a log.
struct ReplayTick {
  int64_t period = 0;
  int tick = 0;
  int64_t advertiser = 0;
  std::span<const double> pvalue, least_winning_cost;  // by impression
};

// A bid above 0 that is not below the least winning cost wins the impression, pays that cost and is exposed; it
// converts with the probability of its p-value. Impressions come in the log's order, and one whose price is more than
// what is left on the account is not bought (its bid counts as 0): money is never overspent. A null formula bids
// nothing.
TickOutcome replay_tick(const ReplayTick& tick, const BidFormula* formula, const ReplayDraws& draws,
                        Account<double>& account);

}  // namespace genbid::replay
