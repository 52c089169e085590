#include "replay/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "bidding/mean_score.h"
#include "bidding/score.h"
#include "data/hdf5_file.h"
#include "data/ingest.h"
#include "golden.h"
#include "market/official/replay_vectors.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "npy.h"
#include "replay/replay_hindsight.h"
#include "data/log_ticks.h"

namespace genbid::replay {
namespace {

// Bids as AuctionNet's plain player does.
std::unique_ptr<Bidder> cpa_bidder() { return bidders::make_fixed_alpha(0.0, 1.0); }

std::vector<ReplayCell> replay_one(const ReplayConfig& config, Bidder& bidder, int num_threads = 1) {
  Threads threads(num_threads);
  Bidder* list[] = {&bidder};
  return replay(config, list, threads)->front();
}

std::string error_of(const ReplayConfig& config) {
  try {
    replay_one(config, *cpa_bidder());
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string market_log_of(const std::string& raw_log, const test::TemporaryFolder& folder,
                          const std::string& precision = "float64") {
  data::IngestConfig config;
  config.input = {raw_log};
  config.output.clear();
  config.output_market_log = folder.path("log-" + precision + ".h5");
  config.settings.market_log.precision = precision;
  EXPECT_TRUE(data::ingest(config).has_value());
  return config.output_market_log;
}

// The same rows, the last first.
std::string reversed(const std::string& raw_log, const test::TemporaryFolder& folder) {
  std::ifstream in(raw_log);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::ofstream out(folder.path("reversed.csv"));
  out << lines.front() << "\n";
  for (size_t i = lines.size(); i-- > 1;) out << lines[i] << "\n";
  return folder.path("reversed.csv");
}

void expect_total(const ReplayCell& cell, const test::ReplayRun& run) {
  EXPECT_EQ(cell.conversions, run.reward);
  EXPECT_EQ(cell.cost, run.cost);
  EXPECT_EQ(cell.score, run.score);
  EXPECT_EQ(cell.score_of_expectation, score(cell.expected_conversions, cell.cost, cell.campaign.cpa_limit));
  int64_t num_pv = 0;
  int64_t wins = 0;
  for (const test::ReplayCall& call : run.calls) {
    num_pv += call.num_pv;
    wins += call.num_wins;
  }
  EXPECT_EQ(cell.num_pv, num_pv);
  EXPECT_EQ(cell.wins, wins);
}

ReplayConfig official_config(const std::string& log, double cpa, double budget) {
  ReplayConfig config;
  config.rules = "official";
  config.log = {log};
  config.periods.values = {0};
  config.cpa = cpa;
  config.budget = budget;
  return config;
}

const std::string kScaledLog = "tests/golden/offline_eval/scaled_log_2adv.csv";

TEST(OfficialReplay, PublishedRunsOfARawLog) {
  for (const auto& [name, cpa, budget] :
       {std::tuple("scaled_cpa0.2_budget20", 0.2, 20.0), std::tuple("scaled_cpa0.3_budget1", 0.3, 1.0)}) {
    SCOPED_TRACE(name);
    const auto run = test::read_replay_run("tests/golden/offline_eval/" + std::string(name) + ".json");
    const auto cells = replay_one(official_config(kScaledLog, cpa, budget), *cpa_bidder());
    ASSERT_EQ(cells.size(), 1U);
    EXPECT_EQ(cells[0].advertiser, 0);
    expect_total(cells[0], run);
  }
}

TEST(OfficialReplay, AMarketLogGivesTheSame) {
  const test::TemporaryFolder folder;
  const std::string log = market_log_of(kScaledLog, folder);
  const auto run = test::read_replay_run("tests/golden/offline_eval/scaled_cpa0.2_budget20.json");
  expect_total(replay_one(official_config(log, 0.2, 20.0), *cpa_bidder())[0], run);
}

// 94,848 rows of 48 advertisers: the order that pandas' sort leaves them in, and the numbers that it reads.
TEST(OfficialReplay, ReadsAWholeLogAsTheOriginalDoes) {
  GENBID_VECTOR(raw_log, "run_pid_small/data/log/0.csv");
  const test::TemporaryFolder folder;
  for (const std::string& log : {raw_log, market_log_of(raw_log, folder)}) {
    SCOPED_TRACE(log);
    OfficialDays days({});
    Threads threads(1);
    ASSERT_TRUE(data::read_replay_log(
        {{log}, {0}, true}, threads, [&](const data::LoggedTick& tick) { days.add(tick); }, [] {}));
    const std::vector<OfficialDay> read = days.finish();
    ASSERT_EQ(read.size(), 1U);
    std::vector<int64_t> counts;
    OfficialDay::Tick all;
    for (const OfficialDay::Tick& tick : read[0].ticks) {
      counts.push_back(static_cast<int64_t>(tick.pvalue.size()));
      const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
      append(all.pvalue, tick.pvalue);
      append(all.sigma, tick.sigma);
      append(all.least_winning_cost, tick.least_winning_cost);
      append(all.source_row, tick.source_row);
    }
    const std::string golden = "tests/golden/offline_eval/key0_";
    EXPECT_EQ(counts, test::npy_integers(golden + "counts.npy"));
    EXPECT_EQ(all.source_row, test::npy_integers(golden + "row_index_order.npy"));
    EXPECT_EQ(all.pvalue, test::read_npy(golden + "pvalue_concat.npy").values);
    EXPECT_EQ(all.sigma, test::read_npy(golden + "sigma_concat.npy").values);
    EXPECT_EQ(all.least_winning_cost, test::read_npy(golden + "lwc_concat.npy").values);

    const auto run = test::read_replay_run("tests/golden/offline_eval/player_cpa60_budget8.json");
    expect_total(replay_one(official_config(log, 60.0, 8.0), *cpa_bidder())[0], run);
  }
}

// A market log remembers in which order the rows came.
TEST(OfficialReplay, TheOrderOfTheFileCounts) {
  const test::TemporaryFolder folder;
  const std::string raw = reversed(kScaledLog, folder);
  const auto from_text = replay_one(official_config(raw, 0.2, 20.0), *cpa_bidder());
  const auto from_log = replay_one(official_config(market_log_of(raw, folder), 0.2, 20.0), *cpa_bidder());
  const auto in_order = replay_one(official_config(kScaledLog, 0.2, 20.0), *cpa_bidder());
  EXPECT_EQ(from_text[0].conversions, from_log[0].conversions);
  EXPECT_EQ(from_text[0].cost, from_log[0].cost);
  EXPECT_NE(from_text[0].conversions, in_order[0].conversions);
}

TEST(OfficialReplay, DefaultsOfTheProtocol) {
  const auto cells = replay_one(official_config(kScaledLog, 0.0, 0.0), *cpa_bidder());
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].campaign.budget, 100.0);
  EXPECT_EQ(cells[0].campaign.cpa_limit, 2.0);
}

// The official PID keeps its state from period to period of a market, and begins with 100 in its books; every replay is
// a run of its own.
TEST(OfficialReplay, NobodyRemembersTheLastReplay) {
  const auto pid = bidders::make_pid(BiddingRules::kOfficial);
  const auto first = replay_one(official_config(kScaledLog, 0.0, 20.0), *pid);
  const auto second = replay_one(official_config(kScaledLog, 0.0, 20.0), *pid);
  EXPECT_EQ(first[0].cost, second[0].cost);
  EXPECT_GT(first[0].wins, 0);
}

TEST(OfficialReplay, RefusesFloat32) {
  const test::TemporaryFolder folder;
  const std::string log = market_log_of(kScaledLog, folder, "float32");
  EXPECT_TRUE(contains(error_of(official_config(log, 0.2, 20.0)), "expected float64"));
}

ReplayConfig corrected_config(const std::string& log) {
  ReplayConfig config;
  config.log = {log};
  config.periods.values = {0};
  return config;
}

// Budgets and limits of the log; alpha as high as its limit wins everything until the money is gone.
TEST(CorrectedReplay, EachAdvertiserHasItsOwnBudgetAndLimit) {
  const auto cells = replay_one(corrected_config(kScaledLog), *cpa_bidder());
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0].advertiser, 0);
  EXPECT_EQ(cells[0].campaign.budget, 11.6);
  EXPECT_EQ(cells[0].campaign.cpa_limit, 100.0);
  EXPECT_EQ(cells[1].advertiser, 1);
  EXPECT_EQ(cells[1].campaign.budget, 17.400000000000002);
  EXPECT_EQ(cells[1].campaign.cpa_limit, 70.0);
  for (const ReplayCell& cell : cells) {
    EXPECT_LE(cell.cost, cell.campaign.budget);
    EXPECT_GT(cell.expected_conversions, 1.0);
    // Every conversion is one draw: the sum of their variances is below the sum of p-values.
    EXPECT_NEAR(cell.conversions, cell.expected_conversions, 4.0 * std::sqrt(cell.expected_conversions));
    EXPECT_EQ(cell.num_pv, 1976);
    EXPECT_GE(cell.last_active_tick, 0);
  }
}

