#include "market/rule_sets.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "market_samples.h"

namespace genbid::market {
namespace {

using test::official_cell;
using test::Recorder;

class AnyRuleSet : public testing::TestWithParam<std::string> {
 protected:
  static MarketConfig config() {
    MarketConfig config;
    config.rules = GetParam();
    config.impressions = 10000;
    return config;
  }

  // Two days of 48 seats, of which many run out of money.
  static Recorder play(int num_threads) {
    Threads threads(num_threads);
    const auto market = make_market(config(), threads);
    Recorder recorder(2);
    market->reset({official_cell(1, 0.008), official_cell(1, 0.02)});
    std::vector<BidFormula> bids(2 * kNumSeats);
    for (size_t row = 0; row < bids.size(); ++row) bids[row] = {.value = 40.0 + static_cast<double>(row * 31 % 120)};
    while (!market->done()) {
      const int tick = market->tick();
      market->step(bids);
      for (size_t cell = 0; cell < 2; ++cell) {
        recorder.on_tick(static_cast<int64_t>(cell), tick, market->last_tick().subspan(cell * kNumSeats, kNumSeats));
      }
    }
    return recorder;
  }
};

INSTANTIATE_TEST_SUITE_P(Table, AnyRuleSet, testing::ValuesIn(rules_names()));

TEST_P(AnyRuleSet, IsFoundByItsNameAndItsPrintedConfigReadsBack) {
  EXPECT_EQ(rule_set(GetParam()).name, GetParam());
  EXPECT_EQ(config().bidder_rules(), rule_set(GetParam()).bidders);
  EXPECT_EQ(config().rules_label(), GetParam());
  const std::string text = print_config(config(), "");
  MarketConfig again;
  ConfigFile::parse(text, "printed").read(again);
  EXPECT_EQ(print_config(again, ""), text);
}

TEST_P(AnyRuleSet, TakesTheSettingsThatItsFactsAllow) {
  const RuleSet& set = rule_set(GetParam());
  const auto takes = [](const std::string& setting) {
    try {
      MarketConfig config;
      ConfigFile::parse("rules: " + GetParam(), "test", {setting}).read(config);
      return true;
    } catch (const ConfigError&) {
      return false;
    }
  };
  EXPECT_TRUE(takes("budget_scale=2"));
  EXPECT_EQ(takes("seed=2"), set.seeded);
  EXPECT_EQ(takes("auction.reserve=0.5"), set.adjustable);
  EXPECT_EQ(takes("stress.value_bias=0.5"), set.adjustable);
  EXPECT_EQ(takes("traffic.structure=own"), set.adjustable);
  EXPECT_EQ(takes("corrections=[pid]"), set.has_defects);
  EXPECT_EQ(takes("impressions=20000000"), !set.holds_traffic);
  EXPECT_EQ(std::isfinite(config().auction_rule().highest_bid), set.caps_bids);
  EXPECT_NE(rules_help(2).find("  " + GetParam() + ": " + set.help + "\n"), std::string::npos);
}

TEST_P(AnyRuleSet, PlaysWholeDaysTheSameForAnyNumberOfThreads) {
  const Recorder one = play(1);
  const Recorder three = play(3);
  for (size_t cell = 0; cell < 2; ++cell) {
    EXPECT_EQ(one.ticks[cell].size(), static_cast<size_t>(kTicksPerPeriod));
    EXPECT_TRUE(test::same(one.ticks[cell], three.ticks[cell]));
  }
}

TEST_P(AnyRuleSet, SellsEverySlotOnceAtMostAndOnlyToWhoBids) {
  int64_t num_sold = 0;
  bool ran_out = false;
  for (const auto& day : play(1).ticks) {
    for (const auto& tick : day) {
      int64_t num_wins = 0;
      for (const SeatTick& seat : tick) {
        EXPECT_LE(seat.outcome.num_conversions, seat.outcome.num_exposed);
        EXPECT_LE(seat.outcome.num_exposed, seat.outcome.num_wins);
        EXPECT_GE(seat.outcome.cost, 0.0);
        EXPECT_TRUE(seat.may_bid || seat.outcome.num_wins == 0);
        ran_out |= !seat.may_bid;
        num_wins += seat.outcome.num_wins;
      }
      EXPECT_LE(num_wins, kNumSlots * tick[0].start.num_pv);
      num_sold += num_wins;
    }
  }
  EXPECT_GT(num_sold, 0);
  EXPECT_TRUE(ran_out);
}

TEST(RuleSets, AnUnknownNameIsAnErrorThatListsTheKnown) {
  try {
    rule_set("quick");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "rules: found 'quick', expected one of corrected, official");
  }
}

}  // namespace
}  // namespace genbid::market
