#pragma once

#include <string>

#include "bidding/bidder.h"

namespace genbid::eval {

// A candidate's bidder, which it does not own, under the candidate's name: an answer that is not a finite number is an
// Error that names the candidate beside period, tick and seat.
class CandidateBidder : public Bidder {
 public:
  CandidateBidder(std::string name, Bidder& bidder) : name_(std::move(name)), bidder_(bidder) {}

  void reset(std::span<const SeatView> rows) override { bidder_.reset(rows); }
  bool keeps_state_between_periods() const override { return bidder_.keeps_state_between_periods(); }
  std::vector<double> memory() const override { return bidder_.memory(); }
  void remember(std::span<const double> memory) override { bidder_.remember(memory); }
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override;

 private:
  std::string name_;
  Bidder& bidder_;
};

}  // namespace genbid::eval
