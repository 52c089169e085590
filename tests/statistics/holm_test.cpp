#include "statistics/holm.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace genbid::statistics {
namespace {

std::vector<double> adjusted(const std::vector<double>& p) { return holm(p); }

// Sorted 0.01, 0.02, 0.03, 0.5: times 4, 3, 2, 1 they are 0.04, 0.06, 0.06, 0.5.
TEST(Holm, MultipliesByHowManyAreLeft) {
  const std::vector<double> found = adjusted({0.02, 0.5, 0.01, 0.03});
  const std::vector<double> expected = {0.06, 0.5, 0.04, 0.06};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(found[i], expected[i]);
}

// 3 x 0.02 = 0.06, then 2 x 0.021 = 0.042, which must not be below it.
TEST(Holm, NeverPutsAHigherPValueBelowALowerOne) {
  const std::vector<double> found = adjusted({0.02, 0.021, 0.9});
  EXPECT_DOUBLE_EQ(found[1], found[0]);
  EXPECT_DOUBLE_EQ(found[0], 0.06);
}

TEST(Holm, EndsAtOneAndLeavesASinglePValueAlone) {
  EXPECT_EQ(adjusted({0.7, 0.8}), (std::vector<double>{1.0, 1.0}));
  EXPECT_EQ(adjusted({0.3}), (std::vector<double>{0.3}));
  EXPECT_TRUE(adjusted({}).empty());
  EXPECT_THROW(adjusted({1.2}), Error);
}

}  // namespace
}  // namespace genbid::statistics
