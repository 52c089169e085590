#include "bidders/bidder_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <span>
#include <sstream>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "bidders/bidder_config.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "bidding/advertiser.h"
#include "sample_assets.h"

namespace genbid::bidders {
namespace {

// The kind with its defaults, and with what it asks for where it has none.
template <typename BidderOrRange>
BidderOrRange sample(const std::string& kind) {
  static const std::map<std::string, std::string> needed = {{"online_lp", ", table: sample"},
                                                            {"official_agent", ", agent: iql"}};
  const auto more = needed.find(kind);
  BidderOrRange config;
  ConfigFile::parse("{bidder: " + kind + (more == needed.end() ? "" : more->second) + "}", "b.yaml").read(config);
  return config;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

class AnyKind : public testing::TestWithParam<std::string> {
 protected:
  const BidderKind& kind() const { return bidder_kind_named(GetParam()); }
  BidderConfig config() const { return sample<BidderConfig>(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Table, AnyKind, testing::ValuesIn(bidder_names()));

TEST_P(AnyKind, HasALabelAndItsPrintedFormReadsBack) {
  const std::string text = print_config(config(), "");
  EXPECT_TRUE(text.starts_with("bidder: " + GetParam() + "\n")) << text;
  BidderConfig again;
  ConfigFile::parse(text, "printed").read(again);
  EXPECT_EQ(print_config(again, ""), text);
  EXPECT_EQ(again.kind(), GetParam());
  EXPECT_FALSE(bidder_label(config()).empty());
  EXPECT_EQ(bidder_label(again), bidder_label(config()));
}

TEST_P(AnyKind, HasALineOfHelpThatNamesItsOptions) {
  const std::string& help = kind().help;
  EXPECT_FALSE(help.empty());
  EXPECT_EQ(help.find('\n'), std::string::npos);
  std::istringstream lines(print_config(config(), ""));
  std::string line;
  std::getline(lines, line);  // bidder
  while (std::getline(lines, line)) {
    EXPECT_NE(help.find(line.substr(0, line.find(':'))), std::string::npos) << help << " lacks " << line;
  }
  EXPECT_NE(bidder_help(4).find("    " + GetParam() + " "), std::string::npos);
}

TEST_P(AnyKind, WithoutRangesIsTheBidderOfThatName) {
  const auto range = sample<BidderRange>(GetParam());
  EXPECT_EQ(range.range(), (RealInterval{1.0, 1.0}));
  EXPECT_EQ(print_config(range.at(1.0), ""), print_config(config(), ""));
}

// Refused where the bidder is made, and, whoever made it, before its first bid.
TEST_P(AnyKind, RefusesDaysThatItCannotPlay) {
  const test::SampleAssets assets;
  BidderConfig sampled = config();
  AnyConfig options = kind().options;
  ConfigFile::parse(print_config(sampled, "").substr(print_config(sampled, "").find('\n') + 1), "o").read(options);
  const int days = kind().days(options, assets);
  for (const int ticks : {1, 24, 47, 48, 49, 96}) {
    const std::string expected = days == kAnyDays || days == ticks
                                     ? "no error"
                                     : "'" + bidder_label(sampled) + "' is made for days of " + std::to_string(days) +
                                           " ticks, found " + std::to_string(ticks) + " (market.traffic.ticks)";
    EXPECT_EQ(error_of([&] { make_bidder(sampled, {BiddingRules::kCorrected, assets, ticks}); }), expected);
    const Advertiser advertiser = official_advertiser(0);
    SeatView row;
    row.advertiser = &advertiser;
    row.num_ticks = ticks;
    const auto made =
        make_bidder(sampled, {BiddingRules::kCorrected, assets, days == kAnyDays ? kTicksPerPeriod : days});
    EXPECT_EQ(error_of([&] { made->reset({&row, 1}); }), expected);
  }
}

class AnyBidder : public testing::TestWithParam<std::tuple<std::string, BiddingRules>> {
 protected:
  std::unique_ptr<Bidder> make() const {
    const auto& [kind, rules] = GetParam();
    return make_bidder(sample<BidderConfig>(kind), {rules, test::SampleAssets()});
  }
};

INSTANTIATE_TEST_SUITE_P(Table, AnyBidder,
                         testing::Combine(testing::ValuesIn(bidder_names()),
                                          testing::Values(BiddingRules::kCorrected, BiddingRules::kOfficial)));

// Bids of two seats over two periods; `new_each_period`: by a new bidder in each.
std::vector<BidFormula> two_periods(const std::function<std::unique_ptr<Bidder>()>& make, std::span<const int> seats,
                                    bool new_each_period) {
  const Advertiser advertisers[2] = {{1000.0, 100.0, 0}, {3000.0, 60.0, 1}};
  std::vector<BidFormula> all;
  std::unique_ptr<Bidder> bidder = make();
  for (int period = 0; period < 2; ++period) {
    if (new_each_period) bidder = make();
    std::vector<SeatView> rows(seats.size());
    std::vector<TickHistory> histories(seats.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].period = period;
      rows[i].seat = seats[i];
      rows[i].advertiser = &advertisers[seats[i]];
      rows[i].history = &histories[i];
      // Less in the second period than was left of the first: what tick 1 looks like to who compares the two.
      rows[i].now.remaining_budget = rows[i].advertiser->budget * (period == 0 ? 1.0 : 0.7);
    }
    bidder->reset(rows);
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      std::vector<BidFormula> bids(rows.size());
      for (SeatView& row : rows) {
        row.now.tick = tick;
        row.now.num_pv = 1000;
        row.now.mean_pvalue = 0.0005 * (1 + tick % 3);
        row.now.remaining_budget -= static_cast<double>(tick % 5) * (row.seat == 0 ? 3.0 : 20.0);
      }
      bidder->bid(rows, bids);
      all.insert(all.end(), bids.begin(), bids.end());
      for (size_t i = 0; i < rows.size(); ++i) histories[i].append({.bid = 0.05, .num_pv = 1000.0}, 1.0, 0.1, 0.0);
    }
  }
  return all;
}

TEST_P(AnyBidder, AnswersEveryRowAlone) {
  const auto together = two_periods([&] { return make(); }, std::array{0, 1}, false);
  const auto first = two_periods([&] { return make(); }, std::array{0}, false);
  const auto second = two_periods([&] { return make(); }, std::array{1}, false);
  for (size_t i = 0; i < first.size(); ++i) {
    for (const auto& [row, alone] : {std::pair(together[2 * i], first[i]), std::pair(together[2 * i + 1], second[i])}) {
      EXPECT_EQ(row.value, alone.value);
      EXPECT_EQ(row.value_squared, alone.value_squared);
      EXPECT_GT(row.value + row.value_squared, 0.0);
    }
  }
}

TEST_P(AnyBidder, SaysWhetherItRemembersTheLastPeriod) {
  const auto kept = two_periods([&] { return make(); }, std::array{0, 1}, false);
  const auto fresh = two_periods([&] { return make(); }, std::array{0, 1}, true);
  const bool same = std::equal(kept.begin(), kept.end(), fresh.begin(), [](const BidFormula& a, const BidFormula& b) {
    return a.value == b.value && a.value_squared == b.value_squared;
  });
  EXPECT_NE(make()->keeps_state_between_periods(), same);
}

std::string read_bidder(const std::string& yaml, BidderConfig& config) {
  try {
    ConfigFile::parse(yaml, "b.yaml").read(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(BidderConfig, ReadsEachKind) {
  BidderConfig config;
  EXPECT_EQ(read_bidder("{bidder: pid}", config), "");
  EXPECT_EQ(bidder_label(config), "pid");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: fixed_alpha, alpha: 90}", config), "");
  EXPECT_EQ(bidder_label(config), "fixed_alpha 90");
  config = {};
  EXPECT_NE(read_bidder("{bidder: fixed_alpha, alpha: 0}", config).find("a number above 0"), std::string::npos);
  config = {};
  EXPECT_EQ(read_bidder("{bidder: fixed_alpha, alpha: 0, cpa_ratio: 1.2}", config), "");  // as it is printed
  EXPECT_EQ(bidder_label(config), "fixed_alpha 1.2 x CPA limit");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: fixed_alpha, cpa_ratio: 1.1}", config), "");
  EXPECT_EQ(bidder_label(config), "fixed_alpha 1.1 x CPA limit");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: abid}", config), "");
  EXPECT_EQ(bidder_label(config), "abid");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: online_lp, table: episode-3}", config), "");
  EXPECT_EQ(bidder_label(config), "online_lp episode-3");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: official_agent, agent: td3_bc}", config), "");
  EXPECT_EQ(bidder_label(config), "official td3_bc");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: pacing}", config), "");
  EXPECT_EQ(bidder_label(config), "pacing");
  config = {};
  EXPECT_EQ(read_bidder("{bidder: pacing, price_level: 300, later_value: 1, prior_days: 0.5, cpa_brake: 1.2}", config),
            "");
  EXPECT_EQ(bidder_label(config), "pacing price_level 300 later_value 1 prior_days 0.5 cpa_brake 1.2");
}