TEST(CorrectedReplay, RawAndMarketLogsOfEitherPrecisionAgree) {
  const test::TemporaryFolder folder;
  const auto raw = replay_one(corrected_config(kScaledLog), *cpa_bidder());
  const auto exact = replay_one(corrected_config(market_log_of(kScaledLog, folder)), *cpa_bidder());
  const auto compact = replay_one(corrected_config(market_log_of(kScaledLog, folder, "float32")), *cpa_bidder());
  const auto shuffled = replay_one(corrected_config(reversed(kScaledLog, folder)), *cpa_bidder());
  for (size_t i = 0; i < raw.size(); ++i) {
    EXPECT_EQ(raw[i].cost, exact[i].cost);
    EXPECT_EQ(raw[i].conversions, exact[i].conversions);
    EXPECT_EQ(raw[i].expected_score, exact[i].expected_score);
    EXPECT_EQ(raw[i].cost, shuffled[i].cost);
    EXPECT_EQ(raw[i].expected_score, shuffled[i].expected_score);
    EXPECT_NEAR(raw[i].expected_score, compact[i].expected_score, 1e-4 * raw[i].expected_score);
  }
}

bool same(const ReplayCell& a, const ReplayCell& b) {
  return a.cost == b.cost && a.conversions == b.conversions && a.expected_conversions == b.expected_conversions &&
         a.wins == b.wins && a.advertiser == b.advertiser;
}

