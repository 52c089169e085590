#include "bidding/constrained_bidder.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

namespace genbid {
namespace {

// Bids the same in every row, and remembers how many periods it has begun.
class Counting : public Bidder {
 public:
  explicit Counting(BidFormula bid, bool keeps = true) : bid_(bid), keeps_(keeps) {}
  void reset(std::span<const SeatView> /*rows*/) override { periods_ += 1.0; }
  bool keeps_state_between_periods() const override { return keeps_; }
  std::vector<double> memory() const override { return {periods_}; }
  void remember(std::span<const double> memory) override { periods_ = memory.empty() ? 0.0 : memory[0]; }
  void bid(std::span<const SeatView> /*rows*/, std::span<BidFormula> bids) override {
    for (BidFormula& bid : bids) bid = {bid_.value + periods_, bid_.value_squared};
  }

 private:
  BidFormula bid_;
  bool keeps_;
  double periods_ = 0.0;
};

std::vector<BidFormula> bids_of(BidFormula asked, BidFormula most, bool may_bid = true) {
  ConstrainedBidder bidder(std::make_unique<Counting>(asked), std::make_unique<Counting>(most));
  std::array<SeatView, 2> rows;
  for (SeatView& row : rows) row.now.mean_pvalue = 0.01;
  rows[1].may_bid = may_bid;
  std::vector<BidFormula> bids(2);
  bidder.bid(rows, bids);
  return bids;
}

TEST(ConstrainedBidder, BidsTheLowerOfTwo) {
  EXPECT_EQ(bids_of({50.0}, {80.0})[0].value, 50.0);
  EXPECT_EQ(bids_of({120.0}, {80.0})[0].value, 80.0);
  EXPECT_EQ(bids_of({120.0}, {-3.0})[0].value, 0.0);
  EXPECT_EQ(bids_of({-5.0}, {80.0})[0].value, -5.0);  // bids nothing anyway
}

// A bid of two coefficients is compared at the mean p-value, and keeps its shape.
TEST(ConstrainedBidder, KeepsTheShapeOfABid) {
  const BidFormula bid = bids_of({100.0, 10000.0}, {50.0})[0];  // 200 at the mean p-value
  EXPECT_DOUBLE_EQ(bid.value, 25.0);
  EXPECT_DOUBLE_EQ(bid.value_squared, 2500.0);
}

TEST(ConstrainedBidder, AsksNobodyWhoMayNotBid) {
  EXPECT_EQ(bids_of({120.0}, {80.0}, false)[1].value, 120.0);  // which is ignored
}

TEST(ConstrainedBidder, RemembersBoth) {
  ConstrainedBidder one(std::make_unique<Counting>(BidFormula{120.0}), std::make_unique<Counting>(BidFormula{80.0}));
  std::array<SeatView, 1> rows;
  one.reset(rows);
  one.reset(rows);
  EXPECT_TRUE(one.keeps_state_between_periods());
  ConstrainedBidder other(std::make_unique<Counting>(BidFormula{120.0}), std::make_unique<Counting>(BidFormula{80.0}));
  other.remember(one.memory());
  std::array<BidFormula, 1> bids;
  other.bid(rows, bids);
  EXPECT_EQ(bids[0].value, 82.0);
  other.remember({});
  other.bid(rows, bids);
  EXPECT_EQ(bids[0].value, 80.0);

  const ConstrainedBidder plain(std::make_unique<Counting>(BidFormula{}, false),
                                std::make_unique<Counting>(BidFormula{}, false));
  EXPECT_FALSE(plain.keeps_state_between_periods());
  EXPECT_TRUE(plain.memory().empty());
}

}  // namespace
}  // namespace genbid
