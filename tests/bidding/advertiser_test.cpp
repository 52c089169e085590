#include "bidding/advertiser.h"

#include <gtest/gtest.h>

#include <set>

#include "data/trajectory_file.h"

namespace genbid {
namespace {

TEST(OfficialAdvertiser, HasTheBudgetAndLimitOfItsSeat) {
  EXPECT_EQ(official_advertiser(0).budget, 2900.0);
  EXPECT_EQ(official_advertiser(0).cpa_limit, 100.0);
  EXPECT_EQ(official_advertiser(47).budget, 2050.0);
  EXPECT_EQ(official_advertiser(47).cpa_limit, 120.0);
}

TEST(OfficialAdvertiser, CategoriesHoldEightSeats) {
  EXPECT_EQ(official_advertiser(7).category, 0);
  EXPECT_EQ(official_advertiser(8).category, 1);
  EXPECT_EQ(official_advertiser(47).category, 5);
}

TEST(OfficialAdvertiser, IsThatOfTheOfficialSimulatorInEverySeat) {
  data::TrajectoryFile file("data/sample/trajectory_data_periods_7_8.csv", {});
  Threads threads(1);
  data::LogBlock block;
  data::TrajectoryRows rows;
  std::set<int64_t> seats;
  while (file.file().next(block, threads)) {
    file.parse(block, rows);
    for (const auto& [head, row] : rows.rows) {
      const Advertiser expected = official_advertiser(static_cast<int>(head.advertiser));
      ASSERT_EQ(head.budget, expected.budget) << "seat " << head.advertiser;
      ASSERT_EQ(head.cpa, expected.cpa_limit) << "seat " << head.advertiser;
      ASSERT_EQ(head.category, expected.category) << "seat " << head.advertiser;
      seats.insert(head.advertiser);
    }
  }
  EXPECT_EQ(seats.size(), static_cast<size_t>(kNumSeats));
}

}  // namespace
}  // namespace genbid