TEST(CorrectedReplay, NeitherThreadsNorCompanyChangeAResult) {
  const auto alone = replay_one(corrected_config(kScaledLog), *cpa_bidder(), 1);
  const auto threaded = replay_one(corrected_config(kScaledLog), *cpa_bidder(), 3);
  const auto pid = bidders::make_pid(BiddingRules::kCorrected);
  const auto bidder = cpa_bidder();
  Bidder* both[] = {pid.get(), bidder.get()};
  Threads threads(2);
  const auto together = *replay(corrected_config(kScaledLog), both, threads);
  ReplayConfig second_alone = corrected_config(kScaledLog);
  second_alone.advertisers.values = {1};
  const auto second = replay_one(second_alone, *cpa_bidder());
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_TRUE(same(alone[i], threaded[i]));
    EXPECT_TRUE(same(alone[i], together[1][i]));
    EXPECT_FALSE(same(alone[i], together[0][i]));
  }
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(same(second[0], alone[1]));
}

TEST(CorrectedReplay, TheSeedDrawsTheConversions) {
  ReplayConfig config = corrected_config(kScaledLog);
  const auto first = replay_one(config, *cpa_bidder());
  config.seed = 2;
  const auto second = replay_one(config, *cpa_bidder());
  EXPECT_EQ(first[0].expected_score, second[0].expected_score);
  EXPECT_NE(first[0].conversions + 1000 * first[1].conversions, second[0].conversions + 1000 * second[1].conversions);
}

// What a bidder sees: the tick's count and mean p-value before it, the last tick's outcome after it.
class Witness : public Bidder {
 public:
  void reset(std::span<const SeatView> rows) override { num_rows = rows.size(); }
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      views.push_back(rows[i]);
      lasts.push_back(rows[i].last != nullptr ? *rows[i].last : TickOutcome{});
      spent.push_back(rows[i].history->cost());
      bids[i] = {1.0, 0.0};
    }
  }
  size_t num_rows = 0;
  std::vector<SeatView> views;
  std::vector<TickOutcome> lasts;
  std::vector<double> spent;
};

// A campaign of one advertiser as data/README.md writes it with pandas: two impressions in tick 0, one in tick 1, no
// budget, no limit.
std::string own_campaign(const test::TemporaryFolder& folder) {
  const std::string path = folder.path("campaign.h5");
  data::Hdf5File log = data::Hdf5File::create(path);
  log.write_attribute("format", "genbid-market-log");
  log.write_attribute("version", 1);
  log.write_attribute("ticks", kTicksPerPeriod);
  log.write_attribute("seats", 1);
  log.create_group("/period-5");
  std::vector<int64_t> tick_first(kTicksPerPeriod + 1, 3);
  tick_first[0] = 0;
  tick_first[1] = 2;
  const auto write = [&](const std::string& name, const auto& values) {
    using Value = typename std::decay_t<decltype(values)>::value_type;
    log.create_dataset("/period-5/" + name, data::kHdf5TypeOf<Value>, {static_cast<int64_t>(values.size())});
    log.write_rows("/period-5/" + name, 0, std::span<const Value>(values));
  };
  write("tick_first", tick_first);
  write("pvalue", std::vector<double>{0.5, 0.25, 0.5});
  write("least_winning_cost", std::vector<double>{0.5, 0.5, 0.46875});
  log.close();
  return path;
}

