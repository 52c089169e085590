#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "bidding/state_features.h"
#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "play/simulate.h"

// Trajectory files of days of any length, as simulate writes them, are ingested to the store that it writes beside
// them.

namespace genbid::play {
namespace {

class TrajectoryCsv : public testing::TestWithParam<const char*> {};

TEST_P(TrajectoryCsv, OfDaysOfAnyLengthBecomesTheStoreBesideIt) {
  for (int64_t ticks = 1; ticks <= kMaxTicks; ++ticks) {
    const test::TemporaryFolder folder;
    SimulateConfig config;
    config.market.traffic.structure = "own";
    config.market.traffic.ticks = ticks;
    config.market.traffic.seats = 3;
    config.market.impressions = 300;
    config.market.budget_scale = 0.01;  // some days end early
    config.market.periods.values = {0, 1};
    config.output.dir = folder.path("run");
    config.output.features = GetParam();
    config.output.ticks = false;
    config.output.trajectories = true;
    config.threads = 1;
    ASSERT_TRUE(simulate(config));
    data::IngestConfig csv;
    csv.input = {folder.path("run/trajectories.csv")};
    csv.output = folder.path("s.h5");
    csv.settings.features = GetParam();
    csv.threads = 1;
    const std::optional<data::IngestSummary> summary = data::ingest(csv);
    ASSERT_TRUE(summary) << ticks;
    ASSERT_EQ(summary->num_short, 0) << ticks;
    ASSERT_EQ(summary->features_different, 0) << ticks << " " << summary->first_feature_difference;
    ASSERT_EQ(summary->next_states_different, 0) << ticks;

    const data::TrajectoryStore a_store(folder.path("run/trajectories.h5")), b_store(csv.output);
    ASSERT_EQ(b_store.info().ticks, ticks);
    // AuctionNet's days are taken for those of all its seats.
    ASSERT_EQ(b_store.info().seats, ticks == kTicksPerPeriod ? kNumSeats : a_store.info().seats);
    const data::TrajectoryColumns a = a_store.read(), b = b_store.read();
    ASSERT_EQ(a.num_rows(), 2 * 3 * ticks);
    ASSERT_TRUE(a.period == b.period && a.advertiser == b.advertiser && a.category == b.category);
    ASSERT_TRUE(a.budget == b.budget && a.cpa == b.cpa && a.cost == b.cost && a.conversions == b.conversions);
    ASSERT_TRUE(a.first_row == b.first_row && a.tick == b.tick && a.done == b.done) << ticks;
    ASSERT_TRUE(a.action == b.action && a.reward == b.reward && a.reward_continuous == b.reward_continuous) << ticks;
    // What is spent is told by the share of the budget that is left, a rounding away; the others are the same numbers.
    ASSERT_EQ(a.state.size(), b.state.size());
    const size_t width = b_store.info().features.size();
    for (size_t i = 0; i < a.state.size(); ++i) {
      const double tolerance = i % width < kNumAuctionnetFeatures ? 0.0 : 1e-6;
      ASSERT_NEAR(a.state[i], b.state[i], tolerance) << ticks << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Features, TrajectoryCsv, testing::Values("auctionnet16", "constraint"));

}  // namespace
}  // namespace genbid::play
