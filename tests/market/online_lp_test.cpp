#include "market/online_lp.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sample_assets.h"

namespace genbid {
namespace {

// Rows of the sample: 20 up to 500, 80 up to 1500, 300 up to 5000.
TEST(OnlineLpTable, TakesTheFirstRowBeyondTheMoney) {
  const auto table = test::sample_table();
  EXPECT_EQ(table->alpha(0, 0, 499.0, 100.0), 20.0);
  EXPECT_EQ(table->alpha(0, 0, 500.0, 100.0), 80.0);  // beyond, not at
  EXPECT_EQ(table->alpha(1, 47, 1499.0, 100.0), 80.0);
}

TEST(OnlineLpTable, CapsAtOneAndAHalfTimesTheCpaLimit) {
  const auto table = test::sample_table();
  EXPECT_EQ(table->alpha(0, 0, 1500.0, 100.0), 150.0);
  EXPECT_EQ(table->alpha(0, 0, 1000.0, 50.0), 75.0);
}

TEST(OnlineLpTable, BidsTheCpaLimitWhereNoRowFits) {
  OnlineLpTable table("t");
  table.set(0, 3, {20.0}, {500.0});
  EXPECT_EQ(table.alpha(0, 3, 500.0, 100.0), 100.0);
  EXPECT_EQ(table.alpha(0, 4, 10.0, 100.0), 100.0);  // a tick without rows
}

// The first of equal rows, as a walk in file order finds it.
TEST(OnlineLpTable, EqualCostsKeepTheirOrder) {
  OnlineLpTable table("t");
  table.set(0, 0, {1.0, 2.0, 3.0}, {10.0, 20.0, 20.0});
  EXPECT_EQ(table.alpha(0, 0, 15.0, 100.0), 2.0);
  EXPECT_EQ(table.alpha(0, 0, 20.0, 100.0), 100.0);
}

std::string error_of(const std::vector<double>& real_cpa, const std::vector<double>& cum_cost) {
  try {
    OnlineLpTable("t").set(2, 7, real_cpa, cum_cost);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(OnlineLpTable, RefusesWhatItsSearchWouldGetWrong) {
  EXPECT_EQ(error_of({1.0, 2.0}, {10.0, 9.5}),
            "t: category 2, tick 7: found cum_cost 9.5 behind 10, expected rows with ascending cum_cost");
  EXPECT_NE(error_of({1.0}, {std::numeric_limits<double>::quiet_NaN()}).find("not finite"), std::string::npos);
  EXPECT_NE(error_of({1.0}, {}).find("found 1 values of realCPA and 0 of cum_cost"), std::string::npos);
}

TEST(OnlineLp, BidsByCategoryTickAndMoney) {
  const auto bidder = make_online_lp(test::sample_table());
  const Advertiser advertisers[2] = {{1000.0, 100.0, 0}, {3000.0, 60.0, 1}};
  std::vector<SeatView> rows(2);
  rows[0].advertiser = &advertisers[0];
  rows[0].now.remaining_budget = 400.0;
  rows[1].advertiser = &advertisers[1];
  rows[1].now.remaining_budget = 2000.0;
  bidder->reset(rows);
  std::vector<BidFormula> bids(2);
  bidder->bid(rows, bids);
  EXPECT_EQ(bids[0].value, 20.0);
  EXPECT_EQ(bids[1].value, 90.0);
}

TEST(OnlineLp, ASeatWhoseCategoryTheTableLacksIsAnError) {
  const auto bidder = make_online_lp(test::sample_table());
  const Advertiser advertiser{1000.0, 100.0, 4};
  SeatView row;
  row.seat = 33;
  row.advertiser = &advertiser;
  try {
    bidder->reset({&row, 1});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "online_lp: table sample: seat 33: found no rows of category 4, expected one of the table's "
                 "categories: 0, 1");
  }
}

}  // namespace
}  // namespace genbid