ReplayConfig campaign_config(const test::TemporaryFolder& folder, double budget, double cpa) {
  ReplayConfig config = corrected_config(own_campaign(folder));
  config.periods.values = {5};
  config.budget = budget;
  config.cpa = cpa;
  return config;
}

TEST(CorrectedReplay, OwnCampaign) {
  const test::TemporaryFolder folder;
  Witness witness;  // bids 1 x value
  const auto cells = replay_one(campaign_config(folder, 1.0, 2.0), witness);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].advertiser, 0);
  EXPECT_EQ(cells[0].wins, 2);
  EXPECT_EQ(cells[0].cost, 0.96875);
  EXPECT_EQ(cells[0].expected_conversions, 1.0);
  EXPECT_EQ(cells[0].last_active_tick, 1);
  ASSERT_EQ(witness.views.size(), 48U);
  EXPECT_EQ(witness.views[0].now.num_pv, 2);
  EXPECT_EQ(witness.views[0].now.mean_pvalue, 0.375);
  EXPECT_EQ(witness.views[0].now.remaining_budget, 1.0);
  EXPECT_EQ(witness.views[0].last, nullptr);
  EXPECT_EQ(witness.views[0].period, 5);
  EXPECT_EQ(witness.views[0].seat, 0);
  EXPECT_EQ(witness.lasts[1].cost, 0.5);
  EXPECT_EQ(witness.lasts[1].mean_least_winning_cost, 0.5);
  EXPECT_EQ(witness.views[1].now.remaining_budget, 0.5);
  EXPECT_EQ(witness.spent[2], 0.96875);
  EXPECT_FALSE(witness.views[2].may_bid);  // 0.03125 left
}

// Prices of a unit of value: 1, 2 and 0.9375. With money for both cheap ones and no limit in the way, the best is to
// buy them, 1.0 for 0.96875; with half of it, the cheapest and a sixteenth of the next: 0.5 + 0.03125. With a limit of
// 0.25 it is best to buy both cheap ones, though 3.875 conversions would have to come of 1 that is expected.
TEST(CorrectedReplay, KnowsWhatWasPossible) {
  const test::TemporaryFolder folder;
  Witness witness;
  EXPECT_NEAR(replay_one(campaign_config(folder, 1.0, 2.0), witness)[0].optimum, 1.0 + 0.25 * 0.0625, 1e-6);
  EXPECT_NEAR(replay_one(campaign_config(folder, 0.5, 2.0), witness)[0].optimum, 0.53125, 1e-6);
  EXPECT_NEAR(replay_one(campaign_config(folder, 0.96875, 0.25), witness)[0].optimum,
              test::poisson_mean_score(1.0, 0.96875, 0.25), 1e-6);
}

// Whoever bids: the optimum is a bound, but for single impressions that the money ends in.
TEST(CorrectedReplay, NobodyBeatsWhatWasPossible) {
  ReplayConfig config = corrected_config(kScaledLog);
  for (const double ratio : {0.25, 0.5, 1.0, 2.0, 8.0}) {
    for (const ReplayCell& cell : replay_one(config, *bidders::make_fixed_alpha(0.0, ratio))) {
      EXPECT_LE(cell.expected_score, cell.optimum * (1.0 + 1e-3)) << cell.advertiser << " " << ratio;
    }
  }
}

// A p-value of 0.5 won for 0.5: if it converts, at twice the limit.
TEST(CorrectedReplay, ACpaAboveTheLimitLowersTheScore) {
  const test::TemporaryFolder folder;
  Witness witness;
  const auto cells = replay_one(campaign_config(folder, 0.75, 0.25), witness);
  EXPECT_EQ(cells[0].wins, 1);
  EXPECT_NEAR(cells[0].expected_score, 0.5 / 4.0, 1e-9);
  EXPECT_NEAR(cells[0].score_of_expectation, 0.5 / 16.0, 1e-9);
}

TEST(CorrectedReplay, GivenBudgetAndLimitReplaceThoseOfTheLog) {
  ReplayConfig config = corrected_config(kScaledLog);
  config.budget = 0.75;
  config.cpa = 0.25;
  for (const ReplayCell& cell : replay_one(config, *cpa_bidder())) {
    EXPECT_EQ(cell.campaign.budget, 0.75);
    EXPECT_EQ(cell.campaign.cpa_limit, 0.25);
  }
}

