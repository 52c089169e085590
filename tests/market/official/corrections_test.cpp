#include "market/official/corrections.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/config/config.h"
#include "base/error.h"
#include "market/market.h"
#include "market/market_samples.h"
#include "market/official/auction.h"

namespace genbid::market::official {
namespace {

const double kReserve = AuctionRule().reserve;

// A tick in which every p-value is the same.
TickTraffic even_traffic(int64_t num_pv, double pvalue = 0.5, int tick = 0, int64_t period = 0) {
  TickTraffic traffic;
  traffic.period = period;
  traffic.tick = tick;
  traffic.num_pv = num_pv;
  traffic.pvalue.assign(static_cast<size_t>(num_pv) * kSeats, pvalue);
  traffic.sigma_ratio.assign(traffic.pvalue.size(), 0.1);
  traffic.finish();
  return traffic;
}

// Seat `i` bids bids[i] for every impression, later seats nothing.
std::vector<double> matrix(int64_t num_pv, const std::vector<double>& bids) {
  std::vector<double> all(static_cast<size_t>(num_pv) * kSeats, 0.0);
  for (int64_t pv = 0; pv < num_pv; ++pv) {
    std::copy(bids.begin(), bids.end(), all.begin() + pv * kNumSeats);
  }
  return all;
}

// What comes of a tick under some corrections.
class Played {
 public:
  Played(const TickTraffic& traffic, const std::vector<double>& bids, const Corrections& corrections,
         double money_of_seat_0 = 1e9)
      : traffic_(traffic), bids_(bids), auction_(corrections) {
    for (size_t i = 0; i < kSeats; ++i) truncation_.push_back(truncation({0.5, 0.5}));
    draws_.reserve(traffic.num_pv * kNumSeats);
    std::array<double, kSeats> money;
    money.fill(1e9);
    money[0] = money_of_seat_0;
    num_passes = auction_.play(traffic_, bids_, truncation_, draws_, money, nullptr);
  }

  const Impression& operator[](int64_t pv) const { return auction_.impression(pv); }
  const Auction& auction() const { return auction_; }

  // The impressions whose slot is exposed, converted; a seat's bid lost.
  std::set<int64_t> exposed(size_t slot) const {
    return where([&](int64_t pv) { return auction_.impression(pv).exposed[slot]; });
  }
  std::set<int64_t> converted(size_t slot) const {
    return where([&](int64_t pv) { return auction_.impression(pv).converted[slot]; });
  }
  std::set<int64_t> lost(size_t seat) const {
    return where([&](int64_t pv) { return auction_.bid(pv, seat) < bids_[static_cast<size_t>(pv) * kSeats + seat]; });
  }

  int num_passes = 0;

 private:
  template <typename Condition>
  std::set<int64_t> where(const Condition& condition) const {
    std::set<int64_t> pvs;
    for (int64_t pv = 0; pv < traffic_.num_pv; ++pv) {
      if (condition(pv)) pvs.insert(pv);
    }
    return pvs;
  }

