#include "bidding/constrained_bidder.h"

#include <array>

namespace genbid {

void ConstrainedBidder::reset(std::span<const SeatView> rows) {
  bidder_->reset(rows);
  constraint_->reset(rows);
}

bool ConstrainedBidder::keeps_state_between_periods() const {
  return bidder_->keeps_state_between_periods() || constraint_->keeps_state_between_periods();
}

std::vector<double> ConstrainedBidder::memory() const {
  if (!keeps_state_between_periods()) return {};
  return memory_of(std::array<Bidder*, 2>{bidder_.get(), constraint_.get()});
}

void ConstrainedBidder::remember(std::span<const double> memory) {
  genbid::remember(std::array<Bidder*, 2>{bidder_.get(), constraint_.get()}, memory);
}

void ConstrainedBidder::bid(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  bidder_->bid(rows, bids);
  constraint_->restrain(rows, bids);
}

}  // namespace genbid