// The scaled log with the first impression's values of these names replaced.
std::string changed(const test::TemporaryFolder& folder, const std::string& pvalue, const std::string& price) {
  std::ifstream in(kScaledLog);
  const std::string path = folder.path("changed.csv");
  std::ofstream out(path);
  int number = 0;
  for (std::string line; std::getline(in, line); ++number) {
    std::vector<std::string> fields;
    std::stringstream text(line);
    for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
    if (number == 1 || number == 2) {
      fields[8] = pvalue;
      fields[16] = price;
    }
    for (size_t i = 0; i < fields.size(); ++i) out << (i > 0 ? "," : "") << fields[i];
    out << "\n";
  }
  return path;
}

// A missing p-value is 0; a missing price the fourth bid, which two bidders do not have, so the least price.
TEST(CorrectedReplay, MissingValuesCountAsInMarketLogs) {
  const test::TemporaryFolder folder;
  const auto missing_value = replay_one(corrected_config(changed(folder, "", "0.03")), *cpa_bidder());
  const auto zero_value = replay_one(corrected_config(changed(folder, "0.0", "0.03")), *cpa_bidder());
  const auto missing_price = replay_one(corrected_config(changed(folder, "0.2", "")), *cpa_bidder());
  const auto least_price = replay_one(corrected_config(changed(folder, "0.2", "0.0001")), *cpa_bidder());
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(same(missing_value[i], zero_value[i]));
    EXPECT_TRUE(same(missing_price[i], least_price[i]));
    EXPECT_FALSE(same(missing_price[i], missing_value[i]));
  }
}

TEST(OfficialReplay, RefusesMissingValues) {
  const test::TemporaryFolder folder;
  const std::string error = error_of(official_config(changed(folder, "", "0.03"), 0.2, 20.0));
  EXPECT_TRUE(contains(error, "period 0, tick 0 of the log: found 2 missing values, expected none")) << error;
}

TEST(Replay, Errors) {
  const test::TemporaryFolder folder;
  ReplayConfig config = corrected_config(kScaledLog);
  config.periods.values = {7};
  EXPECT_TRUE(contains(error_of(config), "scaled_log_2adv.csv: no period 7")) << error_of(config);
  config = corrected_config(kScaledLog);
  config.advertisers.values = {5};
  EXPECT_TRUE(contains(error_of(config), "no advertiser 5 (found 2, 0 to 1)")) << error_of(config);
  config = campaign_config(folder, 0.0, 2.0);
  EXPECT_TRUE(contains(error_of(config), "replay.budget: found none, and period 5 of the log")) << error_of(config);
  config = campaign_config(folder, 1.0, 0.0);
  EXPECT_TRUE(contains(error_of(config), "replay.cpa: found none, and period 5 of the log")) << error_of(config);
  config.log.push_back(kScaledLog);
  EXPECT_TRUE(contains(error_of(config), "found a market log among 2 files")) << error_of(config);
  config = campaign_config(folder, 1.0, 2.0);
  config.rules = "official";
  EXPECT_TRUE(contains(error_of(config), "found no impressions")) << error_of(config);
}

class ReplayCurrency : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Scales, ReplayCurrency, testing::Values(1e-6, 1e-3, 50.0, 1e3, 1e6));

// Cheapest value first, the last impression in part.
TEST_P(ReplayCurrency, OptimumIsThatOfTheLogInAnyOther) {
  const double scale = GetParam();
  std::vector<double> values, prices;
  std::vector<std::pair<double, double>> offers;  // price of value, value
  for (int i = 0; i < 500; ++i) {
    values.push_back(0.0002 + 0.001 * ((i * 37) % 101) / 101.0);
    prices.push_back(scale * (0.01 + 0.2 * ((i * 53) % 97) / 97.0));
    offers.emplace_back(prices.back() / values.back(), values.back());
  }
  std::sort(offers.begin(), offers.end());
  const double budget = scale * 5.0;
  double money = budget, expected = 0.0;
  for (const auto& [price, value] : offers) {
    const double part = std::min(1.0, money / (price * value));
    expected += part * value;
    money -= part * price * value;
  }
  ReplayHindsight hindsight({{budget, scale * 1e4, 0}});
  for (size_t first = 0; first < values.size(); first += 100) {
    hindsight.begin_tick(std::span(prices).subspan(first, 100));
    hindsight.add(0, std::span(values).subspan(first, 100));
  }
  EXPECT_NEAR(hindsight.optimum(0).score / expected, 1.0, 1e-3);
}

}  // namespace
}  // namespace genbid::replay
