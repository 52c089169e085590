#include "play/official_assets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"
#include "bidders/bidder_config.h"
#include "bidders/online_lp.h"
#include "data/csv_reader.h"
#include "golden.h"
#include "bidders/abid.h"
#include "npy.h"

namespace genbid::play {
namespace {

// AuctionNet's names.
const std::map<std::string, std::string> kFiles = {{"bc", "BC"},          {"iql", "IQL"},
                                                   {"cql", "CQL"},        {"td3_bc", "TD3_BC_30000"},
                                                   {"mopo", "MBRL_MOPO"}, {"combo", "MBRL_COMBO"}};

// Where the vectors come from, PyTorch sums in the order that we have, so that the bits are equal; its tanh is not
// ours, and differs in the last bit of a float. (Another BLAS library under it moves its alphas by 1e-6 relative, and
// up to 1e-4 where terms cancel: auctionnet.md 4.5. That is what its users can expect of each other.)
double tolerance(const std::string& agent, double expected) {
  return agent == "mopo" || agent == "combo" ? 2e-7 * std::abs(expected) : 0.0;
}

TEST(OfficialAssets, AgentsDecideAsTheOriginal) {
  GENBID_VECTOR(states_path, "official_agents/states_normalised.npy");
  const test::Npy states = test::read_npy(states_path);
  const std::vector<float> inputs(states.values.begin(), states.values.end());
  const OfficialAssets assets;
  ASSERT_EQ(bidders::official_agent_names().size(), kFiles.size());
  for (const std::string& name : bidders::official_agent_names()) {
    GENBID_VECTOR(path, "official_agents/alpha_" + kFiles.at(name) + ".npy");
    const std::vector<double> expected = test::read_npy(path).values;
    const std::vector<float> found = bidders::official_agent_alphas(*assets.official_agent(name), inputs);
    ASSERT_EQ(found.size(), 239U);
    ASSERT_EQ(expected.size(), found.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(found[i]), expected[i], tolerance(name, expected[i])) << name << ", state " << i;
    }
  }
}

// Alphas that AuctionNet's own bidders chose in an episode of its market.
TEST(OfficialAssets, AgentsDecideAsInAnEpisodeOfTheOriginal) {
  GENBID_VECTOR(states_path, "run_mixed_full/nn_state_normalised_agent_x_call.npy");
  GENBID_VECTOR(alphas_path, "run_mixed_full/nn_alpha_agent_x_call.npy");
  const test::Npy states = test::read_npy(states_path);
  const test::Npy alphas = test::read_npy(alphas_path);
  const std::vector<float> inputs(states.values.begin(), states.values.end());
  const OfficialAssets assets;
  const char* const even[] = {"", "iql", "td3_bc", "", "", "cql", "bc", "mopo"};
  const char* const odd[] = {"", "", "mopo", "", "", "td3_bc", "iql", "combo"};
  int num_decisions = 0;
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    // By pointer: GCC 12's -fsanitize=undefined miscompiles the index of a chosen array.
    const char* const* const agents = seat / 8 % 2 == 0 ? even : odd;
    const std::string name = agents[seat % 8];
    if (name.empty()) continue;
    const auto found =
        bidders::official_agent_alphas(*assets.official_agent(name), std::span(inputs).subspan(seat * 768, 768));
    for (size_t call = 0; call < kTicksPerPeriod; ++call) {
      const double expected = alphas.values[seat * kTicksPerPeriod + call];
      if (std::isnan(expected)) continue;  // out of money
      ++num_decisions;
      EXPECT_NEAR(static_cast<double>(found[call]), expected, tolerance(name, expected))
          << name << ", seat " << seat << ", call " << call;
    }
  }
  EXPECT_GT(num_decisions, 1000);
}

TEST(OfficialAssets, TablesHoldTheCategoriesThatSeatsOfThePopulationRead) {
  const OfficialAssets assets;
  using Categories = std::vector<int>;
  EXPECT_EQ(assets.online_lp_table("episode-0")->categories(), (Categories{0}));
  EXPECT_EQ(assets.online_lp_table("episode-3")->categories(), (Categories{2, 3}));
  EXPECT_EQ(assets.online_lp_table("episode-6")->categories(), (Categories{5}));
  const auto own = assets.online_lp_table("own_category");
  EXPECT_EQ(own->categories(), (Categories{0, 1, 2, 3, 4, 5}));
  for (int category = 0; category < 6; ++category) {
    const auto table = assets.online_lp_table("episode-" + std::to_string(category));
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      EXPECT_EQ(own->rows(category, tick).cum_cost, table->rows(category, tick).cum_cost);
      EXPECT_FALSE(own->rows(category, tick).real_cpa.empty());
    }
  }
}

