#include "bidding/bidder.h"

#include <algorithm>

namespace genbid {

bool keep_state_between_periods(std::span<Bidder* const> bidders) {
  return std::any_of(bidders.begin(), bidders.end(),
                     [](const Bidder* one) { return one->keeps_state_between_periods(); });
}

}  // namespace genbid
