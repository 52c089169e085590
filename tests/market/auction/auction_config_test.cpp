#include "market/auction/auction_config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "market/market.h"
#include "market/market_samples.h"

namespace genbid::market {
namespace {

MarketConfig read(const std::vector<std::string>& overrides) {
  MarketConfig config;
  ConfigFile::parse("{}", "test", overrides).read(config);
  return config;
}

std::string error_of(const std::vector<std::string>& overrides) {
  try {
    read(overrides);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(AuctionConfig, TheDefaultIsAuctionNetsRule) {
  const AuctionRule rule = read({}).auction_rule();
  EXPECT_EQ(rule.reserve, 0.0001);
  EXPECT_EQ(rule.shown_after_previous, (std::array{1.0, 0.8, 0.6}));
  EXPECT_EQ(rule.highest_bid, 256.0);
  EXPECT_EQ(read({}).rules_label(), "corrected");
}

TEST(AuctionConfig, IsTheRuleThatTheMarketPlaysBy) {
  const MarketConfig config = read({"auction.reserve=0.02", "auction.exposures=[1, 0.5, 0.25]"});
  EXPECT_EQ(config.auction_rule().reserve, 0.02);
  EXPECT_EQ(config.auction_rule().shown_after_previous, (std::array{1.0, 0.5, 0.25}));
  EXPECT_EQ(config.rules_label(), "corrected, reserve 0.02, exposures 1/0.5/0.25");
}

TEST(AuctionConfig, WrongValuesAreErrorsThatSayWhatIsExpected) {
  EXPECT_EQ(
      error_of({"auction.exposures=[0.9, 0.8, 0.6]"}),
      "command line: key 'auction.exposures': found '[0.9, 0.8, 0.6]', expected three numbers, the first 1: it says "
      "that the first slot is always shown");
  EXPECT_NE(error_of({"auction.exposures=[1, 0.8]"}).find("expected three numbers"), std::string::npos);
  EXPECT_NE(error_of({"auction.exposures=[1, 0.8, 1.5]"}).find("found '1.5', expected a number from 0 to 1"),
            std::string::npos);
  EXPECT_NE(error_of({"auction.reserve=0"}).find("expected a number from 1e-07 to 250"), std::string::npos);
}

TEST(AuctionConfig, TheOfficialRulesAreAuctionNetsAlone) {
  EXPECT_EQ(read({"rules=official", "auction.reserve=0.0001"}).rules_label(), "official");
  for (const char* other : {"auction.reserve=0.0002", "auction.exposures=[1, 0.8, 0.5]"}) {
    const std::string error = error_of({"rules=official", other});
    EXPECT_NE(error.find("key 'auction'"), std::string::npos) << error;
    EXPECT_NE(error.find("the rules official are AuctionNet's"), std::string::npos) << error;
  }
}

// What a market sells, over a day in which everybody bids the same alpha: nothing below the reserve.
struct Sales {
  explicit Sales(const std::vector<std::string>& overrides) {
    std::vector<std::string> all = overrides;
    all.emplace_back("impressions=20000");
    Threads threads(1);
    const auto market = make_market(read(all), threads);
    market->reset({test::official_cell(1, 1000.0)});
    const std::vector<BidFormula> bids(kNumSeats, {.value = 80.0});
    while (!market->done()) {
      market->step(bids);
      for (const SeatTick& seat : market->last_tick()) {
        wins += seat.outcome.num_wins;
        exposed += seat.outcome.num_exposed;
        cost += seat.outcome.cost;
        lowest_price = std::min(lowest_price, seat.outcome.mean_least_winning_cost);
      }
    }
  }
  int64_t wins = 0, exposed = 0;
  double cost = 0.0;
  double lowest_price = 1e9;  // mean of a tick
};

TEST(AuctionConfig, AMarketSellsByIt) {
  const Sales usual({});
  const Sales reserve({"auction.reserve=0.1"});
  EXPECT_LT(reserve.wins, usual.wins);
  EXPECT_GE(reserve.cost, 0.1 * static_cast<double>(reserve.exposed));
  EXPECT_GE(reserve.lowest_price, 0.1);
  const Sales lowest({"auction.reserve=1e-07"});
  EXPECT_EQ(lowest.wins, usual.wins);
  const Sales highest({"auction.reserve=250"});
  EXPECT_EQ(highest.wins, 0);
  // Of 2.28 slots of an impression, all or one.
  const Sales all({"auction.exposures=[1, 1, 1]"});
  EXPECT_EQ(all.wins, usual.wins);
  EXPECT_EQ(all.exposed, all.wins);
  const Sales one({"auction.exposures=[1, 0, 1]"});
  EXPECT_EQ(one.exposed, one.wins / 3);
  EXPECT_NEAR(static_cast<double>(usual.exposed) / static_cast<double>(usual.wins), 2.28 / 3.0, 0.005);
}

}  // namespace
}  // namespace genbid::market