TEST(OfficialAssets, ATableOrPolicyIsReadOnce) {
  const OfficialAssets assets;
  EXPECT_EQ(assets.online_lp_table("episode-1"), assets.online_lp_table("episode-1"));
  EXPECT_EQ(assets.official_agent("bc"), assets.official_agent("bc"));
}

std::string error_of(const std::string& table) {
  try {
    OfficialAssets().online_lp_table(table);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(OfficialAssets, UnknownNamesListTheKnown) {
  EXPECT_EQ(error_of("episode-7"),
            "table: found 'episode-7', expected episode-0 to episode-6, own_category, or the path of a CSV file");
  EXPECT_THROW(OfficialAssets().official_agent("bcq"), Error);
}

class OnlineLpFile : public testing::Test {
 protected:
  std::string put(const std::string& text) const {
    std::ofstream(folder_.path("table.csv"), std::ios::binary)
        << "deliveryPeriodIndex,advertiserCategoryIndex,realCPA,cum_cost,timeStepIndex\n"
        << text;
    return folder_.path("table.csv");
  }
  test::TemporaryFolder folder_;
};

TEST_F(OnlineLpFile, IsReadInFileOrder) {
  const auto table = OfficialAssets().online_lp_table(
      put("0.0,1.0,20.5,10.25,0.0\n0.0,1.0,30.5,20.25,0.0\n0,1,7,11,47\n0,3,9,12,47\n"));
  EXPECT_EQ(table->categories(), (std::vector<int>{1, 3}));
  EXPECT_EQ(table->rows(1, 0).real_cpa, (std::vector<double>{20.5, 30.5}));
  EXPECT_EQ(table->rows(1, 0).cum_cost, (std::vector<double>{10.25, 20.25}));
  EXPECT_EQ(table->alpha(1, 47, 10.0, 100.0), 7.0);
  EXPECT_EQ(table->alpha(3, 47, 10.0, 100.0), 9.0);
}

TEST_F(OnlineLpFile, IsReadAsItWasWritten) {
  bidders::OnlineLpTable table("t");
  table.set(2, 0, {1.0 / 3.0, 0.5}, {10.125, 1e-5 + 20.0});
  table.set(2, 47, {7.0}, {12.5});
  write_online_lp_table(table, 3, folder_.path("written.csv"));
  const auto read = read_online_lp_table(folder_.path("written.csv"));
  EXPECT_EQ(read->categories(), (std::vector<int>{2}));
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    EXPECT_EQ(read->rows(2, tick).real_cpa, table.rows(2, tick).real_cpa);
    EXPECT_EQ(read->rows(2, tick).cum_cost, table.rows(2, tick).cum_cost);
  }
  EXPECT_EQ(read_file(folder_.path("written.csv")).substr(0, 101),
            "deliveryPeriodIndex,advertiserCategoryIndex,realCPA,cum_cost,timeStepIndex\n3,2,0.3333333333333333,10.");
}

TEST_F(OnlineLpFile, MustAscend) {
  const std::string path = put("0,1,20,10,5\n0,1,30,9,5\n");
  EXPECT_EQ(error_of(path),
            path + ":3: column 'cum_cost': found '9', expected rows with ascending cum_cost, so at least 10");
  EXPECT_NE(error_of(put("0,1,20,10,96\n")).find(":2: column 'timeStepIndex'"), std::string::npos);
  EXPECT_NE(error_of(put("0,1,20,,4\n")).find(":2: column 'cum_cost': found '', expected a number"), std::string::npos);
  EXPECT_NE(error_of(put("0,1,nan,5,4\n")).find(":2: column 'realCPA': found 'nan', expected a number"),
            std::string::npos);
}

TEST_F(OnlineLpFile, ATickThatComesTwiceNamesItsLine) {
  const std::string path = put("0,1,20,10,0\n0,1,30,20,0\n0,1,20,10,1\n1,1,25,30,0\n");
  EXPECT_EQ(error_of(path), path +
                                ":5: found category 1, tick 0 again, expected its rows one behind the other: the table "
                                "of one period");
}

TEST_F(OnlineLpFile, OfOtherDaysPlaysThem) {
  std::string rows;
  for (int tick = 0; tick < 96; ++tick)
    rows += "0,0," + std::to_string(50 + tick) + ",1000," + std::to_string(tick) + "\n";
  const bidders::OnlineLpOptions config{.table = put(rows)};
  const auto bidder = bidders::make_bidder(config, {BiddingRules::kCorrected, OfficialAssets(), 96});
  const Advertiser advertiser{.budget = 1000.0, .cpa_limit = 100.0, .category = 0};
  SeatView row;
  row.advertiser = &advertiser;
  row.num_ticks = 96;
  row.now.tick = 95;
  row.now.remaining_budget = 10.0;
  BidFormula bid;
  bidder->reset({&row, 1});
  bidder->bid({&row, 1}, {&bid, 1});
  EXPECT_EQ(bid.value, 145.0);
}

struct SeatTickLog {
  double remaining_budget = 0.0;
  double sum_bid = 0.0;
  double mean_bid = 0.0;
  double cost = 0.0;
};

// By tick and seat.
std::map<std::pair<int, int>, SeatTickLog> read_run(const std::string& path) {
  enum : size_t { kTick, kAgent, kRemaining, kSumBid, kMeanBid, kCost };
  data::CsvFile file(path);
  const data::CsvColumns columns(file,
                                 {"tick", "agent", "remaining_before", "sum_bid_final", "mean_bid_final", "cost"});
  std::map<std::pair<int, int>, SeatTickLog> run;
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows row(block, columns);
    while (row.next()) {
      run[{static_cast<int>(row.whole(kTick, 0, 47)), static_cast<int>(row.whole(kAgent, 0, 47))}] = {
          row.number(kRemaining), row.number(kSumBid), row.number(kMeanBid), row.number(kCost)};
    }
  }
  return run;
}

