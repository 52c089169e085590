#pragma once

#include "bidding/advertiser.h"

namespace genbid {

// What a seat still has of its budget in a period. Money is whatever a rule set counts in: doubles under AuctionNet's
// rules (market/official/official_market.cpp) and in replays (replay/replay.cpp), whole units (market/auction/money.h)
// under the corrected ones (market/corrected/corrected_market.cpp). Each keeps one a row.
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
