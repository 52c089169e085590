#include "data/feature_check.h"

#include <gtest/gtest.h>

#include "files.h"

namespace genbid::data {
namespace {

// The first trajectory of the sample.
std::vector<TickRow> sample_rows(Advertiser& advertiser) {
  TrajectoryFile file("data/sample/trajectory_data_periods_7_8.csv", {});
  Threads threads(1);
  LogBlock block;
  file.file().next(block, threads);
  TrajectoryRows parsed;
  file.parse(block, parsed);
  std::vector<TickRow> rows;
  for (size_t i = 0; i < kTicksPerPeriod; ++i) rows.push_back(parsed.rows.at(i).second);
  const TrajectoryHead& head = parsed.rows[0].first;
  advertiser = {head.budget, head.cpa, head.category};
  return rows;
}

TEST(FeatureCheck, AgreesWithTheOfficialGenerator) {
  Advertiser advertiser;
  const std::vector<TickRow> rows = sample_rows(advertiser);
  EXPECT_EQ(check_features(advertiser, rows).num_different, 0);
}

TEST(FeatureCheck, FindsAFeatureThatIsOff) {
  Advertiser advertiser;
  std::vector<TickRow> rows = sample_rows(advertiser);
  rows[20].state[3] *= 1.00001;
  const FeatureCheck check = check_features(advertiser, rows);
  EXPECT_EQ(check.num_different, 1);
  EXPECT_EQ(check.first_row, 20U);
  EXPECT_EQ(check.first_feature, 3U);
}

TEST(FeatureCheck, FindsAnActionThatDoesNotFitTheBids) {
  Advertiser advertiser;
  std::vector<TickRow> rows = sample_rows(advertiser);
  rows[20].action *= 1.01;
  const FeatureCheck check = check_features(advertiser, rows);
  EXPECT_EQ(check.num_different, 27);  // the mean of all bids of ticks 21..47
  EXPECT_EQ(check.first_row, 21U);
  EXPECT_EQ(check.first_feature, 2U);
}

TEST(FeatureCheck, TakesTrajectoriesOfOneTick) {
  Advertiser advertiser;
  const std::vector<TickRow> rows = sample_rows(advertiser);
  EXPECT_EQ(check_features(advertiser, std::span(rows).first(1)).num_different, 0);
  EXPECT_EQ(check_features(advertiser, {}).num_different, 0);
}

}  // namespace
}  // namespace genbid::data
