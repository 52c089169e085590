#include "campaigns/episode.h"

#include <gtest/gtest.h>

#include <vector>

#include "campaigns/made_days.h"
#include "campaigns/slot_profile.h"

namespace genbid::campaigns {
namespace {

constexpr int64_t kSlots = 5;
const ClickLimits kPlenty{1e6, 0.5};

// Slot by slot with one bid a day comes to what it comes to at once.
TEST(Episode, IsTheDaySlotBySlot) {
  const ClickDay day = test::made_day(1, kSlots, 300);
  const ClickBid bid{0.2, 0.6};
  for (const double budget : {1e6, 20.0, 3.0}) {
    const ClickLimits limits{budget, 0.5};
    const ClickSums whole = play_slots(day, 0, kSlots, bid, limits.ppc, budget).sums;
    Episode episode(day, limits, {1.0, 0.5}, {});
    for (int64_t slot = 0; slot < kSlots; ++slot) {
      const ClickSums end = episode.end_with(bid);
      EXPECT_NEAR(end.value, whole.value, 1e-6 * whole.value) << budget << " " << slot;
      EXPECT_EQ(end.wins, whole.wins) << budget << " " << slot;
      EXPECT_FALSE(episode.over());
      episode.play(bid);
    }
    EXPECT_TRUE(episode.over());
    EXPECT_EQ(episode.sums().wins, whole.wins);
    EXPECT_LE(episode.sums().cost, budget);
  }
}

// A day that is out of money stays so, even where a later impression would cost less than what is left.
TEST(Episode, EndsWithTheMoney) {
  ClickDay day;
  day.slot_begins = {0, 1, 2};
  day.value = {1.0F, 1.0F};
  day.ctr = {0.5F, 0.5F};
  day.cost = {2.0F, 0.5F};
  Episode episode(day, {1.0, 10.0}, {9.0, 0.0}, {});
  episode.play({9.0, 0.0});
  EXPECT_EQ(episode.end_with({9.0, 0.0}).wins, 0);
  episode.play({9.0, 0.0});
  EXPECT_EQ(episode.sums().wins, 0);
}

TEST(Episode, TellsItsStatus) {
  const ClickDay day = test::made_day(2, kSlots, 200);
  const std::vector<float> shares{0.1F, 0.2F, 0.3F, 0.2F, 0.2F};
  Episode episode(day, kPlenty, {0.7, 0.25}, shares);
  const CampaignStatus first = episode.status();
  EXPECT_EQ(first, (CampaignStatus{1.0F, 1.0F, 0.0F, 0.0F, 0.0F, 0.7F, 0.25F}));
  episode.play({0.2, 0.5});
  const ClickSums one = episode.sums();
  episode.play({0.3, 0.75});
  const ClickSums two = episode.sums();
  const CampaignStatus status = episode.status();
  EXPECT_FLOAT_EQ(status[0], 0.6F);
  EXPECT_FLOAT_EQ(status[1], as_float(1.0 - two.cost / kPlenty.budget));
  EXPECT_NEAR(status[2], (two.cost - one.cost) / (kPlenty.budget * 0.2), 1e-6);  // the second slot's usual share
  EXPECT_NEAR(status[3], (two.cost - one.cost) / (two.clicks - one.clicks) / kPlenty.ppc, 1e-6);
  EXPECT_NEAR(status[4], two.cost / two.clicks / kPlenty.ppc, 1e-6);
  EXPECT_FLOAT_EQ(status[5], 0.3F);
  EXPECT_FLOAT_EQ(status[6], 0.75F);
}

// Ten impressions whose costs are 1 to 10, out of order.
TEST(SlotProfile, HasQuantilesVolumeAndMean) {
  ClickDay day;
  day.slot_begins = {0, 0, 10, 11};
  for (const int cost : {7, 3, 10, 1, 9, 2, 8, 4, 6, 5}) {
    day.cost.push_back(as_float(cost));
    day.value.push_back(2.0F);
    day.ctr.push_back(0.5F);
  }
  day.cost.push_back(1.0F);
  day.value.push_back(0.0F);
  day.ctr.push_back(1.0F);
  const std::vector<SlotProfile> profiles = slot_profiles(day);
  ASSERT_EQ(profiles.size(), 3U);
  EXPECT_EQ(profiles[0], SlotProfile{});
  // Places 0, 2 and 4 of 9: the lower of the two around 10, 30 and 50 %.
  EXPECT_EQ(profiles[1], (SlotProfile{0.5F, 1.5F, 2.5F, 2.0F, 6.0F, 10.0F, 10.0F, 5.5F}));
  EXPECT_GT(profiles[2][0], 1e38F);  // no value: it costs more than anything
  EXPECT_EQ(profiles[2][3], 1.0F);
}

TEST(SlotProfile, SharesTrafficByImpressions) {
  ClickDay day = test::made_day(3, 4, 25);
  EXPECT_EQ(traffic_shares(slot_profiles(day)), (std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F}));
  day.slot_begins = {0, 0, 50, 90, 100};
  EXPECT_EQ(traffic_shares(slot_profiles(day)), (std::vector<float>{0.0F, 0.5F, 0.4F, 0.1F}));
  EXPECT_EQ(traffic_shares(slot_profiles(test::made_day(3, 4, 0))), (std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F}));
}

}  // namespace
}  // namespace genbid::campaigns
