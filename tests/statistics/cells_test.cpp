#include "statistics/cells.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "samples.h"

namespace genbid::statistics {
namespace {

std::string error_of(const CandidateCells& cells) {
  try {
    arrange(cells);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Arrange, SortsCellsAndAveragesPolicySeeds) {
  CandidateCells cells{"a", {}};
  for (const int64_t policy : {9, 4}) {
    for (const int64_t period : {23, 22}) {
      cells.cells.push_back({.key = {1, period, 0}, .policy_seed = policy, .value = static_cast<double>(policy)});
    }
  }
  const CellTable table = arrange(cells);
  ASSERT_EQ(table.keys.size(), 2U);
  EXPECT_EQ(table.keys[0].period, 22);
  EXPECT_EQ(table.policy_seeds, 2);
  EXPECT_DOUBLE_EQ(table.rows[0][1].value, 6.5);
  EXPECT_DOUBLE_EQ(table.rows[0][1].base, 1.0);
}

TEST(Arrange, NamesTheCellThatIsMissing) {
  CandidateCells cells = trained("cql", {{1, 2}, {3, 4}});
  cells.cells.pop_back();
  EXPECT_EQ(error_of(cells),
            "candidate 'cql': found no cell of training seed 1, policy seed 0, market seed 1, period 1, seat 0, "
            "expected every seed to have the same cells");
}

TEST(Arrange, NamesTheCellThatIsThereTwice) {
  CandidateCells cells = candidate("pid", {{1, 2}});
  cells.cells.push_back(cells.cells.front());
  EXPECT_EQ(
      error_of(cells),
      "candidate 'pid': found the cell of policy seed 0, market seed 1, period 0, seat 0 twice, expected it once");
}

TEST(Arrange, RefusesWhatHasNoMean) {
  EXPECT_EQ(error_of({"a", {}}), "candidate 'a': found no cells, expected at least one");
  EXPECT_EQ(
      error_of(candidate("a", {{std::numeric_limits<double>::quiet_NaN()}})),
      "candidate 'a', cell of market seed 1, period 0, seat 0: found value nan and base 1.000000, expected finite "
      "numbers and a base of 0 or more");
  EXPECT_NE(error_of(candidate("a", {{1}}, {{-1}})), "no error");
  CandidateCells mixed = trained("a", {{1, 2}});
  mixed.cells[1].training_seed.reset();
  EXPECT_EQ(error_of(mixed),
            "candidate 'a', cell of market seed 1, period 1, seat 0: found no training seed, expected either all cells "
            "to have one or none");
}

TEST(Clusters, ArePeriodsOrDaysOfAMarketSeed) {
  const std::vector<CellKey> keys = {{1, 22, 0}, {1, 22, 1}, {1, 23, 0}, {2, 22, 0}};
  EXPECT_EQ(cluster_of_keys(keys, Cluster::kPeriod), (std::vector<size_t>{0, 0, 1, 0}));
  EXPECT_EQ(cluster_of_keys(keys, Cluster::kMarketDay), (std::vector<size_t>{0, 0, 1, 2}));
}

TEST(Axes, SayWhatAnIntervalGeneralisesOver) {
  Axes axes{.periods = 6};
  EXPECT_EQ(axes.text(), "6 periods");
  EXPECT_FALSE(axes.one_training_seed());
  axes.training_seeds = 1;
  EXPECT_EQ(axes.text(), "6 periods of one training seed");
  EXPECT_TRUE(axes.one_training_seed());
  axes.training_seeds = 3;
  axes.policy_seeds = 2;
  EXPECT_EQ(axes.text(), "6 periods x 3 training seeds, 2 policy seeds");
  EXPECT_FALSE(axes.one_training_seed());
  axes.reference_training_seeds = 1;
  EXPECT_EQ(axes.text(), "6 periods x 3 against one training seed, 2 policy seeds");
  EXPECT_TRUE(axes.one_training_seed());
  axes = {.periods = 12, .cluster = Cluster::kMarketDay, .market_seeds = 2, .reference_training_seeds = 2};
  EXPECT_EQ(axes.text(), "12 market days x 2 training seeds of the reference, 2 market seeds");
  axes = {.periods = 483, .cluster = Cluster::kCampaign, .training_seeds = 3};
  EXPECT_EQ(axes.text(), "483 campaigns x 3 training seeds");
}

}  // namespace
}  // namespace genbid::statistics
