#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "bidders/abid.h"
#include "bidders/bidder_config.h"
#include "bidders/online_lp.h"
#include "golden.h"
#include "golden_ticks.h"
#include "npy.h"
#include "play/official_assets.h"
#include "play/simulate.h"

// Whole runs of the official simulator at full size, number by number.
namespace genbid::play {
namespace {

using test::TemporaryFolder;
using test::TextTable;

// A number of the official result and the column of periods.csv that it is.
struct Metric {
  const char* theirs;
  const char* ours;
};
constexpr Metric kMetrics[] = {
    {"cpaConstraint", "cpa"},
    {"budget", "budget"},
    {"reward", "conversions"},
    {"allCost", "cost"},
    {"cpa", "realised_cpa"},
    {"targetValue", "target_cost"},
    {"allCompetePv", "num_pv"},
    {"allWinPv", "num_exposed"},
    {"win_pv_ratio", "exposed_share"},
    {"budget_consumer_ratio", "budget_use"},
    {"second_price_ratio", "second_price_ratio"},
    {"cpa_exceedance_Rate", "cpa_exceedance"},
    {"last_compete_tick_index", "last_active_tick"},
    {"bidMean", "mean_bid"},
    {"score", "score"},
};

// Two periods of periods.csv against what run_test returned of them: the periods' own numbers and those of both.
void expect_result(const TextTable& periods, const std::string& path) {
  const nlohmann::json result = nlohmann::json::parse(read_file(path));
  const auto seat = result.at("playerindex").get<size_t>();
  const nlohmann::json& raw = result.at("rawData");
  for (const Metric& metric : kMetrics) {
    double sum = 0.0;
    for (size_t period = 0; period < raw.size(); ++period) {
      const double ours = periods.number(period * kNumSeats + seat, metric.ours);
      EXPECT_EQ(ours, raw[period].at(metric.theirs).get<double>()) << metric.theirs << ", period " << period;
      sum += ours;
    }
    const std::string name = metric.theirs;
    const double both = name == "reward" ? sum : name == "score" ? sum / 20000.0 : sum / 2.0;
    EXPECT_EQ(both, result.at(name).get<double>()) << name;
  }
}

TEST(OfficialRun, FullPidRunHasEveryNumberOfTheOriginal) {
  GENBID_VECTOR(golden, "run_pid_full/per_tick_agent.csv");
  GENBID_VECTOR(result_0, "run_pid_full/result_player0.json");
  GENBID_VECTOR(result_1, "run_pid_full/result_player1.json");
  const TemporaryFolder folder;
  for (const int threads : {1, 2, 4}) {
    SimulateConfig config;
    config.market.rules = "official";
    config.market.periods.values = {0, 1};
    config.output.dir = folder.path(std::to_string(threads));
    config.threads = threads;
    ASSERT_TRUE(simulate(config));
    for (const std::string name : {"/ticks.csv", "/periods.csv"}) {
      EXPECT_TRUE(read_file(config.output.dir + name) == read_file(folder.path("1") + name)) << threads << name;
    }
  }
  test::expect_golden_ticks(test::read_table(folder.path("1/ticks.csv")), test::read_table(golden));
  const TextTable periods = test::read_table(folder.path("1/periods.csv"));
  expect_result(periods, result_0);
  expect_result(periods, result_1);
}

// As pandas reads a number, which is not always the nearest double: 17 digits, then one product with or quotient by a
// power of ten.
double pandas_number(const std::string& text) {
  double number = 0.0;
  int num_digits = 0;
  int exponent = 0;
  bool point = false;
  size_t i = 0;
  for (; i < text.size() && text[i] != 'e'; ++i) {
    if (text[i] == '.') {
      point = true;
    } else if (num_digits < 17) {
      number = number * 10.0 + (text[i] - '0');
      ++num_digits;
      exponent -= point ? 1 : 0;
    } else {
      exponent += point ? 0 : 1;
    }
  }
  if (i < text.size()) exponent += std::atoi(text.c_str() + i + 1);
  const double power = std::strtod(("1e" + std::to_string(std::abs(exponent))).c_str(), nullptr);
  return exponent > 0 ? number * power : number / power;
}

// The table with the numbers that the original read.
void write_as_pandas_read_it(const std::string& from, const std::string& to) {
  const TextTable table = test::read_table(from);
  std::string text = "advertiserCategoryIndex,realCPA,cum_cost,timeStepIndex\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    text += table.text(row, "advertiserCategoryIndex") + "," + shortest(pandas_number(table.text(row, "realCPA"))) +
            "," + shortest(pandas_number(table.text(row, "cum_cost"))) + "," + table.text(row, "timeStepIndex") + "\n";
  }
  write_file(to, text);
}

// Bids what was written down: [seat][tick], not a number where the seat was not asked.
class Recorded : public Bidder {
 public:
  explicit Recorded(test::Npy alphas) : alphas_(std::move(alphas)) {}
  void reset(std::span<const SeatView>) override {}
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].may_bid) continue;
      const double alpha = alphas_.at(rows[i].seat, rows[i].now.tick);
      EXPECT_FALSE(std::isnan(alpha)) << "seat " << rows[i].seat << ", tick " << rows[i].now.tick;
      bids[i].value = alpha;
    }
  }

 private:
  test::Npy alphas_;
};

