#include "play/population.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/error.h"
#include "base/temporary_folder.h"
#include "bidders/bidder_config.h"
#include "bidders/fixed_alpha.h"
#include "bidders/online_lp.h"
#include "golden.h"
#include "play/run_identity.h"

namespace genbid::play {
namespace {

using test::TemporaryFolder;

Population load_text(const std::string& yaml) {
  const test::TemporaryFolder folder;
  write_file(folder.path("population.yaml"), yaml);
  return load_population(folder.path("population.yaml"));
}

std::string error_of(const std::string& yaml) {
  try {
    load_text(yaml);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Population, Pid48Is48PidWithOfficialBudgets) {
  const Population population = load_population("pid48");
  ASSERT_EQ(population.seats.size(), 48U);
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const PopulationSeat& one = population.seats[static_cast<size_t>(seat)];
    EXPECT_EQ(one.bidder.kind(), "pid");
    EXPECT_EQ(one.advertiser.budget, official_advertiser(seat).budget);
    EXPECT_EQ(one.advertiser.cpa_limit, official_advertiser(seat).cpa_limit);
    EXPECT_EQ(one.advertiser.category, seat / 8);
  }
}

TEST(Population, Rules48IsPidAndSevenFixedAlphasInEachCategory) {
  const Population population = load_population("rules48");
  for (size_t seat = 0; seat < 48; ++seat) {
    const bidders::BidderConfig& bidder = population.seats[seat].bidder;
    if (seat % 8 == 0) {
      EXPECT_EQ(bidder.kind(), "pid");
    } else {
      EXPECT_EQ(bidder.kind(), "fixed_alpha");
      EXPECT_NEAR(bidder.get_if<bidders::FixedAlphaOptions>()->cpa_ratio, 0.7 + 0.1 * static_cast<double>(seat % 8),
                  1e-12);
    }
  }
}

// What AuctionNet's name of a bidder, without the number of its seat, is here.
std::string official_label(const std::string& name, int seat) {
  static const std::map<std::string, std::string> labels = {{"PidBiddingStrategy", "pid"},
                                                            {"Iql-PlayerStrategy", "official iql"},
                                                            {"TD3_BC-PlayerStrategy", "official td3_bc"},
                                                            {"Cql-PlayerStrategy", "official cql"},
                                                            {"Bc-PlayerStrategy", "official bc"},
                                                            {"MBRL-MOPO-PlayerStrategy", "official mopo"},
                                                            {"MBRL-COMBOMICRO-PlayerStrategy", "official combo"},
                                                            {"BCQ-standin", "fixed_alpha 100"}};
  const std::string kind = name.substr(0, name.find_last_not_of("0123456789") + 1);
  // It does not say which table: that of the category at position 3, the next one at position 4.
  if (kind == "OnlineLpBiddingStrategy") return "online_lp episode-" + std::to_string(seat / 8 + seat % 8 - 3);
  return labels.at(kind);
}

// Who sat where when the official data were made.
TEST(Population, OfficialIsThatOfTheOfficialData) {
  GENBID_VECTOR(path, "official_market/results_by_period.json");
  const auto agents = nlohmann::json::parse(read_file(path)).at("agents");
  const Population population = load_population("official");
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const PopulationSeat& one = population.seats[static_cast<size_t>(seat)];
    const auto index = static_cast<size_t>(seat);
    EXPECT_EQ(bidders::bidder_label(one.bidder), official_label(agents.at("names")[index].get<std::string>(), seat))
        << seat;
    EXPECT_EQ(one.advertiser.budget, agents.at("budget")[index].get<double>());
    EXPECT_EQ(one.advertiser.cpa_limit, agents.at("cpa")[index].get<double>());
    EXPECT_EQ(one.advertiser.category, seat / 8);
  }
}

// The same without that file: the layout of auctionnet.md 2.8.
TEST(Population, OfficialHasTheOfficialLayout) {
  const Population population = load_population("official");
  const char* const even[] = {"pid", "iql", "td3_bc", "", "", "cql", "bc", "mopo"};
  const char* const odd[] = {"pid", "", "mopo", "", "", "td3_bc", "iql", "combo"};
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const bidders::BidderConfig& bidder = population.seats[static_cast<size_t>(seat)].bidder;
    const int category = seat / 8;
    const int position = seat % 8;
    if (position == 0) {
      EXPECT_EQ(bidder.kind(), "pid");
    } else if (position == 3 || position == 4) {
      EXPECT_EQ(bidders::bidder_label(bidder), "online_lp episode-" + std::to_string(category + position - 3));
    } else if (position == 1 && category % 2 == 1) {
      EXPECT_EQ(bidders::bidder_label(bidder), "fixed_alpha 100");
    } else {
      const char* const* const agents = category % 2 == 0 ? even : odd;
      EXPECT_EQ(bidders::bidder_label(bidder), std::string("official ") + agents[position]);
    }
  }
}

