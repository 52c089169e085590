#include "campaigns/click_play.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "campaigns/made_days.h"

namespace genbid::campaigns {
namespace {

constexpr double kAllTheMoney = 1e9;

bool wins(const ClickDay& day, int64_t i, const ClickBid& bid, double ppc) {
  return as_float(bid.alpha) * at(day.value, i) + as_float(bid.beta * ppc) * at(day.ctr, i) >= at(day.cost, i);
}

// Impression by impression, in double.
ClickSums plain(const ClickDay& day, int64_t first, int64_t end, const ClickBid& bid, double ppc) {
  ClickSums sums;
  for (int64_t i = at(day.slot_begins, first); i < at(day.slot_begins, end); ++i) {
    if (wins(day, i, bid, ppc)) {
      sums += {as_double(at(day.value, i)), as_double(at(day.cost, i)), as_double(at(day.ctr, i)), 1};
    }
  }
  return sums;
}

// Blocks, steps and rests of them: sums of up to 512 floats, each right to 6e-8 of what has been summed.
TEST(ClickPlay, BuysWhatReachesItsCost) {
  for (const int64_t in_each : {0, 1, 7, 15, 16, 17, 31, 511, 512, 513, 1100}) {
    const ClickDay day = test::made_day(static_cast<uint32_t>(in_each), 3, in_each);
    const ClickBid bid{0.2, 0.5};
    for (int64_t first = 0; first < 3; ++first) {
      const ClickOutcome played = play_slots(day, first, 3, bid, 0.8, kAllTheMoney);
      const ClickSums expected = plain(day, first, 3, bid, 0.8);
      EXPECT_EQ(played.sums.wins, expected.wins) << in_each << " from " << first;
      EXPECT_NEAR(played.sums.value, expected.value, 4e-6 * expected.value);
      EXPECT_NEAR(played.sums.cost, expected.cost, 4e-6 * expected.cost);
      EXPECT_NEAR(played.sums.clicks, expected.clicks, 4e-6 * expected.clicks);
      EXPECT_FALSE(played.out_of_money);
    }
  }
}

TEST(ClickPlay, EndsWithTheFirstWinThatIsNotCovered) {
  const ClickDay day = test::made_day(5, 4, 700);
  const ClickBid bid{0.2, 0.5};
  const double all = plain(day, 0, 4, bid, 0.8).cost;
  for (const double share : {0.0, 0.001, 0.3, 0.99}) {
    const double money = share * all;
    ClickSums expected;
    for (int64_t i = 0; i < day.num_impressions(); ++i) {
      if (!wins(day, i, bid, 0.8)) continue;
      if (expected.cost + as_double(at(day.cost, i)) > money) break;
      expected += {as_double(at(day.value, i)), as_double(at(day.cost, i)), as_double(at(day.ctr, i)), 1};
    }
    const ClickOutcome played = play_slots(day, 0, 4, bid, 0.8, money);
    EXPECT_TRUE(played.out_of_money) << share;
    EXPECT_LE(played.sums.cost, money);
    EXPECT_NEAR(as_double(played.sums.wins), as_double(expected.wins),
                1.0);  // the last one may be a matter of rounding
    EXPECT_NEAR(played.sums.value, expected.value, 0.5);
  }
}

// What all lines win is summed, what some win is kept in its order, in place too.
TEST(ClickSums, AreSortedByLines) {
  const std::vector<WinLine> lines{{1.0F, 0.2F, 2.0F}, {1.0F, 0.1F, 5.0F}, {0.8F, 0.3F, 3.0F}};
  for (const int64_t count : {0, 1, 15, 16, 40, 513, 1100}) {
    const ClickDay day = test::made_day(static_cast<uint32_t>(count), 1, count);
    ClickSums sure;
    Impressions some;
    for (int64_t i = 0; i < count; ++i) {
      size_t won = 0;
      for (const WinLine& line : lines) won += line.wins(at(day.value, i), at(day.ctr, i), at(day.cost, i)) ? 1 : 0;
      if (won == lines.size()) {
        sure += {as_double(at(day.value, i)), as_double(at(day.cost, i)), as_double(at(day.ctr, i)), 1};
      } else if (won > 0) {
        some.value.push_back(at(day.value, i));
        some.ctr.push_back(at(day.ctr, i));
        some.cost.push_back(at(day.cost, i));
      }
    }
    Impressions sorted{day.value, day.ctr, day.cost};
    int64_t num_open = 0;
    const ClickSums sums =
        sort_by_lines(sorted.value.data(), sorted.ctr.data(), sorted.cost.data(), count, lines, sorted, num_open);
    EXPECT_EQ(sums.wins, sure.wins) << count;
    EXPECT_NEAR(sums.value, sure.value, 4e-6 * sure.value);
    EXPECT_NEAR(sums.cost, sure.cost, 4e-6 * sure.cost);
    EXPECT_NEAR(sums.clicks, sure.clicks, 4e-6 * sure.clicks);
    ASSERT_EQ(num_open, some.count());
    sorted.resize(num_open);
    EXPECT_EQ(sorted.value, some.value);
    EXPECT_EQ(sorted.ctr, some.ctr);
    EXPECT_EQ(sorted.cost, some.cost);
  }
}

// A day in parts is the day, if the money goes along.
TEST(ClickPlay, SlotsAddUp) {
  const ClickDay day = test::made_day(6, 4, 300);
  const ClickBid bid{0.3, 0.2};
  const ClickSums whole = play_slots(day, 0, 4, bid, 0.8, kAllTheMoney).sums;
  ClickSums parts;
  for (int64_t slot = 0; slot < 4; ++slot) parts += play_slots(day, slot, slot + 1, bid, 0.8, kAllTheMoney).sums;
  EXPECT_EQ(parts.wins, whole.wins);
  EXPECT_NEAR(parts.value, whole.value, 1e-5 * whole.value);
}

// min(value / optimum, 1) - (20^max(0, ratio - 1) - 1).
TEST(ClickPlay, ResHasItsPenalty) {
  EXPECT_DOUBLE_EQ(res({8.0, 10.0, 10.0, 3}, 10.0, 1.0), 0.8);                                  // at the limit
  EXPECT_DOUBLE_EQ(res({8.0, 5.0, 10.0, 3}, 10.0, 1.0), 0.8);                                   // below it
  EXPECT_NEAR(res({8.0, 11.0, 10.0, 3}, 10.0, 1.0), 0.8 - (std::pow(20.0, 0.1) - 1.0), 1e-12);  // 10 % above
  EXPECT_EQ(res({8.0, 1e5, 10.0, 3}, 10.0, 1.0), kWorstRes);  // a click at 10,000 times its limit
  EXPECT_DOUBLE_EQ(res({12.0, 5.0, 10.0, 3}, 10.0, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(res({}, 10.0, 1.0), 0.0);  // nothing bought
  EXPECT_DOUBLE_EQ(res({}, 0.0, 1.0), 0.0);   // nothing to be had
}

std::string error_of(const ClickDay& day) {
  try {
    check_day(day, "campaign 3, day 1");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ClickDays, FaultsAreNamed) {
  const ClickDay good = test::made_day(1, 2, 3);
  EXPECT_EQ(error_of(good), "");
  const auto bent = [&good](auto&& change) {
    ClickDay day = good;
    change(day);
    return error_of(day);
  };
  EXPECT_EQ(bent([](ClickDay& d) { d.ctr[4] = 1.5F; }),
            "campaign 3, day 1: impression 4, ctr: found 1.500000, expected above 0, at most 1");
  EXPECT_NE(bent([](ClickDay& d) { d.ctr[4] = 0.0F; }), "");
  EXPECT_NE(bent([](ClickDay& d) { d.value[0] = -1.0F; }), "");
  EXPECT_NE(bent([](ClickDay& d) { d.value[0] = std::numeric_limits<float>::quiet_NaN(); }), "");
  EXPECT_NE(bent([](ClickDay& d) { d.cost[0] = 0.0F; }), "");
  EXPECT_NE(bent([](ClickDay& d) { d.cost[0] = std::numeric_limits<float>::infinity(); }), "");
  EXPECT_EQ(bent([](ClickDay& d) {
              d.slot_begins = {0, 4, 3, 6};
            }),
            "campaign 3, day 1: found slots out of order, expected each to begin where the one before ends, and all 6 "
            "impressions in them");
  EXPECT_NE(bent([](ClickDay& d) { d.slot_begins = {0, 3, 5}; }), "");
  EXPECT_NE(bent([](ClickDay& d) { d.slot_begins = {0}; }), "");
  EXPECT_EQ(bent([](ClickDay& d) { d.cost.pop_back(); }),
            "campaign 3, day 1: found columns of 6, 6 and 5 impressions, expected as many in each");
}

}  // namespace
}  // namespace genbid::campaigns
