#include "bidding/cell_day.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

// Bids of 6 over p-values of 4: a formula with a square has the effective alpha 1.5; a constant is what was asked.
TEST(CellDay, KeepsWhatWasAskedAndWhatCame) {
  TickOutcome outcome;
  outcome.sum_pvalue = 4.0;
  outcome.sum_bid = 6.0;
  outcome.cost = 2.5;
  outcome.sum_pvalue_exposed = 0.75;
  outcome.mean_least_winning_cost = 0.125;
  outcome.num_wins = 3;
  const BidFormula constant{2.0, 0.0};
  const BidFormula square{2.0, 0.5};
  CellDay day;
  day.add(&constant, outcome);
  day.add(&square, outcome);
  day.add(nullptr, {});
  EXPECT_EQ(day.alpha, (std::vector<float>{2.0F, 1.5F, 0.0F}));
  EXPECT_EQ(day.cost, (std::vector<float>{2.5F, 2.5F, 0.0F}));
  EXPECT_EQ(day.value, (std::vector<float>{0.75F, 0.75F, 0.0F}));
  EXPECT_EQ(day.price, (std::vector<float>{0.125F, 0.125F, 0.0F}));
  EXPECT_EQ(day.wins, (std::vector<int32_t>{3, 3, 0}));
}

}  // namespace
}  // namespace genbid