TEST(Population, OnlyOfficialRulesMakeBiddersRemember) {
  for (const std::string& name : population_names()) {
    for (const BiddingRules rules : {BiddingRules::kCorrected, BiddingRules::kOfficial}) {
      const auto owned = make_bidders(load_population(name), rules);
      std::vector<Bidder*> bidders;
      for (const auto& bidder : owned) bidders.push_back(bidder.get());
      EXPECT_EQ(keep_state_between_periods(bidders), rules == BiddingRules::kOfficial) << name;
    }
  }
}

TEST(Population, ATableThatIsNotThereIsAnError) {
  Population population = load_population("pid48");
  population.seats[5].bidder = bidders::OnlineLpOptions{.table = "no/such/table.csv"};
  EXPECT_THROW(make_bidders(population, BiddingRules::kCorrected), Error);
}

TEST(Population, EveryShippedOneLoadsAndBids) {
  for (const std::string& name : population_names()) {
    EXPECT_TRUE(population_exists(name));
    EXPECT_EQ(make_bidders(load_population(name), BiddingRules::kCorrected).size(), 48U) << name;
  }
}

// What it holds is more than its own bytes.
TEST(Population, AFilesContentHasTheTablesThatItNames) {
  const test::TemporaryFolder folder;
  write_file(folder.path("plain.yaml"), "seats: [{seat: 0, bidder: pid}, {seat: 1, bidder: abid}]\n");
  EXPECT_EQ(population_content(folder.path("plain.yaml"), 2), file_content_hash(folder.path("plain.yaml")));
  const std::string path = folder.path("tables.yaml");
  write_file(path,
             "seats: [{seat: 0, bidder: pid}, {seat: 1, bidder: online_lp, table: " + folder.path("t.csv") + "}]\n");
  write_file(folder.path("t.csv"), "one");
  const std::string before = population_content(path, 2);
  write_file(folder.path("t.csv"), "two");
  EXPECT_NE(population_content(path, 2), before);
}

TEST(Population, AFileSaysWhoSitsWhere) {
  const Population population = load_text(
      "seats:\n"
      "  - {position: 0, bidder: fixed_alpha, cpa_ratio: 1.1}\n"
      "  - {position: 1, category: 0, bidder: fixed_alpha, alpha: 90}\n"
      "  - {position: 1, category: 1, bidder: pid}\n"
      "  - {position: 1, category: 2, bidder: pid}\n"
      "  - {position: 1, category: 3, bidder: pid}\n"
      "  - {position: 1, category: 4, bidder: pid}\n"
      "  - {seat: 41, bidder: pid, budget: 3000, cpa: 95}\n"
      "  - {position: 2, bidder: pid}\n"
      "  - {position: 3, bidder: pid}\n"
      "  - {position: 4, bidder: pid}\n"
      "  - {position: 5, bidder: pid}\n"
      "  - {position: 6, bidder: pid}\n"
      "  - {position: 7, bidder: pid}\n");
  EXPECT_EQ(population.seats[40].bidder.get_if<bidders::FixedAlphaOptions>()->cpa_ratio, 1.1);
  EXPECT_EQ(population.seats[1].bidder.get_if<bidders::FixedAlphaOptions>()->alpha, 90.0);
  EXPECT_EQ(population.seats[9].bidder.kind(), "pid");
  EXPECT_EQ(population.seats[41].advertiser.budget, 3000.0);
  EXPECT_EQ(population.seats[41].advertiser.cpa_limit, 95.0);
  EXPECT_EQ(population.seats[33].advertiser.budget, official_advertiser(33).budget);
}

TEST(Population, AnUnknownNameListsTheKnown) {
  try {
    load_population("pid49");
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "population: found 'pid49', expected official, pid48, rules48, or the path of a population file");
  }
  EXPECT_FALSE(population_exists("pid49"));
}

TEST(Population, ASeatNamedTwiceIsAnError) {
  EXPECT_NE(error_of("seats: [pid, {seat: 3, bidder: pid}]").find("seat 3 is named twice"), std::string::npos);
}

TEST(Population, MissingSeatsAreAnError) {
  EXPECT_NE(error_of("seats:\n  - {category: 0, bidder: pid}\n  - {seat: 9, bidder: pid}\n")
                .find("all 48 seats of the market: missing 8, 10, 11"),
            std::string::npos);
  EXPECT_NE(error_of("seats: []").find("missing 0, 1"), std::string::npos);
}

