#pragma once

#include <memory>
#include <utility>

#include "bidding/bidder.h"

namespace genbid {

// A bidder whose bids another one restrains.
class ConstrainedBidder : public Bidder {
 public:
  ConstrainedBidder(std::unique_ptr<Bidder> bidder, std::unique_ptr<Bidder> constraint)
      : bidder_(std::move(bidder)), constraint_(std::move(constraint)) {}

  void reset(std::span<const SeatView> rows) override;
  bool keeps_state_between_periods() const override;
  std::vector<double> memory() const override;
  void remember(std::span<const double> memory) override;
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override;

 private:
  std::unique_ptr<Bidder> bidder_;
  std::unique_ptr<Bidder> constraint_;
};

}  // namespace genbid
