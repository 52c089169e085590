#include "data/action_outliers.h"

#include <gtest/gtest.h>

#include <vector>

namespace genbid::data {
namespace {

// 1, 2, ..., 100, again and again.
std::vector<float> usual(size_t count) {
  std::vector<float> actions;
  for (size_t i = 0; i < count; ++i) actions.push_back(static_cast<float>(i % 100 + 1));
  return actions;
}

TEST(ActionOutliers, OneAmongThousandsIsFoundWithItsPlace) {
  std::vector<float> actions = usual(2000);
  actions[1234] = 100'000.0F;
  const ActionOutliers found = find_action_outliers(actions);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.first, 1234U);
  EXPECT_EQ(found.value, 100'000.0);
  EXPECT_EQ(found.usual, 100.0);
  EXPECT_EQ(found.limit, 1000.0);
  EXPECT_EQ(describe(found, "period 7"), "an action of 100000 in period 7: 99 % of the actions have at most 100");
}

TEST(ActionOutliers, NegativeOnesAndSeveralAreFound) {
  std::vector<float> actions = usual(2000);
  actions[7] = -5'000.0F;
  actions[9] = 8'000.0F;
  const ActionOutliers found = find_action_outliers(actions);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.first, 7U);
  EXPECT_EQ(found.most, 8'000.0);
  EXPECT_EQ(
      describe(found, "period 7"),
      "2 actions beyond 1000, the first of -5000 in period 7, the highest of 8000: 99 % of the actions have at most "
      "100");
}

TEST(ActionOutliers, OneInAHundredMayBeOneWithoutHidingTheOthers) {
  std::vector<float> actions = usual(2000);
  for (size_t i = 0; i < 20; ++i) actions[100 * i] = 1e6F;
  EXPECT_EQ(find_action_outliers(actions).count, 20);
}

TEST(ActionOutliers, NoneAreFoundInWhatIsUsual) {
  EXPECT_EQ(find_action_outliers(usual(2000)).count, 0);
  EXPECT_EQ(find_action_outliers(std::vector<float>(100, 0.0F)).count, 0);
  EXPECT_EQ(find_action_outliers(std::vector<float>(100, 3.0F)).count, 0);
  EXPECT_EQ(find_action_outliers({}).count, 0);
}

TEST(ActionOutliers, ActionsOfZeroDoNotMakeTheOthersOutliers) {
  std::vector<float> actions(10'000, 0.0F);
  for (size_t i = 0; i < 50; ++i) actions[i] = 60.0F + static_cast<float>(i);
  EXPECT_EQ(find_action_outliers(actions).count, 0);
  actions[5000] = 1e5F;
  EXPECT_EQ(find_action_outliers(actions).first, 5000U);
}

TEST(ActionOutliers, AFewActionsTellNothing) {
  std::vector<float> actions = usual(18);
  actions.push_back(1e6F);
  EXPECT_EQ(find_action_outliers(actions).count, 0);
  actions.push_back(1.0F);
  EXPECT_EQ(find_action_outliers(actions).count, 1);
}

}  // namespace
}  // namespace genbid::data