TEST(Population, ASeatAndAPositionExcludeEachOther) {
  EXPECT_NE(error_of("seats: [{seat: 3, position: 3, bidder: pid}]").find("either a seat, or a position"),
            std::string::npos);
}

TEST(Population, UnknownBiddersAndKeysAreErrors) {
  EXPECT_NE(error_of("seats: pidd").find("expected one of pid, fixed_alpha"), std::string::npos);
  EXPECT_NE(error_of("seats: [{bidder: pid, budgets: 3}]").find("budgets"), std::string::npos);
}

TEST(Population, CellsHaveTheScalesOfTheMarket) {
  market::MarketConfig market;
  market.budget_scale = 0.5;
  market.cpa_scale = 0.75;
  const market::Cell cell = make_cell(load_population("pid48"), 12, market);
  EXPECT_EQ(cell.period, 12);
  EXPECT_EQ(cell.advertisers[0].budget, 1450.0);
  EXPECT_EQ(cell.advertisers[0].cpa_limit, 75.0);
}

TEST(Population, RivalsOfAJudgedSeatHaveAScaleOfTheirOwn) {
  market::MarketConfig market;
  market.budget_scale = 0.5;
  market.rival_budget_scale = 3.0;
  const Population population = load_population("pid48");
  const market::Cell judged = make_cell(population, 0, market, 1);
  EXPECT_EQ(judged.advertisers[0].budget, 4350.0);
  EXPECT_EQ(judged.advertisers[1].budget, 2175.0);
  EXPECT_EQ(judged.advertisers[2].budget, 4500.0);
  EXPECT_EQ(make_cell(population, 0, market).advertisers[1].budget, 6525.0);
}

TEST(Population, AnotherNumberOfSeatsIsFilledByPositionAndCategory) {
  for (const std::string name : {"pid48", "rules48"}) {
    for (const int seats : {1, 3, 48, 64}) {
      EXPECT_EQ(load_population(name, seats).seats.size(), static_cast<size_t>(seats)) << name;
    }
  }
  const Population large = load_population("rules48", 64);
  const PopulationSeat& last = large.seats[63];
  EXPECT_EQ(bidders::bidder_label(last.bidder), "fixed_alpha 1.4 x CPA limit");
  EXPECT_EQ(last.advertiser.category, 7);
  EXPECT_EQ(last.advertiser.budget, official_advertiser(15).budget);
  EXPECT_EQ(last.advertiser.cpa_limit, official_advertiser(15).cpa_limit);
  EXPECT_EQ(bidders::bidder_label(load_population("official", 3).seats[2].bidder), "official td3_bc");
}

TEST(Population, EntriesOfSeatsThatTheMarketLacksArePassedOver) {
  const TemporaryFolder folder;
  write_file(folder.path("p.yaml"),
             "seats: [{seat: 0, bidder: abid}, {seat: 1, bidder: pid}, {seat: 60, bidder: pid}]");
  EXPECT_EQ(load_population(folder.path("p.yaml"), 2).seats.size(), 2U);
}

TEST(Population, TheOfficialOneHas48Seats) {
  try {
    load_population("official", 64);
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("all 64 seats of the market: missing 49, 50"), std::string::npos) << e.what();
  }
}

TEST(Population, BiddersMadeFor48TicksRefuseOtherDays) {
  EXPECT_EQ(make_bidders(load_population("rules48", 64), BiddingRules::kCorrected, 96).size(), 64U);
  const auto error_of = [](const Population& population) -> std::string {
    try {
      make_bidders(population, BiddingRules::kCorrected, 96);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of(load_population("official", 3)),
            "population: seat 1: 'official iql' is made for days of 48 ticks, found 96 (market.traffic.ticks)");
  Population population = load_population("pid48", 1);
  population.seats[0].bidder = bidders::OnlineLpOptions{.table = "episode-0"};
  EXPECT_EQ(error_of(population),
            "population: seat 0: 'online_lp episode-0' is made for days of 48 ticks, found 96 (market.traffic.ticks)");
}

TEST(Population, CampaignsMayBeOfAnyCurrencyButNotWithoutMoney) {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& options) {
    write_file(folder.path("p.yaml"), "seats: [{bidder: pid, " + options + "}]");
    return load_population(folder.path("p.yaml"), 1).seats[0].advertiser;
  };
  EXPECT_EQ(load("budget: 46400000, cpa: 2080000").cpa_limit, 2080000.0);
  EXPECT_EQ(load("budget: 1e12").budget, 1e12);
  for (const char* bad : {"budget: 0", "budget: -5", "cpa: 0", "cpa: -1", "budget: .nan", "cpa: 1e13"}) {
    EXPECT_THROW(load(bad), ConfigError) << bad;
  }
}

}  // namespace
}  // namespace genbid::play