TEST(BidderConfig, RejectsUnknownKindsAndListsTheKnown) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pidd}", config).find("found 'pidd', expected one of pid, fixed_alpha, abid"),
            std::string::npos);
  EXPECT_THROW(config.set_kind("pidd"), Error);
}

TEST(BidderConfig, RejectsWhatTheKindDoesNotRead) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: pid, alpha: 90}", config).find("key 'alpha': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: pid, cpa_ratio: 2}", config).find("key 'cpa_ratio': unknown"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: fixed_alpha, alpha: 90, cpa_ratio: 2}", config).find("not both"), std::string::npos);
  config = {};
  EXPECT_NE(read_bidder("{bidder: pacing, alpha: 90}", config).find("key 'alpha': unknown"), std::string::npos);
  for (const std::string option : {"price_level", "later_value", "prior_days", "cpa_brake"}) {
    config = {};
    EXPECT_NE(read_bidder("{bidder: pid, " + option + ": 1}", config).find("key '" + option + "': unknown"),
              std::string::npos);
  }
}

TEST(BidderConfig, AsksForWhatTheKindNeeds) {
  BidderConfig config;
  EXPECT_NE(read_bidder("{bidder: online_lp}", config).find("table"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: online_lp, table: ''}", config).find("expected a path"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: official_agent}", config).find("agent"), std::string::npos);
  EXPECT_NE(read_bidder("{bidder: official_agent, agent: bcq}", config).find("one of bc, iql, cql"), std::string::npos);
}

