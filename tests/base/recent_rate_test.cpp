#include "base/recent_rate.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

TEST(RecentRate, SaysNothingBeforeSomethingIsDone) {
  const RecentRate rate(500);
  EXPECT_EQ(rate.per_second(10.0), 0.0);
  EXPECT_EQ(rate.seconds_left(10.0, 1000), -1.0);
}

TEST(RecentRate, IsTheMeanOfEvenWork) {
  RecentRate rate;
  for (int second = 1; second <= 100; ++second) rate.update(second, 5 * second);
  EXPECT_NEAR(rate.per_second(100.0), 5.0, 1e-9);
  EXPECT_NEAR(rate.seconds_left(100.0, 1000), 100.0, 1e-9);
}

// What an interrupted run had done took no time of this one.
TEST(RecentRate, CountsNothingThatWasDoneBefore) {
  RecentRate rate(1'000'000);
  rate.update(2.0, 1'000'010);
  EXPECT_NEAR(rate.per_second(2.0), 5.0, 1e-9);
  EXPECT_NEAR(rate.seconds_left(2.0, 1'000'020), 2.0, 1e-9);
}

// 60 s at 10 a second, then 60 s at 1: the mean would still say 5.5.
TEST(RecentRate, ForgetsTheBeginning) {
  RecentRate rate;
  for (int second = 1; second <= 60; ++second) rate.update(second, 10 * second);
  for (int second = 61; second <= 120; ++second) rate.update(second, 600 + second - 60);
  // 1, and 9 more for the first minute, which weighs (exp(-3) - exp(-6)) / (1 - exp(-6)) of all.
  EXPECT_NEAR(rate.per_second(120.0), 1.4268, 1e-4);
}

// One slow second of twenty does not turn the time left round.
TEST(RecentRate, IsNotRuledByOneSlowPiece) {
  RecentRate rate;
  for (int second = 1; second <= 100; ++second) rate.update(second, 10 * second);
  rate.update(102.0, 1010);  // two seconds for what usually takes one
  EXPECT_GT(rate.per_second(102.0), 9.0);
}

TEST(RecentRate, AStallShowsOnceTheNextPieceIsOverdue) {
  RecentRate rate;
  for (int i = 1; i <= 10; ++i) rate.update(5.0 * i, i);  // a piece every 5 s
  EXPECT_NEAR(rate.per_second(53.0), 0.2, 1e-9);          // on its way
  EXPECT_NEAR(rate.seconds_left(53.0, 20), 47.0, 1e-6);   // of 50 s three have gone
  EXPECT_NEAR(rate.seconds_left(55.0, 20), 45.0, 1e-6);
  const double stalled = rate.seconds_left(110.0, 20);  // a minute late
  EXPECT_LT(rate.per_second(110.0), 0.05);
  EXPECT_GT(stalled, 180.0);
}

TEST(RecentRate, TakesReportsInAnyOrder) {
  RecentRate rate;
  rate.update(1.0, 10);
  rate.update(1.5, 8);
  rate.update(2.0, 20);
  EXPECT_NEAR(rate.per_second(2.0), 10.0, 1e-9);
}

}  // namespace
}  // namespace genbid
