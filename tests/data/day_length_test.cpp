#include "data/day_length.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genbid::data {
namespace {

TEST(DayLength, EveryTickButTheFirstTellsTheDaysLength) {
  for (int length = 1; length <= kMaxTicks; ++length) {
    EXPECT_EQ(day_length_by(0, 1.0), 0);
    for (int tick = 1; tick < length; ++tick) {
      const double left = 1.0 - static_cast<double>(tick) / length;
      ASSERT_EQ(day_length_by(tick, left), length) << tick;
      ASSERT_EQ(day_length_by(tick, std::round(left * 1e5) / 1e5), length) << tick;  // printed with five digits
    }
  }
}

TEST(DayLength, ThreePrintedDigitsTellItInMostTicks) {
  for (int length = 3; length <= kMaxTicks; ++length) {
    int right = 0;
    for (int tick = 1; tick < length; ++tick) {
      const double left = std::round((1.0 - static_cast<double>(tick) / length) * 1e3) / 1e3;
      right += day_length_by(tick, left) == length ? 1 : 0;
    }
    ASSERT_GT(2 * right, length) << length;
  }
}

TEST(DayLength, OtherNumbersTellNothing) {
  EXPECT_EQ(day_length_by(1, 0.5 + 1e-3), 0);
  EXPECT_EQ(day_length_by(5, 0.0), 0);
  EXPECT_EQ(day_length_by(5, 1.0), 0);
  EXPECT_EQ(day_length_by(48, 1.0 - 48.0 / 97.0), 0);
}

DayLengths lengths(int told, int64_t rows, int longest, bool all_end) {
  DayLengths all;
  all.rows[static_cast<size_t>(told)] = rows;
  all.longest = all.highest = longest;
  all.all_end = all_end;
  return all;
}

TEST(DayLength, IsWhatMostRowsTell) {
  EXPECT_EQ(lengths(24, 100, 24, true).ticks(), 24);
  EXPECT_EQ(lengths(48, 100, 30, true).ticks(), 48);  // all trajectories are short
  DayLengths mixed = lengths(24, 100, 24, true);
  mixed.rows[48] = 101;
  EXPECT_EQ(mixed.ticks(), 48);
}

TEST(DayLength, IsThatOfTheLongestTrajectoryWhereRowsTellNoneOrTooFew) {
  EXPECT_EQ(lengths(0, 100, 96, false).ticks(), 96);
  EXPECT_EQ(lengths(48, 100, 96, true).ticks(), 96);
  EXPECT_EQ(lengths(0, 100, 1, true).ticks(), 1);
  EXPECT_EQ(lengths(0, 100, 30, false).ticks(), 48);
  EXPECT_EQ(DayLengths().ticks(), 48);
}

}  // namespace
}  // namespace genbid::data
