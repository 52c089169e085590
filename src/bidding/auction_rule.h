#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/convert.h"
#include "bidding/advertiser.h"

namespace genbid {

inline constexpr double kUsualReserve = 0.0001;  // AuctionNet's

// How an impression is sold: a generalised second-price auction with up to three slots (auctionnet.md 2.4). A market
// makes the rule once from its config (MarketConfig::auction_rule); traffic, clearing, over-spending and hindsight all
// read that one. A replay's hindsight has a rule of its own: one slot, no reserve.
//
// Bids of at least the reserve compete. The holder of a slot pays the next lower bid, at least the reserve, if the slot
// is shown. Slot k, counted from 0 at the best, is shown where slot k - 1 is and a coin says so.
struct AuctionRule {
  int num_slots = kNumSlots;                                          // 1 to kNumSlots
  std::array<double, kNumSlots> shown_after_previous{1.0, 0.8, 0.6};  // the coins' probabilities; the first is 1
  double reserve = kUsualReserve;                                     // money
  // A higher bid counts as this much; of two such bids the lower seat's is the higher one.
  double highest_bid = std::numeric_limits<double>::infinity();
  // Seats' own reserves by tick: [tick][kMaxSeats], all places filled, none below `reserve`. A seat competes with bids
  // of at least its reserve, and pays at least that. Empty: `reserve` holds for all.
  std::vector<double> own_reserves = {};

  double reserve_of(int tick, int seat) const {
    if (own_reserves.empty()) return reserve;
    return own_reserves[to_size(tick) * kMaxSeats + to_size(seat)];
  }
  // The lowest of a tick's, which is what a price is told by where no seat is named.
  double lowest_reserve(int tick) const {
    double lowest = reserve_of(tick, 0);
    for (int seat = 1; seat < kMaxSeats; ++seat) lowest = std::min(lowest, reserve_of(tick, seat));
    return lowest;
  }
  double highest_reserve() const {
    return own_reserves.empty() ? reserve : *std::max_element(own_reserves.begin(), own_reserves.end());
  }
  // The probability that a slot is shown.
  double exposure(int slot) const {
    double probability = 1.0;
    for (int k = 0; k <= slot; ++k) probability *= at(shown_after_previous, k);
    return probability;
  }
  // The same rule with its money multiplied by `unit`.
  AuctionRule times(double unit) const {
    AuctionRule rule = *this;
    rule.reserve *= unit;
    rule.highest_bid *= unit;
    for (double& own : rule.own_reserves) own *= unit;
    return rule;
  }
};

// What a slot costs whose holder is followed by this bid.
template <typename Money>
constexpr Money slot_price(Money next_bid, Money reserve) {
  return next_bid > reserve ? next_bid : reserve;
}

// The share of its wins that a seat loses whose cost in a tick exceeds what remains of its budget (auctionnet.md 2.6);
// 0 or less: it can pay.
constexpr double overspent_share(double cost, double remaining) { return (cost - remaining) / (cost + 1e-4); }

}  // namespace genbid