TEST(BidderConfig, IsMadeOfAKindsOptions) {
  const BidderConfig fixed = FixedAlphaOptions{.alpha = 80.0};
  EXPECT_EQ(fixed.kind(), "fixed_alpha");
  ASSERT_NE(fixed.get_if<FixedAlphaOptions>(), nullptr);
  EXPECT_EQ(fixed.get_if<FixedAlphaOptions>()->alpha, 80.0);
  EXPECT_EQ(fixed.get_if<PidOptions>(), nullptr);
  BidderConfig copy = fixed;
  copy.set_kind("fixed_alpha");
  EXPECT_EQ(bidder_label(copy), "fixed_alpha 80");
  copy.set_kind("pid");
  copy.set_kind("fixed_alpha");
  EXPECT_EQ(bidder_label(copy), "fixed_alpha 1 x CPA limit");
  EXPECT_EQ(bidder_label(fixed), "fixed_alpha 80");
  EXPECT_EQ(BidderConfig().kind(), "pid");
}

std::string read_range(const std::string& yaml, BidderRange& range) {
  return error_of([&] { ConfigFile::parse(yaml, "b.yaml").read(range); });
}

TEST(BidderRange, OfFixedAlphaIsDrawnFrom) {
  BidderRange alphas;
  EXPECT_EQ(read_range("{bidder: fixed_alpha, alpha: [20, 80]}", alphas), "no error");
  EXPECT_EQ(alphas.range(), (RealInterval{20.0, 80.0}));
  EXPECT_EQ(bidder_label(alphas.at(30.0)), "fixed_alpha 30");
  BidderRange ratios;
  EXPECT_EQ(read_range("{bidder: fixed_alpha, cpa_ratio: [0.6, 1.6]}", ratios), "no error");
  EXPECT_EQ(ratios.range(), (RealInterval{0.6, 1.6}));
  EXPECT_EQ(bidder_label(ratios.at(1.25)), "fixed_alpha 1.25 x CPA limit");
  EXPECT_NE(read_range("{bidder: fixed_alpha, alpha: [1, 2], cpa_ratio: 2}", ratios).find("not both"),
            std::string::npos);
}

}  // namespace
}  // namespace genbid::bidders
