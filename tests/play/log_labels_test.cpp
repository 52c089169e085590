#include "play/log_labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

using test::TemporaryFolder;
using Overrides = std::vector<std::string>;

data::TrajectoryColumns labelled_by_ingest(const std::string& folder, const std::vector<std::string>& logs) {
  data::IngestConfig config;
  config.input = logs;
  config.output = folder + "/ingested.h5";
  config.output_market_log = folder + "/ingested_log.h5";
  config.threads = 2;
  data::IngestControl control;
  control.labels = [](const std::string& log, std::span<const data::Trajectory> trajectories, Threads& threads) {
    return labels_from_log(log, trajectories, threads);
  };
  EXPECT_TRUE(data::ingest(config, control));
  return data::TrajectoryStore(config.output).read();
}

// How many of them lie apart by more than this share of themselves.
template <typename Values>
double share_apart(const Values& found, const Values& expected, double share) {
  EXPECT_EQ(found.size(), expected.size());
  int64_t apart = 0;
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    const auto a = static_cast<double>(found[i]);
    const auto b = static_cast<double>(expected[i]);
    if (std::abs(a - b) > share * std::abs(b)) ++apart;
  }
  return static_cast<double>(apart) / static_cast<double>(expected.size());
}

void expect_labels_of_the_day_itself(const Overrides& more) {
  const TemporaryFolder folder;
  SimulateConfig config;
  Overrides overrides = {"market.population=rules48", "market.periods=3..4",
                         "output.raw_log=true",       "output.trajectories=true",
                         "output.labels=true",        "output.trajectories_csv=false",
                         "output.ticks=false",        "output.dir=" + folder.path("days")};
  overrides.insert(overrides.end(), more.begin(), more.end());
  ConfigFile::load("configs/simulate.yaml", overrides).read(config);
  ASSERT_TRUE(simulate(config));
  const std::string logs = folder.path("days") + "/raw_log/period-";
  const data::TrajectoryColumns found = labelled_by_ingest(folder.path(), {logs + "3.csv", logs + "4.csv"});
  const data::TrajectoryColumns expected = data::TrajectoryStore(folder.path("days") + "/trajectories.h5").read();
  ASSERT_TRUE(found.has_labels());
  ASSERT_EQ(found.period, expected.period);
  ASSERT_EQ(found.advertiser, expected.advertiser);
  // The day's values are those that were played: p-values and bids are told to the last digit. What is left of a budget
  // has gone through a float of the state, so that where two alphas are worth the same another may be named.
  EXPECT_EQ(share_apart(found.optimum, expected.optimum, 1e-6), 0.0);
  EXPECT_EQ(share_apart(found.best_constant, expected.best_constant, 1e-6), 0.0);
  EXPECT_LT(share_apart(found.best_rest, expected.best_rest, 1e-3), 0.01);
  EXPECT_LT(share_apart(found.rest_constant, expected.rest_constant, 1e-3), 0.01);
  // What was asked is more than the action where wins were dropped for want of money.
  EXPECT_LT(share_apart(found.asked, expected.asked, 1e-4), 0.1);
  // Ticks that began without money have no label in either.
  for (size_t i = 0; i < expected.best_rest.size(); ++i) {
    if (expected.asked[i] == 0.0F && expected.best_rest[i] == 0.0F && expected.rest_constant[i] == 0.0F) {
      EXPECT_EQ(found.asked[i], 0.0F) << i;
    }
  }
}

TEST(LogLabels, AreThoseOfTheDayItself) {
  expect_labels_of_the_day_itself({"market.impressions=20000", "market.budget_scale=0.04"});
}

TEST(LogLabels, AreThoseOfAnOfficialDayToo) {
  expect_labels_of_the_day_itself(
      {"market.impressions=5000", "market.budget_scale=0.02", "market.rules=official", "market.population=pid48"});
}

TEST(LogLabels, ALogWithoutAnAdvertiserOrAPeriodIsAnError) {
  const TemporaryFolder folder;
  SimulateConfig config;
  ConfigFile::load("configs/simulate.yaml",
                   {"market.population=rules48", "market.periods=3", "market.impressions=2000", "output.ticks=false",
                    "output.market_log=true", "output.dir=" + folder.path("days")})
      .read(config);
  ASSERT_TRUE(simulate(config));
  Threads threads(1);
  std::vector<data::Trajectory> trajectories(1);
  data::Trajectory& one = trajectories[0];
  one.head.period = 3;
  one.head.advertiser = 99;
  one.head.budget = 100.0;
  one.head.cpa = 10.0;
  const std::string log = folder.path("days") + "/market_log.h5";
  const auto error = [&] {
    try {
      labels_from_log(log, trajectories, threads);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error(), "period 3: the market log has no advertiser 99");
  one.head.period = 4;
  EXPECT_NE(error().find(log), std::string::npos) << error();
}

}  // namespace
}  // namespace genbid::play
