#include "bidding/score.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

TEST(Score, IsTheConversionsWithinTheCpaLimit) {
  EXPECT_EQ(score(10.0, 500.0, 100.0), 10.0);  // CPA 50
}

TEST(Score, IsNotCutAtTheLimitItself) { EXPECT_EQ(score(10.0, 1000.0, 100.0), 10.0); }

TEST(Score, FallsWithTheSquareOfTheExcess) {
  EXPECT_NEAR(score(10.0, 2000.0, 100.0), 2.5, 1e-9);  // CPA 200, (100 / 200)^2 = 0.25
}

TEST(Score, IsZeroWithoutConversions) {
  EXPECT_EQ(score(0.0, 0.0, 100.0), 0.0);
  EXPECT_EQ(score(0.0, 2000.0, 100.0), 0.0);
}

TEST(Score, TakesExpectedConversionsToo) {
  EXPECT_NEAR(score(0.5, 100.0, 100.0), 0.5 * 0.25, 1e-9);  // CPA 200
}

TEST(Cpa, OfNothingIsZeroAndOfNoConversionsIsHuge) {
  EXPECT_EQ(cpa(0.0, 0.0), 0.0);
  EXPECT_NEAR(cpa(0.0, 2.0), 2e10, 1.0);
  EXPECT_NEAR(cpa(4.0, 100.0), 25.0, 1e-8);
}

}  // namespace
}  // namespace genbid