TEST(OfficialRun, FullRunOfThePopulationWithItsRecordedAlphasHasEveryNumber) {
  GENBID_VECTOR(golden, "run_mixed_full/per_tick_agent.csv");
  GENBID_VECTOR(who, "run_mixed_full/agents.json");
  GENBID_VECTOR(alphas, "run_mixed_full/nn_alpha_agent_x_call.npy");
  GENBID_VECTOR(original_table, "run_mixed_full/onlinelp_period.csv");
  const TemporaryFolder folder;
  const std::string table = folder.path("table.csv");
  write_as_pandas_read_it(original_table, table);
  const nlohmann::json agents = nlohmann::json::parse(read_file(who)).at("agents");
  ASSERT_EQ(agents.size(), static_cast<size_t>(kNumSeats));
  const Population population = load_population("official");
  const OfficialAssets assets;
  market::MarketConfig config;
  config.rules = "official";
  std::string first;
  for (const int num_threads : {1, 2, 4}) {
    Recorded recorded(test::read_npy(alphas));
    std::vector<std::unique_ptr<Bidder>> owned;
    std::vector<Bidder*> bidders;
    std::vector<int> seat_bidder;
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const auto name = agents[static_cast<size_t>(seat)].get<std::string>();
      bidders::BidderConfig bidder;
      if (name.starts_with("OnlineLp")) {
        bidder = bidders::OnlineLpOptions{.table = table};
      } else if (name.starts_with("Abid")) {
        bidder = bidders::AbidOptions();
      } else if (!name.starts_with("Pid")) {
        bidders.push_back(&recorded);
        seat_bidder.push_back(seat);
        continue;
      }
      owned.push_back(bidders::make_bidder(bidder, {BiddingRules::kOfficial, assets}));
      bidders.push_back(owned.back().get());
      seat_bidder.push_back(seat);
    }
    EXPECT_EQ(owned.size(), 6U + 12U + 3U);
    Threads threads(num_threads);
    const auto market = market::make_market(config, threads);
    const std::vector<market::Cell> cells = {make_cell(population, 0, market::MarketConfig())};
    PeriodTables tables{market::MarketShape()};
    tables.start(std::span(&population, 1), cells);
    ASSERT_TRUE(market::play(*market, cells, bidders, seat_bidder, tables));
    if (num_threads == 1) {
      first = tables.ticks_rows();
      std::istringstream text(PeriodTables::ticks_header() + first);
      test::expect_golden_ticks(test::parse_table(text), test::read_table(golden));
    }
    EXPECT_TRUE(tables.ticks_rows() == first) << num_threads;
  }
}

}  // namespace
}  // namespace genbid::play
