#include "market/official/auction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "golden.h"
#include "numpy/numpy_random.h"
#include "market/official/official_traffic.h"
#include "npy.h"

// AuctionNet's own auctions (golden auction/ and overcost/): every holder, price, exposure, conversion and bid, bit for
// bit.

namespace genbid::market::official {
namespace {

using test::Npy;
using test::read_npy;

struct Given {
  TickTraffic traffic;
  std::vector<double> bids;
  Auction::Truncation truncation;
  SeedOneDraws draws;
  std::array<double, kSeats> money;
};

nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

// The bounds by seat, written as hexadecimal numbers.
Auction::Truncation truncation_of(const nlohmann::json& values) {
  const auto number = [](const nlohmann::json& text) { return std::strtod(text.get<std::string>().c_str(), nullptr); };
  Auction::Truncation result;
  for (const nlohmann::json& pair : values) result.push_back(truncation({number(pair.at(0)), number(pair.at(1))}));
  return result;
}

Given given(const Npy& pvalue, const Npy& sigma, const Npy& bids, const nlohmann::json& truncation) {
  Given result;
  result.traffic.num_pv = pvalue.shape.at(0);
  result.traffic.pvalue = pvalue.values;
  result.traffic.sigma_ratio.resize(pvalue.values.size());
  for (size_t i = 0; i < pvalue.values.size(); ++i) {
    if (pvalue.values[i] > 0.0) result.traffic.sigma_ratio[i] = sigma.values[i] / pvalue.values[i];
  }
  result.traffic.finish();
  result.bids = bids.values;
  result.truncation = truncation_of(truncation);
  result.draws.reserve(result.traffic.num_pv * kNumSeats);
  result.money.fill(std::numeric_limits<double>::infinity());
  return result;
}

// By impression and seat, 0 where the seat holds nothing.
template <typename Value>
void expect_by_seat(const Auction& auction, int64_t num_pv, const Npy& expected, const Value& value) {
  for (int64_t pv = 0; pv < num_pv; ++pv) {
    const Impression& one = auction.impression(pv);
    std::array<double, kSeats> row{};
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (one.sold[slot]) row[one.seat[slot]] = value(one, slot);
    }
    for (size_t i = 0; i < kSeats; ++i) ASSERT_EQ(row[i], expected.at(pv, static_cast<int64_t>(i))) << pv << " " << i;
  }
}

class GivenAuction : public ::testing::TestWithParam<std::string> {};

TEST_P(GivenAuction, EveryOutcomeEqualsTheOriginals) {
  const std::string folder = "auction/" + GetParam() + "/";
  GENBID_VECTOR(pvalue, folder + "pv.npy");
  GENBID_VECTOR(sigma, folder + "sigma.npy");
  GENBID_VECTOR(bids, folder + "bids.npy");
  GENBID_VECTOR(summary, folder + "summary.json");
  GENBID_VECTOR(slot, folder + "slot.npy");
  GENBID_VECTOR(cost, folder + "cost.npy");
  GENBID_VECTOR(exposed, folder + "is_exposed.npy");
  GENBID_VECTOR(conversion, folder + "conversion.npy");
  GENBID_VECTOR(least, folder + "least_winning_cost.npy");
  GENBID_VECTOR(prices, folder + "market_prices_nx3.npy");
  GENBID_VECTOR(top, folder + "top3_before_unsold.npy");
  const Given in = given(read_npy(pvalue), read_npy(sigma), read_npy(bids), read_json(summary).at("trunc_values_hex"));
  Auction auction;
  EXPECT_EQ(auction.play(in.traffic, in.bids, in.truncation, in.draws, in.money, nullptr), 1);

  const int64_t n = in.traffic.num_pv;
  expect_by_seat(auction, n, read_npy(slot), [](const Impression&, size_t s) { return static_cast<double>(s + 1); });
  expect_by_seat(auction, n, read_npy(cost), [](const Impression& one, size_t s) { return one.price[s]; });
  expect_by_seat(auction, n, read_npy(exposed),
                 [](const Impression& one, size_t s) { return one.exposed[s] ? 1.0 : 0.0; });
  expect_by_seat(auction, n, read_npy(conversion),
                 [](const Impression& one, size_t s) { return one.converted[s] ? 1.0 : 0.0; });
  const Npy expected_least = read_npy(least);
  const Npy expected_prices = read_npy(prices);
  const Npy expected_top = read_npy(top);
  for (int64_t pv = 0; pv < n; ++pv) {
    const Impression& one = auction.impression(pv);
    ASSERT_EQ(one.least_winning_cost(), expected_least.values.at(static_cast<size_t>(pv)));
    for (size_t s = 0; s < kSlots; ++s) {
      ASSERT_EQ(one.price[s], expected_prices.at(pv, static_cast<int64_t>(s)));
      ASSERT_EQ(one.seat[s], expected_top.at(pv, static_cast<int64_t>(s)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, GivenAuction,
                         ::testing::Values("tiny_ties", "tiny_ties_ep3", "full_tick_ep0_t7",
                                           "full_tick_ep0_t7_42_agents_out"),
                         [](const auto& tested) { return tested.param; });

// 23,055 impressions, bids of alpha x p-value: outcomes by slot, -1 where a slot has no holder in the end.
TEST(OfficialAuction, ABigTickOfGeneratedTraffic) {
  const std::string folder = "auction/big_tick_ep0_t20/";
  GENBID_VECTOR(alphas, folder + "alpha.npy");
  GENBID_VECTOR(winner, folder + "winner_nx3.npy");
  GENBID_VECTOR(exposed, folder + "winner_exposed_nx3.npy");
  GENBID_VECTOR(conversion, folder + "winner_conversion_nx3.npy");
  GENBID_VECTOR(cost, folder + "winner_cost_nx3.npy");
  GENBID_VECTOR(least, folder + "least_winning_cost.npy");
  const EpisodeFactors factors = episode_factors(0);
  PvalueStream stream(factors);
  TickTraffic traffic;
  for (int tick = 0; tick <= 20; ++tick) {
    traffic.num_pv = factors.num_pv[static_cast<size_t>(tick)];
    traffic.pvalue.resize(factors.tick_size(tick));
    stream.fill_next(traffic.pvalue);
  }
  traffic.sigma_ratio.resize(traffic.pvalue.size());
  fill_sigma_ratios(factors, 20, traffic.sigma_ratio);
  traffic.finish();
  Auction::Bids bids{};
  const Npy alpha = read_npy(alphas);
  Auction::Truncation bounds;
  for (int i = 0; i < kNumSeats; ++i) {
    bids[static_cast<size_t>(i)] = {.value = alpha.values.at(static_cast<size_t>(i))};
    bounds.push_back(truncation(numpy::truncation_values(i, 0)));
  }
  SeedOneDraws draws;
  draws.reserve(traffic.num_pv * kNumSeats);
  std::array<double, kSeats> money;
  money.fill(std::numeric_limits<double>::infinity());
  Threads threads(2);
  Auction auction;
  auction.play(traffic, bids, bounds, draws, money, &threads);

  const Npy expected_winner = read_npy(winner);
  const Npy expected_exposed = read_npy(exposed);
  const Npy expected_conversion = read_npy(conversion);
  const Npy expected_cost = read_npy(cost);
  const Npy expected_least = read_npy(least);
  ASSERT_EQ(expected_winner.shape.at(0), traffic.num_pv);
  for (int64_t pv = 0; pv < traffic.num_pv; ++pv) {
    const Impression& one = auction.impression(pv);
    ASSERT_EQ(one.least_winning_cost(), expected_least.values.at(static_cast<size_t>(pv)));
    for (int64_t slot = 0; slot < 3; ++slot) {
      const auto s = static_cast<size_t>(slot);
      ASSERT_EQ(one.sold[s] ? one.seat[s] : -1.0, expected_winner.at(pv, slot)) << pv;
      ASSERT_EQ(one.exposed[s] ? 1.0 : 0.0, expected_exposed.at(pv, slot)) << pv;
      ASSERT_EQ(one.converted[s] ? 1.0 : 0.0, expected_conversion.at(pv, slot)) << pv;
      ASSERT_EQ(one.sold[s] ? one.price[s] : 0.0, expected_cost.at(pv, slot)) << pv;
    }
  }
}

class OfficialOverspending : public ::testing::TestWithParam<std::string> {};

TEST_P(OfficialOverspending, EndsWithTheOriginalsBidsAndCosts) {
  const std::string folder = "overcost/" + GetParam() + "/";
  GENBID_VECTOR(pvalue, folder + "pv.npy");
  GENBID_VECTOR(sigma, folder + "sigma.npy");
  GENBID_VECTOR(bids, folder + "bids_in.npy");
  GENBID_VECTOR(remaining, folder + "remaining_budget.npy");
  GENBID_VECTOR(iterations, folder + "iterations.json");
  GENBID_VECTOR(bids_out, folder + "bids_out.npy");
  GENBID_VECTOR(cost, folder + "cost_out.npy");
  GENBID_VECTOR(exposed, folder + "exposed_out.npy");
  GENBID_VECTOR(conversion, folder + "conversion_out.npy");
  const nlohmann::json log = read_json(iterations);
  Given in = given(read_npy(pvalue), read_npy(sigma), read_npy(bids), log.at("trunc_values_hex"));
  const Npy money = read_npy(remaining);
  std::copy(money.values.begin(), money.values.end(), in.money.begin());

  for (const int num_threads : {1, 4}) {
    Threads threads(num_threads);
    Auction auction;
    EXPECT_EQ(auction.play(in.traffic, in.bids, in.truncation, in.draws, in.money, &threads),
              log.at("n_simulations").get<int>());
    const auto& passes = log.at("iterations");
    ASSERT_EQ(auction.pass_costs().size(), passes.size());
    for (size_t pass = 0; pass < passes.size(); ++pass) {
      for (size_t i = 0; i < kSeats; ++i) {
        const std::string expected = passes[pass].at("cost_hex").at(i).get<std::string>();
        EXPECT_EQ(auction.pass_costs()[pass][i], std::strtod(expected.c_str(), nullptr)) << pass << " " << i;
      }
    }
    const int64_t n = in.traffic.num_pv;
    const Npy expected_bids = read_npy(bids_out);
    for (int64_t pv = 0; pv < n; ++pv) {
      for (size_t i = 0; i < kSeats; ++i) ASSERT_EQ(auction.bid(pv, i), expected_bids.at(pv, static_cast<int64_t>(i)));
    }
    expect_by_seat(auction, n, read_npy(cost), [](const Impression& one, size_t s) { return one.price[s]; });
    expect_by_seat(auction, n, read_npy(exposed),
                   [](const Impression& one, size_t s) { return one.exposed[s] ? 1.0 : 0.0; });
    expect_by_seat(auction, n, read_npy(conversion),
                   [](const Impression& one, size_t s) { return one.converted[s] ? 1.0 : 0.0; });
    for (size_t i = 0; i < kSeats; ++i) EXPECT_LE(auction.outcome(i).cost, in.money[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, OfficialOverspending, ::testing::Values("small_pv2000_ep0_t20", "full_tick_ep0_t7"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace genbid::market::official