// An episode of the original with a table of its own for all of OnlineLP's seats. Its log has sums of bids; the sum
// of p-values turns them into alphas.
TEST(OnlineLp, BidsAsTheOriginalInAnEpisode) {
  GENBID_VECTOR(run_path, "run_mixed_full/per_tick_agent.csv");
  GENBID_VECTOR(table_path, "run_mixed_full/onlinelp_period.csv");
  GENBID_VECTOR(sums_path, "traffic/ep0_pv_colsum_48ticks_x48agents.npy");
  const auto run = read_run(run_path);
  const test::Npy sums = test::read_npy(sums_path);
  const auto bidder = bidders::make_online_lp(OfficialAssets().online_lp_table(table_path));
  int num_compared = 0;
  for (const auto& [place, log] : run) {
    const auto [tick, seat] = place;
    if (seat % 8 != 3 && seat % 8 != 4) continue;
    // Who is short of money loses bids after choosing its alpha.
    if (log.remaining_budget < kMinRemainingBudget || log.cost > 0.5 * log.remaining_budget) continue;
    const Advertiser advertiser = official_advertiser(seat);
    SeatView row;
    row.seat = seat;
    row.advertiser = &advertiser;
    row.now.tick = tick;
    row.now.remaining_budget = log.remaining_budget;
    BidFormula bid;
    bidder->reset({&row, 1});
    bidder->bid({&row, 1}, {&bid, 1});
    const double alpha = log.sum_bid / sums.at(tick, seat);
    EXPECT_NEAR(bid.value, alpha, 1e-9 * alpha) << "tick " << tick << " seat " << seat;
    ++num_compared;
  }
  EXPECT_GT(num_compared, 400);
}

// ABid sits where the population has BCQ in that episode. All its p-values are known in tick 7.
TEST(Abid, BidsAsTheOriginalInATick) {
  GENBID_VECTOR(run_path, "run_mixed_full/per_tick_agent.csv");
  GENBID_VECTOR(values_path, "traffic/ep0_tick7_pv_full.npy");
  const auto run = read_run(run_path);
  const test::Npy values = test::read_npy(values_path);
  const int64_t num_pv = values.shape[0];
  for (const int seat : {9, 25, 41}) {
    const SeatTickLog& log = run.at({7, seat});
    double sum = 0.0;
    double sum_of_squares = 0.0;
    for (int64_t pv = 0; pv < num_pv; ++pv) {
      sum += values.at(pv, seat);
      sum_of_squares += values.at(pv, seat) * values.at(pv, seat);
    }
    const Advertiser advertiser = official_advertiser(seat);
    SeatView row;
    row.advertiser = &advertiser;
    row.now.mean_pvalue = sum / static_cast<double>(num_pv);
    BidFormula bid;
    bidders::make_abid()->bid({&row, 1}, {&bid, 1});
    ASSERT_LT(log.cost, 0.5 * log.remaining_budget);
    EXPECT_NEAR(bid.value_squared * sum_of_squares, log.sum_bid, 1e-9 * log.sum_bid) << "seat " << seat;
  }
}

}  // namespace
}  // namespace genbid::play
