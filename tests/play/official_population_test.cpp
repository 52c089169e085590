#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/temporary_folder.h"
#include "bidders/bidder_config.h"
#include "data/csv_reader.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

// What bidders of one kind did in a period.
struct Kind {
  int num_asked = 0;
  double lowest = 1e9;
  double highest = -1e9;
  double sum = 0.0;

  double mean() const { return sum / num_asked; }
};

struct Played {
  PeriodSummary summary;
  std::map<std::string, Kind> kinds;
  std::map<std::string, double> costs;
};

// A whole period of full size.
Played play_period(const std::string& rules) {
  const test::TemporaryFolder folder;
  SimulateConfig config;
  config.market.rules = rules;
  config.market.population = "official";
  config.market.periods.values = {0};
  config.output.dir = folder.path("run");
  config.threads = 1;
  Played played;
  played.summary = simulate(config)->periods.at(0);
  const Population population = load_population("official");
  enum : size_t { kAgent, kAlpha, kCost };
  data::CsvFile file(folder.path("run/ticks.csv"));
  const data::CsvColumns columns(file, {"agent", "alpha_after_bidding", "cost"});
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows row(block, columns);
    while (row.next()) {
      const auto seat = static_cast<size_t>(row.whole(kAgent, 0, kNumSeats - 1));
      const std::string name = bidders::bidder_label(population.seats[seat].bidder);
      played.costs[name] += row.number(kCost);
      if (data::is_missing(row.text(kAlpha))) continue;  // out of money
      Kind& kind = played.kinds[name];
      const double alpha = row.number(kAlpha);
      ++kind.num_asked;
      kind.lowest = std::min(kind.lowest, alpha);
      kind.highest = std::max(kind.highest, alpha);
      kind.sum += alpha;
    }
  }
  return played;
}

// The same day under both rules: period 0 is AuctionNet's episode 0 up to noise.
class OfficialPopulation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    corrected_ = play_period("corrected");
    official_ = play_period("official");
    kinds_ = corrected_.kinds;
    costs_ = corrected_.costs;
  }

  static Played corrected_;
  static Played official_;
  static std::map<std::string, Kind> kinds_;
  static std::map<std::string, double> costs_;
};

Played OfficialPopulation::corrected_;
Played OfficialPopulation::official_;
std::map<std::string, Kind> OfficialPopulation::kinds_;
std::map<std::string, double> OfficialPopulation::costs_;

// One day; noise of its 500,000 impressions moves a period's mean price by less than a hundredth.
TEST_F(OfficialPopulation, PricesAreThoseOfTheSameDayUnderOfficialRules) {
  const double official = official_.summary.mean_least_winning_cost;
  EXPECT_NEAR(corrected_.summary.mean_least_winning_cost, official, 0.01 * official);
}

// Learned bidders follow what they win: one exhausted a tick sooner moves its kind's mean alpha by a few hundredths.
TEST_F(OfficialPopulation, EveryKindBidsAndSpendsAsUnderOfficialRules) {
  EXPECT_EQ(kinds_.size(), 15U);  // pid, fixed_alpha 100, six policies, seven tables
  for (const auto& [name, kind] : kinds_) {
    EXPECT_GE(kind.num_asked, 48) << name;
    const double alpha = official_.kinds.at(name).mean();
    EXPECT_NEAR(kind.mean(), alpha, 0.15 * alpha) << name;
    if (name == "official td3_bc") continue;
    const double cost = official_.costs.at(name);
    EXPECT_GT(cost, 1000.0) << name;
    EXPECT_NEAR(costs_[name], cost, 0.04 * cost) << name;
  }
  EXPECT_EQ(kinds_["fixed_alpha 100"].lowest, 100.0);
  EXPECT_EQ(kinds_["fixed_alpha 100"].highest, 100.0);
  EXPECT_EQ(kinds_["pid"].lowest, 15.0);
}

// In AuctionNet's market too these weights bid so low that they spend less than a thousandth of their budgets.
TEST_F(OfficialPopulation, Td3BcBidsButBuysNextToNothing) {
  EXPECT_GT(kinds_["official td3_bc"].lowest, 0.0);
  EXPECT_LT(kinds_["official td3_bc"].highest, 60.0);
  EXPECT_LT(costs_["official td3_bc"], 20.0);
}

}  // namespace
}  // namespace genbid::play