  TickTraffic traffic_;
  std::vector<double> bids_;
  Auction::Truncation truncation_;
  SeedOneDraws draws_;
  Auction auction_;
};

constexpr Corrections kNone = {};
constexpr Corrections kDraws = {.draws = true};
constexpr Corrections kReserveSells = {.reserve = true};
constexpr Corrections kZeroBids = {.zero_bids = true};
constexpr Corrections kDrops = {.drops = true};
const std::vector<double> kFourBids = {4.0, 3.0, 2.0, 1.0};

TEST(Corrections, DrawsDifferFromTickToTickAndPeriodToPeriod) {
  const auto bids = matrix(200, kFourBids);
  const Played first(even_traffic(200), bids, kDraws);
  for (const TickTraffic& other : {even_traffic(200, 0.5, 1), even_traffic(200, 0.5, 0, 1)}) {
    EXPECT_EQ(Played(even_traffic(200), bids, kNone).exposed(1), Played(other, bids, kNone).exposed(1));
    EXPECT_EQ(Played(even_traffic(200), bids, kNone).converted(0), Played(other, bids, kNone).converted(0));
    EXPECT_NE(first.exposed(1), Played(other, bids, kDraws).exposed(1));
    EXPECT_NE(first.converted(0), Played(other, bids, kDraws).converted(0));
  }
  EXPECT_EQ(first.exposed(1), Played(even_traffic(200), bids, kDraws).exposed(1));
  EXPECT_EQ(first.converted(0), Played(even_traffic(200), bids, kDraws).converted(0));
}

// 40,000 impressions: shares within four standard errors (0.008, 0.01, 0.01).
TEST(Corrections, DrawsHaveTheOriginalsProbabilities) {
  const Played played(even_traffic(40000), matrix(40000, kFourBids), kDraws);
  const auto share = [](const std::set<int64_t>& some, double of) { return static_cast<double>(some.size()) / of; };
  EXPECT_EQ(played.exposed(0).size(), 40000U);
  EXPECT_NEAR(share(played.exposed(1), 40000), 0.8, 0.008);
  EXPECT_NEAR(share(played.exposed(2), 40000), 0.48, 0.01);
  EXPECT_NEAR(share(played.converted(0), 40000), 0.5, 0.01);
  EXPECT_NEAR(share(played.converted(1), 32000), 0.5, 0.0112);
}

TEST(Corrections, DrawsLeaveHoldersAndPricesAlone) {
  const auto bids = matrix(50, kFourBids);
  const Played before(even_traffic(50), bids, kNone);
  const Played after(even_traffic(50), bids, kDraws);
  for (int64_t pv = 0; pv < 50; ++pv) {
    EXPECT_EQ(before[pv].seat, after[pv].seat);
    EXPECT_EQ(before[pv].price, after[pv].price);
    EXPECT_EQ(before[pv].sold, after[pv].sold);
  }
}

// An over-spend pass meets the draws of the pass before.
TEST(Corrections, DrawsAreTheSameInEveryPass) {
  const auto bids = matrix(500, kFourBids);
  const Played free(even_traffic(500), bids, kDraws);
  const Played poor(even_traffic(500), bids, kDraws, 1000.0);
  ASSERT_GT(poor.num_passes, 1);
  const std::set<int64_t> lost = poor.lost(0);
  ASSERT_LT(lost.size(), 400U);
  for (int64_t pv = 0; pv < 500; ++pv) {
    if (lost.contains(pv)) continue;
    EXPECT_EQ(free[pv].exposed, poor[pv].exposed) << pv;
    EXPECT_EQ(free[pv].converted, poor[pv].converted) << pv;
  }
}

TEST(Corrections, ReserveSellsASlotWhosePriceIsTheReserve) {
  const auto bids = matrix(1, {0.5, 0.3, 0.00005});
  const Played before(even_traffic(1), bids, kNone);
  EXPECT_EQ(before[0].sold, (std::array<bool, 3>{true, false, false}));
  const Played after(even_traffic(1), bids, kReserveSells);
  EXPECT_EQ(after[0].sold, (std::array<bool, 3>{true, true, false}));  // the third holder bids less than the reserve
  EXPECT_EQ(after[0].price, before[0].price);
  EXPECT_EQ(after[0].price[1], kReserve);
  EXPECT_EQ(after[0].seat, before[0].seat);
  EXPECT_EQ(after.auction().outcome(1).num_wins, 1);
  EXPECT_EQ(after.auction().outcome(2).num_wins, 0);
}

TEST(Corrections, ReserveSellsToABidOfTheReserve) {
  const Played after(even_traffic(1), matrix(1, {kReserve}), kReserveSells);
  EXPECT_EQ(after[0].sold, (std::array<bool, 3>{true, false, false}));
  EXPECT_EQ(after.auction().outcome(0).cost, kReserve);
}

TEST(Corrections, ReserveChangesNothingWhereAllPricesAreHigher) {
  const auto bids = matrix(100, kFourBids);
  const Played before(even_traffic(100), bids, kNone);
  const Played after(even_traffic(100), bids, kReserveSells);
  for (size_t i = 0; i < kSeats; ++i) EXPECT_EQ(before.auction().outcome(i).cost, after.auction().outcome(i).cost);
  for (size_t slot = 0; slot < kSlots; ++slot) EXPECT_EQ(before.converted(slot), after.converted(slot));
}

TEST(Corrections, ZeroBidsHoldNoSlot) {
  const auto bids = matrix(1, {0.5, 0.00005});
  EXPECT_NE(Played(even_traffic(1), bids, kNone)[0].seat[2], kNoSeat);
  const Played after(even_traffic(1), bids, kZeroBids);
  EXPECT_EQ(after[0].seat, (std::array<uint8_t, 3>{0, kNoSeat, kNoSeat}));
  EXPECT_EQ(after[0].price, (std::array<double, 3>{kReserve, kReserve, kReserve}));
}

TEST(Corrections, ZeroBidsGiveTiesToTheLowerSeat) {
  const auto bids = matrix(1, std::vector<double>(kSeats, 1.0));
  EXPECT_NE(Played(even_traffic(1), bids, kNone)[0].seat, (std::array<uint8_t, 3>{0, 1, 2}));
  EXPECT_EQ(Played(even_traffic(1), bids, kZeroBids)[0].seat, (std::array<uint8_t, 3>{0, 1, 2}));
}

// Where a slot is sold, the bids down to the next one are above the reserve, so whoever bids nothing stands below
// (in a slot that is unsold) and takes no other's exposure draw: the correction alone changes no outcome.
TEST(Corrections, ZeroBidsAloneChangeNoOutcome) {
  const TickTraffic traffic = even_traffic(300);
  std::vector<double> bids = matrix(300, {});
  for (size_t pv = 0; pv < 300; ++pv) {  // none to five bidders, seats 20, 27, 34, 41, 0
    for (size_t k = 0; k < pv % 6; ++k) {
      bids[pv * kSeats + (20 + 7 * k) % kSeats] = 1.0 + static_cast<double>((pv * 7 + k * 3) % 11);
    }
  }
  const Played before(traffic, bids, kNone);
  const Played after(traffic, bids, kZeroBids);
  for (int64_t pv = 0; pv < 300; ++pv) {
    EXPECT_EQ(before[pv].sold, after[pv].sold);
    EXPECT_EQ(before[pv].price, after[pv].price);
    EXPECT_EQ(before[pv].exposed, after[pv].exposed);
    EXPECT_EQ(before[pv].converted, after[pv].converted);
  }
}

TEST(Corrections, DropsTakeOtherWinsInEveryTick) {
  const auto bids = matrix(500, kFourBids);
  const auto lost = [&](const Corrections& corrections, int tick) {
    const Played played(even_traffic(500, 0.5, tick), bids, corrections, 1000.0);
    EXPECT_LE(played.auction().outcome(0).cost, 1000.0);
    return played.lost(0);
  };
  EXPECT_EQ(lost(kNone, 0), lost(kNone, 1));
  EXPECT_NE(lost(kDrops, 0), lost(kDrops, 1));
  EXPECT_EQ(lost(kDrops, 0), lost(kDrops, 0));
  EXPECT_EQ(lost(kNone, 0).size(), lost(kDrops, 0).size());  // equal prices, slot 1 always shown
}

TEST(Corrections, DropsChangeNothingWhereNobodyOverspends) {
  const auto bids = matrix(100, kFourBids);
  const Played before(even_traffic(100), bids, kNone);
  const Played after(even_traffic(100), bids, kDrops);
  for (size_t slot = 0; slot < kSlots; ++slot) {
    EXPECT_EQ(before.exposed(slot), after.exposed(slot));
    EXPECT_EQ(before.converted(slot), after.converted(slot));
  }
}

// A whole period of three bidders, with money that runs out.
std::vector<std::vector<SeatTick>> play_period(std::vector<std::string> corrections) {
  MarketConfig config;
  config.rules = "official";
  config.impressions = 20000;
  config.corrections = std::move(corrections);
  Threads threads(2);
  const auto market = make_market(config, threads);
  market->reset({test::official_cell(3, 0.02)});
  std::vector<std::vector<SeatTick>> ticks;
  for (std::vector<BidFormula> bids(kSeats); !market->done();) {
    for (const size_t seat : {10U, 20U, 30U}) bids[seat] = {.value = 40.0 + static_cast<double>(seat)};
    market->step(bids);
    ticks.emplace_back(market->last_tick().begin(), market->last_tick().end());
  }
  return ticks;
}

TEST(Corrections, EachReachesTheMarketAndZeroBidsAndPidChangeNoTick) {
  const auto original = play_period({});
  for (const std::string& name : correction_names()) {
    EXPECT_EQ(test::same(original, play_period({name})), name == "zero_bids" || name == "pid") << name;
  }
  EXPECT_FALSE(test::same(play_period({"reserve"}), play_period({"reserve", "zero_bids"})));
  // There slot 2 is shown by another draw: the third holder, who bids nothing, has no longer one of the three.
}

TEST(Corrections, PidForgetsWithItsCorrectionAlone) {
  MarketConfig config;
  EXPECT_EQ(config.bidder_rules(), BiddingRules::kCorrected);
  config.rules = "official";
  EXPECT_EQ(config.bidder_rules(), BiddingRules::kOfficial);
  config.corrections = {"draws", "reserve", "zero_bids", "drops"};
  EXPECT_EQ(config.bidder_rules(), BiddingRules::kOfficial);
  config.corrections = {"pid"};
  EXPECT_EQ(config.bidder_rules(), BiddingRules::kCorrected);
}

std::string error_of(const std::string& text) {
  MarketConfig config;
  try {
    ConfigFile::parse(text, "run.yaml").read(config);
  } catch (const Error& error) {
    return error.what();
  }
  return config.rules_label();
}

TEST(Corrections, NamesAreChecked) {
  EXPECT_EQ(error_of("rules: official"), "official");
  EXPECT_EQ(error_of("rules: official\ncorrections: pid"), "official with pid corrected");
  EXPECT_EQ(error_of("rules: official\ncorrections: [drops, draws]"), "official with drops, draws corrected");
  const std::string expected = "expected some of draws, reserve, zero_bids, drops, pid, each once";
  EXPECT_NE(error_of("rules: official\ncorrections: [draws, ties]").find(expected), std::string::npos);
  EXPECT_NE(error_of("rules: official\ncorrections: [draws, draws]").find(expected), std::string::npos);
  const std::string error = error_of("rules: corrected\ncorrections: [draws]");
  EXPECT_NE(error.find("run.yaml:2: key 'corrections'"), std::string::npos) << error;
  EXPECT_NE(error.find("none: the rules corrected"), std::string::npos) << error;
}

}  // namespace
}  // namespace genbid::market::official
