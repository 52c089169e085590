#pragma once

#include "bidding/advertiser.h"

namespace genbid {

// What a seat still has of its budget in a period. Money is whatever a rule set counts in: doubles under AuctionNet's
// rules and in replays, whole units (market/auction/money.h) under the corrected ones.
template <typename Money>
class Account {
 public:
  Account() = default;
  explicit Account(Money budget) : remaining_(budget) {}

  Money remaining() const { return remaining_; }
  void pay(Money cost) { remaining_ -= cost; }

 private:
  Money remaining_{};
};

}  // namespace genbid
